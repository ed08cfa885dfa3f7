package main

import (
	"context"
	"time"

	"github.com/gestadb/gesta/internal/rawlimit"
)

// limit is the raw loop beside which a store is measured, with what it has done so far.
type limit struct {
	c       *benchConfig
	log     *rawlimit.Log
	events  int64
	elapsed time.Duration
}

// limitKind is the loop that is the limit.
const limitKind = rawlimit.ZeroAhead

// newLimit begins the loop in a directory of its own.
func newLimit(dir string, c *benchConfig) (*limit, error) {
	log, err := rawlimit.Open(dir, rawlimit.Options{Kind: limitKind, NoSync: c.Sync == syncNever})
	if err != nil {
		return nil, err
	}
	return &limit{c: c, log: log}, nil
}

// run measures for a while.
func (l *limit) run(ctx context.Context, d time.Duration) error {
	r, err := l.log.Run(ctx, rawlimit.Load{Writers: l.c.Writers, Batch: l.c.Batch, EventBytes: l.c.EventBytes, For: d})
	l.events += r.Events
	l.elapsed += r.Elapsed
	return err
}

func (l *limit) close() error { return l.log.Close() }
