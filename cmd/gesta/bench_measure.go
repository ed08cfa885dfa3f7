package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gestadb/gesta/store"
)

// benchDocument is what gesta bench prints with --json.
type benchDocument struct {
	Config  benchConfig  `json:"config"`
	Machine benchMachine `json:"machine"`
	Append  benchAppend  `json:"append"`
	Read    benchRead    `json:"read"`
	Limit   benchLimit   `json:"limit"`
	Ratio   float64      `json:"ratio"` // of the events a second of the store to those of the limit
}

type benchAppend struct {
	Commits         int64        `json:"commits"`
	Events          int64        `json:"events"`
	Errors          int64        `json:"errors"` // commits that were refused: a guard failed
	Seconds         float64      `json:"seconds"`
	EventsPerSecond int64        `json:"eventsPerSecond"`
	LatencyUs       benchLatency `json:"latencyUs"` // of a commit
}

type benchRead struct {
	Reads           int64        `json:"reads"`
	Events          int64        `json:"events"`
	Errors          int64        `json:"errors"`
	Seconds         float64      `json:"seconds"`
	EventsPerSecond int64        `json:"eventsPerSecond"`
	LatencyUs       benchLatency `json:"latencyUs"` // of a read of up to readLimit events of a stream
}

type benchLimit struct {
	Name            string `json:"name"`
	EventsPerSecond int64  `json:"eventsPerSecond"`
}

// benchSlice is about how long the store and the limit are measured in turn, so that whatever else the machine does
// meanwhile falls on both.
const benchSlice = time.Second

// measure runs the load and the limit in slices: load, limit, limit, load, load, limit, and so on.
func measure(ctx context.Context, s store.Store, c *benchConfig, limitDir string) (_ *benchDocument, err error) {
	total := time.Duration(c.Seconds * float64(time.Second))
	slices := max(2, int(math.Round(float64(total)/float64(benchSlice))))
	slice := total / time.Duration(slices)
	ld, err := newLoad(ctx, s, c)
	if err != nil {
		return nil, err
	}
	limit, err := newLimit(limitDir, c)
	if err != nil {
		return nil, fmt.Errorf("measure the limit: %w", err)
	}
	defer func() { err = errors.Join(err, limit.close()) }()
	for i := range slices {
		turns := []func(context.Context, time.Duration) error{ld.run, limit.run}
		if i%2 == 1 {
			turns[0], turns[1] = turns[1], turns[0]
		}
		for _, turn := range turns {
			if err := turn(ctx, slice); err != nil {
				return nil, err
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	d := &benchDocument{Config: *c, Machine: thisMachine(), Append: ld.appended(), Read: ld.readDone()}
	d.Limit = benchLimit{Name: limitKind.String(), EventsPerSecond: perSecond(limit.events, limit.elapsed)}
	if d.Limit.EventsPerSecond > 0 {
		d.Ratio = math.Round(100*float64(d.Append.EventsPerSecond)/float64(d.Limit.EventsPerSecond)) / 100
	}
	return d, nil
}

func perSecond(n int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(math.Round(float64(n) / d.Seconds()))
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }
