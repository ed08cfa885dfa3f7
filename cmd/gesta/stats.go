package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
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

// statsDocument is the document of stats.
type statsDocument struct {
	Events           uint64     `json:"events"`
	Streams          uint64     `json:"streams"`
	Types            uint64     `json:"types"`
	Tags             uint64     `json:"tags"`
	Commits          uint64     `json:"commits"`
	SystemEvents     uint64     `json:"systemEvents"`
	Late             uint64     `json:"late"`
	Bytes            statsBytes `json:"bytes"`
	Segments         int        `json:"segments"`
	ClockBehindUs    int64      `json:"clockBehindUs"`
	FirstRecordedAt  string     `json:"firstRecordedAt,omitempty"`
	LastRecordedAt   string     `json:"lastRecordedAt,omitempty"`
	FirstEffectiveAt string     `json:"firstEffectiveAt,omitempty"`
	LastEffectiveAt  string     `json:"lastEffectiveAt,omitempty"`
}

type statsBytes struct {
	Log   int64 `json:"log"`
	Index int64 `json:"index"`
}

func (e *env) stats(ctx context.Context, f *readingFlags) (err error) {
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.store.Close()) }()
	var counted history.Stats
	if q.until > 0 {
		if counted, err = history.CountStats(ctx, q.store, q.until, e.beginsAt()); err != nil {
			return err
		}
	}
	var medium store.Stats
	if m, ok := store.As[store.Measurer](q.store); ok {
		if medium, err = m.Stats(ctx); err != nil {
			return fmt.Errorf("measure store: %w", err)
		}
	}
	if e.jsonMode() {
		return e.printDocument(ctx, &q.basis, newStatsDocument(&counted, &medium))
	}
	return e.statsText(&counted, &medium)
}

func newStatsDocument(c *history.Stats, m *store.Stats) statsDocument {
	text := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return eventjson.FormatTime(t)
	}
	return statsDocument{
		Events: c.Events, Streams: c.Streams, Types: c.Types, Tags: c.Tags, Commits: c.Commits,
		SystemEvents: c.SystemEvents, Late: c.Late,
		Bytes: statsBytes{Log: m.LogBytes, Index: m.IndexBytes}, Segments: m.Segments,
		ClockBehindUs:   m.ClockBehind.Microseconds(),
		FirstRecordedAt: text(c.FirstRecordedAt), LastRecordedAt: text(c.LastRecordedAt),
		FirstEffectiveAt: text(c.FirstEffectiveAt), LastEffectiveAt: text(c.LastEffectiveAt),
	}
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
