package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// commitStat counts what of a commit is shown.
type commitStat struct {
	commit     store.Position
	recordedAt time.Time
	actor      string
	events     int
	streams    []streamStat
	places     map[string]int // of the streams
}

// streamStat counts the events of one stream, or of those that have none.
type streamStat struct {
	stream  string
	version uint64 // the highest that is shown
	types   []typeStat
}

type typeStat struct {
	name   string
	events int
}

func (c *commitStat) add(r *store.Recorded) {
	c.events++
	at, ok := c.places[r.Stream]
	if !ok {
		at = len(c.streams)
		c.places[r.Stream] = at
		c.streams = append(c.streams, streamStat{stream: r.Stream})
	}
	s := &c.streams[at]
	s.version = max(s.version, r.Version)
	of := slices.IndexFunc(s.types, func(t typeStat) bool { return t.name == r.Type })
	if of < 0 {
		of = len(s.types)
		s.types = append(s.types, typeStat{name: r.Type})
	}
	s.types[of].events++
}

// commitStats yields the commits of events, which come in order, either way: streams and types by name.
func commitStats(events iter.Seq2[store.Recorded, error]) iter.Seq2[*commitStat, error] {
	return func(yield func(*commitStat, error) bool) {
		var c *commitStat
		for r, err := range events {
			if err != nil {
				yield(nil, err)
				return
			}
			if c == nil || c.commit != r.Commit {
				if c != nil && !yield(c.sorted(), nil) {
					return
				}
				c = &commitStat{commit: r.Commit, recordedAt: r.RecordedAt, actor: history.Actor(&r), places: map[string]int{}}
			}
			c.add(&r)
		}
		if c != nil {
			yield(c.sorted(), nil)
		}
	}
}

func (c *commitStat) sorted() *commitStat {
	slices.SortFunc(c.streams, func(a, b streamStat) int { return strings.Compare(a.stream, b.stream) })
	for i := range c.streams {
		slices.SortFunc(c.streams[i].types, func(a, b typeStat) int { return strings.Compare(a.name, b.name) })
	}
	return c
}

// statMembers are the members of an item of log --stat.
var statMembers = []string{"commit", "recordedAt", "actor", "events", "streams"}

// logStat shows for each commit how many events of each type it has.
func (e *env) logStat(ctx context.Context, q *question, events iter.Seq2[store.Recorded, error]) error {
	if !e.jsonMode() {
		return e.logStatText(events)
	}
	items, err := e.newItems(&q.Basis, statMembers...)
	if err != nil {
		return err
	}
	var b []byte
	for c, err := range commitStats(events) {
		if err != nil {
			return errors.Join(err, items.flush())
		}
		b = c.append(b[:0])
		if err := items.add(ctx, b); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

func (c *commitStat) append(b []byte) []byte {
	b = strconv.AppendUint(append(b, `{"commit":`...), uint64(c.commit), 10)
	b = eventjson.AppendTime(append(b, `,"recordedAt":`...), c.recordedAt)
	if c.actor != "" {
		b = eventjson.AppendString(append(b, `,"actor":`...), c.actor)
	}
	b = fmt.Appendf(b, `,"events":%d,"streams":[`, c.events)
	for i := range c.streams {
		s := &c.streams[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		if s.stream != "" {
			b = eventjson.AppendString(append(b, `"stream":`...), s.stream)
			b = fmt.Appendf(b, `,"version":%d,`, s.version)
		}
		b = append(b, `"types":[`...)
		for j, t := range s.types {
			if j > 0 {
				b = append(b, ',')
			}
			b = eventjson.AppendString(append(b, `{"type":`...), t.name)
			b = fmt.Appendf(b, `,"events":%d}`, t.events)
		}
		b = append(b, ']', '}')
	}
	return append(b, ']', '}')
}

func (e *env) logStatText(events iter.Seq2[store.Recorded, error]) error {
	p := e.painter(e.stdoutTerminal)
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	for c, err := range commitStats(events) {
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		head := p.yellow(numbered(c.commit)) + "  " + p.dim(e.shortTime(c.recordedAt)) + "  " + plural(c.events, "event", "events")
		if c.actor != "" {
			head += "  " + visible(c.actor)
		}
		if _, err := w.WriteString(head + "\n"); err != nil {
			return err
		}
		t := &table{w: w, paint: map[int]func(string) string{1: p.cyan}}
		for i := range c.streams {
			if err := t.row("", c.streams[i].place(), c.streams[i].counts()); err != nil {
				return err
			}
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (s *streamStat) place() string {
	if s.stream == "" {
		return "(no stream)"
	}
	return fmt.Sprintf("%s@%d", visible(s.stream), s.version)
}

func (s *streamStat) counts() string {
	texts := make([]string, len(s.types))
	for i, t := range s.types {
		texts[i] = visible(t.name)
		if t.events > 1 {
			texts[i] += " " + thousands(t.events)
		}
	}
	return strings.Join(texts, ", ")
}
