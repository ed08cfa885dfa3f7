package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/gestadb/gesta/bench/internal/bare"
	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
)

// What is measured beside servers.
var (
	emptyServer = report.LimitName("empty")
	syncServer  = report.LimitName("sync")
	tunedServer = report.LimitName("sync, tuned")
	emptyHTTP   = report.LimitName("empty net/http")
)

// serverWorkloads are those of gesta serve. All servers, and the program that makes the requests, are processes of their own on this machine.
func serverWorkloads() []workload {
	return []workload{serverAppends(), serverReads(), serverHTTP(), serverFollowers(), serverMemory()}
}

// asServers says how the rows of servers are measured, for the report.
const asServers = "Server and load are processes of their own on this machine, and share its cores: one slow client makes all servers look alike, and the processor time of each tells more. " +
	"The load is grpc-go's client with messages that it does not look into; a connection a worker."

// lot is a row of requests by UmaDB's protocol.
type lot struct {
	id          string
	work        load.Work
	connections int
	flight      int
	beside      string  // the limit
	target      float64 // of the ratio to it
	rival       float64 // of the ratio to UmaDB; 0 for no such row
	title       string
}

func (o *lot) cpu() string   { return o.id + "-cpu" }
func (o *lot) umadb() string { return o.id + "-umadb" }

// specs are the rows of a lot.
func (o *lot) specs() []report.Spec {
	what := string(o.work)
	if o.work == load.Read {
		what = "read of 10 events"
	}
	specs := []report.Spec{
		{ID: o.id, Title: o.title, Unit: report.PerSecond, Limit: o.beside, Target: report.Ratio(o.target)},
		{ID: o.cpu(), Title: "microseconds of the server's processor time for such an " + what, Unit: report.Micros, Lower: true, Limit: o.beside},
	}
	if o.work == load.Read {
		specs[1].Title = "microseconds of the server's processor time for such a read"
	}
	if o.rival > 0 {
		specs = append(specs, report.Spec{ID: o.umadb(), Title: "the same beside UmaDB", Unit: report.PerSecond, Limit: umaDB, Target: report.Ratio(o.rival)})
	}
	return specs
}

// appendLots are the rows of appends.
func appendLots() []lot {
	var lots []lot
	for _, n := range []int{1, 16, 64, 256} {
		lots = append(lots, lot{
			id: fmt.Sprintf("server-append-%d", n), work: load.Append, connections: n, beside: syncServer, target: 0.9,
			title: fmt.Sprintf("appends a second of one event under a condition, UmaDB's protocol, %d connections", n),
		})
	}
	return append(lots, lot{
		id: "server-append-4x250", work: load.Append, connections: 4, flight: 250, beside: syncServer, target: 0.9,
		title: "appends a second of one event under a condition, UmaDB's protocol, 250 in flight on each of 4 connections",
	})
}

// readLots are the rows of reads.
func readLots() []lot {
	var lots []lot
	for _, n := range []int{1, 16, 64} {
		o := lot{
			id: fmt.Sprintf("server-read-%d", n), work: load.Read, connections: n, beside: emptyServer, target: 0.75,
			title: fmt.Sprintf("reads a second of 10 events by their tag, UmaDB's protocol, %d connections", n),
		}
		if n > 1 {
			o.rival = 1.9
		}
		lots = append(lots, o)
	}
	return lots
}

func specsOf(lots []lot) (specs []report.Spec) {
	for i := range lots {
		specs = append(specs, lots[i].specs()...)
	}
	return specs
}

func serverAppends() workload {
	lots := appendLots()
	return workload{name: "server-append", specs: specsOf(lots), probe: probe.Disk, share: 6, run: func(l *lab) error { return l.lots(lots, true, 0) }}
}

func serverReads() workload {
	lots := readLots()
	return workload{name: "server-read", specs: specsOf(lots), probe: probe.Memory, share: 4, run: func(l *lab) error { return l.lots(lots, false, l.scale.served) }}
}

