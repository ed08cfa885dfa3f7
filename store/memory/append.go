package memory

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
)

// Append commits c: see [store.Store].
func (s *Store) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	if err := c.Validate(); err != nil {
		return store.Result{}, err
	}
	events := copied(c.Events)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.Result{}, store.ErrClosed
	}
	if first := s.keys[c.Key]; first != nil { // no commit has the empty key
		return s.repeat(first, c.Events)
	}
	if err := s.judge(c.Guards); err != nil {
		return store.Result{}, err
	}
	if err := s.judgeTracking(c.Tracking); err != nil {
		return store.Result{}, err
	}
	if len(events) == 0 && c.Tracking == nil {
		return store.Result{}, nil
	}
	return s.write(c.Key, c.Tracking, events)
}

// Start appends at once: its place is fixed, and its outcome known, when it returns.
func (s *Store) Start(ctx context.Context, c store.Commit) (wait func() (store.Result, error)) {
	r, err := s.Append(ctx, c)
	return func() (store.Result, error) {
		own := r
		own.Versions = slices.Clone(r.Versions)
		return own, err
	}
}

// copied returns events that share no memory with the caller's, each with a new salt and its time cut.
func copied(events []store.Event) []event {
	salts := make([]byte, len(events)*store.SaltBytes)
	_, _ = rand.Read(salts) // never fails
	out := make([]event, len(events))
	for i := range events {
		e := events[i]
		e.Tags, e.Data, e.Metadata = slices.Clone(e.Tags), bytes.Clone(e.Data), bytes.Clone(e.Metadata)
		e.EffectiveAt = store.Time(e.EffectiveAt)
		out[i] = event{Recorded: store.Recorded{Event: e}, salt: salts[i*store.SaltBytes:][:store.SaltBytes:store.SaltBytes]}
	}
	return out
}

// repeat answers a commit whose key the commit first has. The caller holds mu.
func (s *Store) repeat(first *commit, events []store.Event) (store.Result, error) {
	if !store.Repeats(events, recorded(s.of(first))) {
		return store.Result{}, &store.KeyReusedError{Key: first.key, First: first.first}
	}
	r := s.result(first)
	r.Duplicate = true
	return r, nil
}

// write gives a commit that was judged its positions, versions and time, and keeps it. The caller holds mu.
func (s *Store) write(key string, tracking *store.Tracking, events []event) (store.Result, error) {
	if err := s.room(events); err != nil {
		return store.Result{}, err
	}
	c := &commit{key: key, recordedAt: s.now(), after: s.head}
	if tracking != nil {
		own := *tracking
		c.tracking = &own
	}
	versions := map[string]uint64{}
	for i := range events {
		r := &events[i].Recorded
		r.Position = s.head + store.Position(i) + 1
		if r.Stream != "" {
			if versions[r.Stream] == 0 {
				versions[r.Stream] = s.heads[r.Stream].Version
			}
			versions[r.Stream]++
			r.Version = versions[r.Stream]
		}
	}
	s.keep(c, events)
	return s.result(c), nil
}

// keep adds a commit whose events have positions and versions, and wakes followers. The caller holds mu.
func (s *Store) keep(c *commit, events []event) {
	s.last = c.recordedAt
	s.commits = append(s.commits, c)
	if c.tracking != nil {
		s.tracked[c.tracking.Source] = c.tracking.Position
	}
	if len(events) == 0 {
		return
	}
	c.first, c.last = events[0].Position, events[len(events)-1].Position
	if c.key != "" {
		s.keys[c.key] = c
	}
	for i := range events {
		r := &events[i].Recorded
		r.Commit, r.RecordedAt, r.Tracking = c.first, c.recordedAt, c.tracking
		if r.Stream != "" {
			s.heads[r.Stream] = store.StreamInfo{
				Stream: r.Stream, Version: r.Version, LastPosition: r.Position, LastRecordedAt: r.RecordedAt,
			}
		}
	}
	s.events = append(s.events, events...)
	s.head = c.last
	close(s.moved)
	s.moved = make(chan struct{})
}

// room returns a [*store.TooLargeError] when positions or versions would pass [store.MaxPosition]. The caller holds mu.
func (s *Store) room(events []event) error {
	count := map[string]uint64{}
	for i := range events {
		if stream := events[i].Stream; stream != "" {
			count[stream]++
		}
	}
	for stream, n := range count {
		if v := s.heads[stream].Version; v+n > uint64(store.MaxPosition) {
			return &store.TooLargeError{What: "stream", Unit: "versions", Got: int(v + n), Max: int(store.MaxPosition)}
		}
	}
	if end := s.head + store.Position(len(events)); end > store.MaxPosition {
		return &store.TooLargeError{What: "store", Unit: "positions", Got: int(end), Max: int(store.MaxPosition)}
	}
	return nil
}

// now is the time of the next commit: the clock's, but never before the last commit's. The caller holds mu.
func (s *Store) now() time.Time {
	if t := store.Time(s.clock()); t.After(s.last) {
		return t
	}
	return s.last
}

// result says what a commit wrote. The caller holds mu.
func (s *Store) result(c *commit) store.Result {
	r := store.Result{First: c.first, Last: c.last, RecordedAt: c.recordedAt}
	place := map[string]int{}
	for _, e := range s.of(c) {
		i, known := place[e.Stream]
		switch {
		case e.Stream == "":
		case known:
			r.Versions[i].Version = e.Version
		default:
			place[e.Stream] = len(r.Versions)
			r.Versions = append(r.Versions, store.StreamVersion{Stream: e.Stream, Version: e.Version})
		}
	}
	return r
}

// recorded returns events as they are shown.
func recorded(events []event) []store.Recorded {
	out := make([]store.Recorded, len(events))
	for i := range events {
		out[i] = events[i].Recorded
	}
	return out
}
