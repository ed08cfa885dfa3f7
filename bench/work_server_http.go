package main

import (
	"errors"
	"fmt"

	"github.com/gestadb/gesta/bench/internal/bare"
	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
)

// httpConnections is how many clients append at once.
const httpConnections = 64

// httpForm is a form of appends.
type httpForm struct {
	id   string
	work load.Work
}

// serverHTTP measures the native protocol.
func serverHTTP() workload {
	const frames, lines = "server-scan-frames", "server-scan-ndjson"
	forms := []httpForm{{"server-http-64", load.Client}, {"server-http-json-64", load.JSON}}
	specs := []report.Spec{
		{ID: forms[0].id, Title: "appends a second of one event under a condition by one Go client, 64 at once", Unit: report.PerSecond, Limit: emptyHTTP, Target: report.Ratio(0.8)},
		{ID: forms[1].id, Title: "the same as plain JSON by net/http, a request each on 64 connections", Unit: report.PerSecond, Limit: emptyHTTP},
		{ID: frames, Title: "events a second, all of a store read by one Go client, in frames", Unit: report.PerSecond, Target: report.Value(1e6)},
		{ID: lines, Title: "events a second, all of a store read as lines of JSON", Unit: report.PerSecond, Target: report.Value(300_000)},
	}
	for _, f := range forms {
		specs = append(specs, report.Spec{
			ID: f.id + "-cpu", Title: "microseconds of the server's processor time for such an append", Unit: report.Micros, Lower: true, Limit: emptyHTTP,
		})
	}
	return workload{name: "server-http", specs: specs, probe: probe.Disk, share: 3, run: func(l *lab) error {
		l.book.Note(forms[0].id, "The limit is a server of net/http that reads as many bytes and answers as many; its load is net/http's client with a request each on 64 connections, which does not encode or decode anything. "+
			"gesta's client has appends that are made at once share a connection; the next row has a request each.")
		l.book.Note(lines, "The load looks for the ends of lines alone. Each read is whole, %d events.", l.scale.longServed)
		l.book.Note(frames, "One word of each cache line of the data is looked at. Each read is whole, %d events.", l.scale.longServed)
		return l.withLoad(func(g *generator) error {
			return l.fresh(func(dir string) error { return g.http(dir, forms, frames, lines) })
		})
	}}
}

// http measures the rows of serverHTTP.
func (g *generator) http(dir string, forms []httpForm, frames, lines string) (err error) {
	l := g.l
	var running []*served
	defer func() { err = errors.Join(err, stopAll(running)) }()
	start := func(how func(dir string) (*served, error)) (*served, error) {
		s, err := l.in(dir, how)
		if err == nil {
			running = append(running, s)
		}
		return s, err
	}
	appended, err := start(l.serveGesta)
	if err != nil {
		return err
	}
	read, err := start(l.serveGesta)
	if err != nil {
		return err
	}
	if _, err := g.do(read, load.Order{Work: load.Fill, Events: l.scale.longServed}); err != nil {
		return err
	}
	sizes, err := g.do(appended, load.Order{Work: load.Sizes})
	if err != nil {
		return err
	}
	var empty []*served
	for i, f := range forms {
		l.book.Note(f.id, "A request has a body of %d bytes, its answer one of %d.", sizes.Lengths[i][0], sizes.Lengths[i][1])
		s, err := start(func(dir string) (*served, error) { return l.serveBare(emptyHTTP, bare.HTTP, dir, sizes.Lengths[i][1]) })
		if err != nil {
			return err
		}
		empty = append(empty, s)
	}
	return l.rounds(func(r *report.Round, i int) error {
		for k, f := range forms {
			if err := l.inTurns(i+k, []turn{
				{report.Gesta, func() error { return g.httpAppends(r, f.id, appended, load.Order{Work: f.work}) }},
				{emptyHTTP, func() error {
					return g.httpAppends(r, f.id, empty[k], load.Order{Work: load.Post, Body: sizes.Lengths[k][0], Answer: sizes.Lengths[k][1]})
				}},
			}); err != nil {
				return err
			}
		}
		return l.inTurns(i, []turn{
			{report.Gesta, func() error { return g.scan(r, frames, load.Frames, read) }},
			{report.Gesta, func() error { return g.scan(r, lines, load.Lines, read) }},
		})
	})
}

func (g *generator) httpAppends(r *report.Round, id string, s *served, o load.Order) error {
	o.Connections = httpConnections
	a, err := g.timed(s, o)
	if err != nil {
		return err
	}
	r.Put(id, s.name, a.PerSecond())
	if a.Server > 0 {
		r.Put(id+"-cpu", s.name, float64(a.PerRequest().Nanoseconds())/1e3)
	}
	g.l.book.Note(id, "Round %d, %s: half of the answers within %.1f ms, 99 %% within %.1f.", r.Number(), s.name, millis(a.P50), millis(a.P99))
	return nil
}

// scan reads a store whole.
func (g *generator) scan(r *report.Round, id string, work load.Work, s *served) error {
	a, err := g.timed(s, load.Order{Work: work, Events: g.l.scale.longServed})
	if err != nil {
		return err
	}
	if a.Done == 0 {
		return fmt.Errorf("%s: nothing was read", id)
	}
	r.Put(id, report.Gesta, a.PerSecond())
	g.l.book.Note(id, "Round %d: %d ns of the server's processor time an event.", r.Number(), a.PerRequest().Nanoseconds())
	return nil
}