// lots measures rows of UmaDB's protocol: in each round each row, and in each row one server after the other.
func (l *lab) lots(lots []lot, synced bool, fill int) error {
	for i := range lots {
		l.book.Note(lots[i].id, "%s", asServers)
	}
	return l.withLoad(func(g *generator) error {
		return l.fresh(func(dir string) (err error) {
			servers, err := l.servers(dir, synced)
			defer func() { err = errors.Join(err, stopAll(servers)) }()
			if err != nil {
				return err
			}
			if err := g.fillAll(servers, fill); err != nil {
				return err
			}
			return l.rounds(func(r *report.Round, i int) error {
				for k := range lots {
					o := &lots[k]
					var turns []turn
					for _, s := range servers {
						turns = append(turns, turn{s.name, func() error { return g.lot(r, o, s) }})
					}
					if err := l.inTurns(i+k, turns); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// servers starts those that are compared. What is returned with an error is to be stopped too.
func (l *lab) servers(dir string, synced bool) (all []*served, err error) {
	starts := []func(dir string) (*served, error){
		l.serveGesta,
		func(dir string) (*served, error) { return l.serveBare(emptyServer, bare.Empty, dir, 0) },
	}
	if synced {
		starts = append(starts,
			func(dir string) (*served, error) { return l.serveBare(syncServer, bare.Sync, dir, 0) },
			func(dir string) (*served, error) { return l.serveBare(tunedServer, bare.Tuned, dir, 0) })
	}
	for _, start := range starts {
		s, err := l.in(dir, start)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	if l.umadb == "" {
		return all, nil
	}
	s, err := l.in(dir, l.serveUmaDB)
	if err != nil {
		l.book.Line("**%s** is left out: %v", umaDB, err)
		return all, nil
	}
	return append(all, s), nil
}

// stopAll stops servers.
func stopAll(all []*served) (err error) {
	for _, s := range all {
		err = errors.Join(err, s.stop())
	}
	return err
}

// in starts a server in a directory of its own below another.
func (l *lab) in(dir string, start func(dir string) (*served, error)) (*served, error) {
	own, err := os.MkdirTemp(dir, "server-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to serve from: %w", err)
	}
	return start(own)
}

// generator is the process that makes the requests.
type generator struct {
	l       *lab
	orders  *json.Encoder
	answers *json.Decoder
	seed    uint64 // of the last order
}

// withLoad starts the process for as long as f takes.
func (l *lab) withLoad(f func(g *generator) error) (err error) {
	cmd, err := l.command(l.ctx, "-work=requests")
	if err != nil {
		return err
	}
	cmd.Env = append(os.Environ(), "GOGC=400") // its garbage is no server's
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the load: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the load: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the load: %w", err)
	}
	defer func() {
		err = errors.Join(err, in.Close())
		if waited := cmd.Wait(); waited != nil {
			err = errors.Join(err, fmt.Errorf("the load: %w: %s", waited, cmd.Stderr))
		}
	}()
	return f(&generator{l: l, orders: json.NewEncoder(in), answers: json.NewDecoder(out)})
}

// do has an order carried out at a server.
func (g *generator) do(s *served, o load.Order) (a load.Answer, err error) {
	g.seed++
	o.Target, o.Pid, o.Seed = s.address, s.pid, g.seed
	if err := g.orders.Encode(o); err != nil {
		return a, fmt.Errorf("order %s: %w", o.Work, err)
	}
	if err := g.answers.Decode(&a); errors.Is(err, io.EOF) {
		return a, fmt.Errorf("order %s: the load ended", o.Work)
	} else if err != nil {
		return a, fmt.Errorf("order %s: %w", o.Work, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// timed is an order that is measured for as long as the scale says.
func (g *generator) timed(s *served, o load.Order) (load.Answer, error) {
	o.For, o.Warm = g.l.scale.requests, g.l.scale.requests/4
	return g.do(s, o)
}

// fillAll appends the events that are read to the servers that keep some.
func (g *generator) fillAll(servers []*served, events int) error {
	for _, s := range servers {
		if events == 0 || !slices.Contains([]string{report.Gesta, umaDB}, s.name) {
			continue
		}
		if _, err := g.do(s, load.Order{Work: load.Fill, Events: events}); err != nil {
			return err
		}
	}
	return nil
}

// lot measures a row at a server.
func (g *generator) lot(r *report.Round, o *lot, s *served) error {
	a, err := g.timed(s, load.Order{Work: o.work, Connections: o.connections, Flight: o.flight, Events: g.l.scale.served})
	if err != nil {
		return err
	}
	r.Put(o.id, s.name, a.PerSecond())
	if o.rival > 0 && (s.name == report.Gesta || s.name == umaDB) {
		r.Put(o.umadb(), s.name, a.PerSecond())
	}
	if a.Server > 0 {
		r.Put(o.cpu(), s.name, float64(a.PerRequest().Nanoseconds())/1e3)
	}
	g.l.book.Note(o.id, "Round %d, %s: half of the answers within %.1f ms, 99 %% within %.1f.", r.Number(), s.name, millis(a.P50), millis(a.P99))
	return nil
}
