package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
)

const statsHelp = `Count what the store holds: events, streams, types, tags and commits, the first and the last times, and the room it takes.
It reads every event once.

late counts events that took effect before an earlier event of their stream did: corrections, and news that came late. What is in
streams of gesta's own counts as systemEvents alone.`

func newStatsCommand(e *env) *cobra.Command {
	var f readingFlags
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Count what the store holds",
		Long:    statsHelp,
		Example: "  gesta stats\n  gesta stats --json=events,streams",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.stats(cmd.Context(), &f) },
	}
	f.addKnown(cmd)
	return cmd
}

func (e *env) stats(ctx context.Context, f *readingFlags) (err error) {
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	counted, medium, err := q.Stats(ctx, e.beginsAt())
	if err != nil {
		return err
	}
	if e.jsonMode() {
		return e.printDocument(ctx, &q.Basis, answers.NewStats(&counted, &medium))
	}
	return e.statsText(&counted, &medium)
}

func (e *env) statsText(c *history.Stats, m *store.Stats) error {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-10s %s\n", name, value) }
	count := func(name string, n uint64) { line(name, thousands(int(n))) }
	count("events", c.Events)
	count("streams", c.Streams)
	count("types", c.Types)
	count("tags", c.Tags)
	count("commits", c.Commits)
	if c.SystemEvents > 0 {
		count("system", c.SystemEvents)
	}
	count("late", c.Late)
	if c.Events > 0 {
		line("recorded", e.shortTime(c.FirstRecordedAt)+" to "+e.shortTime(c.LastRecordedAt))
		line("effective", e.shortTime(c.FirstEffectiveAt)+" to "+e.shortTime(c.LastEffectiveAt))
	}
	if m.Segments > 0 {
		line("log", byteSize(m.LogBytes)+" in "+plural(m.Segments, "segment", "segments"))
		line("index", byteSize(m.IndexBytes))
	}
	if m.ClockBehind > 0 {
		line("clock", m.ClockBehind.String()+" behind the last event: time stands still until it has caught up")
	}
	_, err := e.stdout.Write([]byte(b.String()))
	return err
}

// byteSize is a number of bytes for people.
func byteSize(n int64) string {
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/step, 0
	for size >= step && unit < 3 {
		size /= step
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", size, "KMGT"[unit])
}
