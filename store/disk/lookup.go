package disk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// lookUp finds out, for a request that is about to be queued, what the index files say, and what the tables say of
// conditions up to the visible head. It decides nothing. What a truncation takes away meanwhile is looked up again. The caller must
// be a user of the store.
func (s *Store) lookUp(r *request) error {
	const tries = 8
	for n := 1; ; n++ {
		err := s.lookUpOnce(r)
		if err == nil || n == tries || !errors.Is(err, store.ErrTruncated) && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		s.forgetFacts(r)
	}
}

func (s *Store) lookUpOnce(r *request) error {
	head := s.tip.position()
	v := s.views.acquire()
	if files := v.files.Files(); len(files) > 0 { // the committer looks above head in tables alone
		_, last := files[len(files)-1].Range()
		head = max(head, last)
	}
	r.facts = facts{view: v, head: head, matched: r.facts.matched}
	if err := s.lookUpKey(r, v); err != nil {
		return err
	}
	if err := s.lookUpStreams(r.streams, v); err != nil {
		return err
	}
	if r.tracking != nil {
		last, err := s.trackedInFiles(v, r.tracking.Source)
		if err != nil {
			return fmt.Errorf("look up tracking of %q: %w", r.tracking.Source, err)
		}
		r.facts.tracked = last
	}
	return s.lookUpConditions(r, v)
}

// lookUpStreams finds the versions of streams, 0 for one that there is not: in the tables of the view, and of those that no table has in its files.
func (s *Store) lookUpStreams(streams []index.Wanted, v *view) error {
	if len(streams) == 0 {
		return nil
	}
	for i := range streams {
		streams[i].Version, streams[i].Found = 0, false
	}
	for _, t := range slices.Backward(v.tables) {
		t.Versions(streams)
	}
	return s.versionsInFiles(v, streams)
}

func (s *Store) lookUpKey(r *request, v *view) error {
	if r.key == "" {
		return nil
	}
	first, err := s.keyInFiles(v, r.key)
	if err != nil {
		return fmt.Errorf("look up key %q: %w", r.key, err)
	}
	r.facts.keyFirst = first
	return nil
}

func (s *Store) lookUpConditions(r *request, v *view) error {
	r.facts.matched = append(r.facts.matched[:0], make([]store.Position, len(r.guards))...)
	for i, g := range r.guards {
		g, ok := g.(*store.NoneMatch)
		if !ok || g.After >= r.facts.head {
			continue
		}
		after := max(g.After, s.first()-1)
		p, err := s.anyMatch(r.ctx, v, g.Query, after, r.facts.head)
		if err != nil {
			return fmt.Errorf("look up guard %d: %w", i+1, err)
		}
		r.facts.matched[i] = p
	}
	return nil
}

// forgetFacts gives back what lookUp took.
func (s *Store) forgetFacts(r *request) {
	if r.facts.view != nil {
		s.views.release(r.facts.view)
		r.facts.view = nil
	}
}

// versionInFiles returns the version of a stream as the index files of a view know it, 0 for none. The last event that is
// really of the stream carries it; what a file holds under the same hash is compared by name.
func (s *Store) versionInFiles(v *view, name string) (uint64, error) {
	q := store.Query{{Stream: name}}
	r, err := s.lastIn(v.files.View, q, func(r *store.Recorded) bool { return r.Stream == name })
	switch {
	case err != nil:
		return 0, err
	case r != nil:
		return r.Version, nil
	}
	return s.versionInHeads(name)
}

// versionInHeads returns the version that a stream has without an event, 0 for none.
func (s *Store) versionInHeads(name string) (uint64, error) {
	if h := s.heads.Load(); h != nil {
		info, _, err := h.Stream(name)
		return info.Version, err
	}
	return 0, nil
}

// lastIn returns the last event of a source that matches, nil for none. Only its envelope is filled in.
func (s *Store) lastIn(src index.Source, q store.Query, match func(*store.Recorded) bool) (*store.Recorded, error) {
	first := s.first()
	until := store.MaxPosition
	var buf [1]store.Position // that it is of another name with the same hash happens almost never
	for {
		got, done, err := src.Candidates(buf[:0], q, first-1, until, true, len(buf))
		if err != nil {
			return nil, err
		}
		for _, p := range got {
			r, err := s.envelopeAt(src, p)
			if err != nil {
				return nil, err
			}
			if match(r) {
				return r, nil
			}
			until = p - 1
		}
		if done || len(got) == 0 {
			return nil, nil
		}
	}
}

// keyInFiles returns the first position of the commit that has a key, as the index files know it, 0 for none.
func (s *Store) keyInFiles(v *view, key string) (store.Position, error) {
	first := s.first()
	got, err := v.files.KeyCandidates(nil, key)
	if err != nil {
		return 0, err
	}
	for _, p := range slices.Backward(got) {
		if p < first {
			break
		}
		found, err := s.keyAt(v.files.View, p)
		if err != nil {
			return 0, err
		}
		if found == key {
			return p, nil
		}
	}
	return 0, nil
}

// trackedInFiles returns the last tracking of a source as files and heads know it, 0 for none.
func (s *Store) trackedInFiles(v *view, source string) (uint64, error) {
	if last, ok, err := v.files.Tracked(source, ^index.Place(0)); err != nil || ok {
		return last, err
	}
	if h := s.heads.Load(); h != nil {
		return h.Trackings()[source], nil
	}
	return 0, nil
}

// anyMatch returns the position of an event in (after, until] that matches q, 0 for none.
func (s *Store) anyMatch(ctx context.Context, v *view, q store.Query, after, until store.Position) (store.Position, error) {
	for _, t := range slices.Backward(v.tables) {
		if p, ok := t.AnyMatch(q, after, until); ok {
			return p, nil
		}
	}
	if _, last := v.files.Range(); last <= after {
		return 0, nil
	}
	return s.matchInFiles(ctx, v, q, after, until)
}

func (s *Store) matchInFiles(ctx context.Context, v *view, q store.Query, after, until store.Position) (store.Position, error) {
	f := v.files.View
	var buf [16]store.Position
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		got, done, err := f.Candidates(buf[:0], q, after, until, true, len(buf))
		if err != nil {
			return 0, err
		}
		for _, p := range got {
			r, err := s.envelopeAt(f, p)
			if err != nil {
				return 0, err
			}
			if q.Matches(&r.Event) {
				return p, nil
			}
			until = p - 1
		}
		if done || len(got) == 0 {
			return 0, nil
		}
	}
}
