package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
)

// The rows of followers.
const (
	followerBytes = "server-follower-bytes"
	followerIdle  = "server-follower-idle"
	followerLive  = "server-follower-p99"
)

// deliveries is how many events are delivered to all followers in a round.
const deliveries = 20

// serverFollowers measures a thousand followers.
func serverFollowers() workload {
	specs := []report.Spec{
		{ID: followerBytes, Title: "bytes of the server's memory for each of a thousand idle followers", Unit: report.Bytes, Lower: true, Target: report.Value(64 << 10)},
		{ID: followerIdle, Title: "share of one core that a thousand idle followers take of the server", Unit: report.Times, Lower: true, Target: report.Value(0.05)},
		{ID: followerLive, Title: "milliseconds from the sending of an append to its delivery to a thousand live followers, p99", Unit: report.Millis, Lower: true, Target: report.Value(50)},
	}
	return workload{name: "server-follow", specs: specs, probe: probe.Memory, share: 2, run: func(l *lab) error {
		l.book.Note(followerBytes, "The difference of RssAnon of the server before %d connections follow everything by server-sent events, and once all were answered.", l.scale.followers)
		l.book.Note(followerIdle, "Watched for %v, in which each gets its heartbeats; measured once.", l.scale.idleTime)
		l.book.Note(followerLive, "%d appends a round, each once the one before has reached everyone. Reading what a thousand connections get is part of it, on the same cores.", deliveries)
		return l.withLoad(func(g *generator) error {
			share := -1.0
			return l.rounds(func(r *report.Round, _ int) error {
				return l.fresh(func(dir string) (err error) {
					s, err := l.serveGesta(dir)
					if err != nil {
						return err
					}
					defer func() { err = errors.Join(err, s.stop()) }()
					return g.followers(r, s, &share)
				})
			})
		})
	}}
}

// followers measures a new server. share is that of the idle ones, below 0 as long as it was not measured.
func (g *generator) followers(r *report.Round, s *served, share *float64) error {
	l := g.l
	// What the first requests and connections make a server keep is not a follower's.
	if _, err := g.timed(s, load.Order{Work: load.Append, Connections: 16}); err != nil {
		return err
	}
	after := 1 << 40 // above all events
	before, err := anonOf(s)
	if err != nil {
		l.book.Line("Rows %s and %s are left out: %v", followerBytes, followerIdle, err)
	}
	if _, err := g.do(s, load.Order{Work: load.Follow, Connections: l.scale.followers, Events: after}); err != nil {
		return err
	}
	if err == nil {
		if err := g.idle(r, s, before, share); err != nil {
			return err
		}
	}
	if _, err := g.do(s, load.Order{Work: load.Leave}); err != nil {
		return err
	}
	if _, err := g.do(s, load.Order{Work: load.Follow, Connections: l.scale.followers}); err != nil {
		return err
	}
	a, err := g.do(s, load.Order{Work: load.Deliver, Events: deliveries})
	if err != nil {
		return err
	}
	r.Put(followerLive, report.Gesta, millis(a.P99))
	l.book.Note(followerLive, "Round %d: half within %.1f ms; %.1f µs of the server's processor time a delivery.", r.Number(), millis(a.P50), float64(a.PerRequest().Nanoseconds())/1e3)
	_, err = g.do(s, load.Order{Work: load.Leave})
	return err
}

// idle watches followers that have nothing to follow.
func (g *generator) idle(r *report.Round, s *served, before int64, share *float64) error {
	with, err := anonOf(s)
	if err != nil {
		return err
	}
	r.Put(followerBytes, report.Gesta, float64(with-before)/float64(g.l.scale.followers))
	if *share < 0 {
		begin, err := machine.ProcessorOf(s.pid)
		if err != nil {
			return err
		}
		timer := time.NewTimer(g.l.scale.idleTime)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-g.l.ctx.Done():
			return g.l.ctx.Err()
		}
		end, err := machine.ProcessorOf(s.pid)
		if err != nil {
			return err
		}
		*share = (end - begin).Seconds() / g.l.scale.idleTime.Seconds()
		later, err := anonOf(s)
		if err != nil {
			return err
		}
		g.l.book.Note(followerBytes, "After %v of idling it is %.0f.", g.l.scale.idleTime, float64(later-before)/float64(g.l.scale.followers))
	}
	r.Put(followerIdle, report.Gesta, *share)
	return nil
}

// anonOf returns the memory of a server.
func anonOf(s *served) (int64, error) {
	if runtime.GOOS != "linux" {
		return 0, errors.New("linux alone tells the memory and the processor time of another process")
	}
	n, err := machine.AnonOf(s.pid)
	if err != nil {
		return 0, fmt.Errorf("read the memory of %s: %w", s.name, err)
	}
	return n, nil
}
