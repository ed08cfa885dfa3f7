package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

const benchHelp = `Measure how many events a second a store takes, and how long each commit waits until it is durable.

Writers append commits as fast as they are answered, and readers, if any, read streams meanwhile. Without --store the store
is a temporary one in --dir, which is removed. With --store the events stay in that store: they are of the type
BenchWrote, in streams that begin with "bench-".

In the same run, in turns with the store, a loop that knows no events shows what the disk can do: as many writers hand the
same bytes to one goroutine, which gathers what is there, adds length and checksum to each, writes it to files of 32 MiB, and
syncs, while a second goroutine fills these files with zeros and syncs them, 4 MiB at a time, a little ahead. That is the
limit, zeroahead; the ratio says how near the store comes. A run takes twice --seconds.`

// benchConfig are the members of "config" in the document: the flags.
type benchConfig struct {
	Writers    int     `json:"writers"`
	Batch      int     `json:"batch"`
	EventBytes int     `json:"eventBytes"`
	Streams    int     `json:"streams"`
	Readers    int     `json:"readers"`
	Seconds    float64 `json:"seconds"`
	Sync       string  `json:"sync"`
	Guard      string  `json:"guard"`
}

// What --sync and --guard take.
const (
	syncAlways = "always"
	syncNever  = "never"

	guardNone   = "none"
	guardStream = "stream"
	guardDCB    = "dcb"
)

func newBenchCommand(e *env) *cobra.Command {
	var c benchConfig
	var dir string
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure how fast a store is, beside what the disk allows",
		Long:    benchHelp,
		Example: "  gesta bench\n  gesta bench --writers 1 --seconds 5\n  gesta bench --batch 100 --guard dcb --readers 4 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.check(); err != nil {
				return err
			}
			return e.bench(cmd.Context(), &c, dir)
		},
	}
	f := cmd.Flags()
	f.IntVar(&c.Writers, "writers", 64, "how many goroutines append")
	f.IntVar(&c.Batch, "batch", 1, "events in a commit")
	f.IntVar(&c.EventBytes, "event-bytes", 256, "bytes of data in an event")
	f.IntVar(&c.Streams, "streams", 1000, "how many streams the events go to")
	f.IntVar(&c.Readers, "readers", 0, "how many goroutines read streams meanwhile")
	f.Float64Var(&c.Seconds, "seconds", 10, "how long to append, and as long again to measure the limit")
	f.StringVar(&c.Sync, "sync", syncAlways, "when to sync: always, before a commit is answered, or never")
	f.StringVar(&c.Guard, "guard", guardStream, "the guard of each commit: none, stream (its version) or dcb (a query)")
	f.StringVar(&dir, "dir", "", "where the temporary store and the limit's files go (default the system's directory for temporary files)")
	return cmd
}

// The bounds of the flags: far beyond what one machine can use.
const (
	maxBenchWriters = 10_000
	maxBenchStreams = 10_000_000
	maxBenchSeconds = 24 * 60 * 60
)

// check refuses what no store could be measured with.
func (c *benchConfig) check() error {
	between := func(flag string, got, low, high int) error {
		if got < low || got > high {
			return usagef("--%s %d is not between %d and %d", flag, got, low, high)
		}
		return nil
	}
	err := errors.Join(
		between("writers", c.Writers, 1, maxBenchWriters),
		between("batch", c.Batch, 1, store.MaxCommitBytes/128),
		between("event-bytes", c.EventBytes, 0, store.MaxEventBytes-store.MaxEnvelopeBytes),
		between("streams", c.Streams, 1, maxBenchStreams),
		between("readers", c.Readers, 0, maxBenchWriters),
	)
	switch {
	case err != nil:
		return err
	case !(c.Seconds > 0 && c.Seconds <= maxBenchSeconds): // NaN is refused too
		return usagef("--seconds %g is not above 0 and up to %d", c.Seconds, maxBenchSeconds)
	case c.Batch*(c.EventBytes+256) > store.MaxCommitBytes:
		return usagef("%d events of %d bytes are more than a commit may have, %d bytes", c.Batch, c.EventBytes, store.MaxCommitBytes)
	case c.Sync != syncAlways && c.Sync != syncNever:
		return usagef("--sync is always or never, not %q", c.Sync)
	case c.Guard != guardNone && c.Guard != guardStream && c.Guard != guardDCB:
		return usagef("--guard is none, stream or dcb, not %q", c.Guard)
	}
	return nil
}

// bench opens the store, measures, and prints.
func (e *env) bench(ctx context.Context, c *benchConfig, dir string) (err error) {
	if dir != "" {
		dir = e.abs(dir)
	}
	temp, err := os.MkdirTemp(dir, "gesta-bench-")
	if err != nil {
		return pathFailed("make a directory for the measurement", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	s, err := e.benchStore(ctx, c, temp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if !e.jsonMode() {
		e.note("Measuring for %s in %s ...", time.Duration(2*c.Seconds*float64(time.Second)).Round(time.Millisecond), filepath.Dir(temp))
	}
	doc, err := measure(ctx, s, c, filepath.Join(temp, "limit"))
	if err != nil {
		return err
	}
	if !e.jsonMode() {
		_, err := e.stdout.Write([]byte(doc.text()))
		return err
	}
	basis, err := basisOf(ctx, s)
	if err != nil {
		return err
	}
	return e.printDocument(ctx, &basis, doc)
}

// benchStore opens the store of --store, or makes one. GESTA_STORE does not count: a measurement writes a lot.
func (e *env) benchStore(ctx context.Context, c *benchConfig, temp string) (store.Store, error) {
	o := open.Options{NoSync: c.Sync == syncNever, Clock: e.clock}
	if e.global.store != "" {
		o.MustExist = true
		return e.open(ctx, o)
	}
	s, err := open.Open(ctx, filepath.Join(temp, "store"), o)
	if err != nil {
		return nil, fmt.Errorf("make a store for the measurement: %w", err)
	}
	return s, nil
}
