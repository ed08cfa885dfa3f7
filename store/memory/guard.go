package memory

import "github.com/gestadb/gesta/store"

// judge returns a [*store.ConflictError] with every guard that does not hold, or a [*store.TruncatedError] when one
// cannot be judged. The caller holds mu.
func (s *Store) judge(guards []store.Guard) error {
	var failed []store.GuardFailure
	for _, g := range guards {
		var f *store.GuardFailure
		switch g := g.(type) {
		case store.StreamAt:
			f = s.judgeStreamAt(g)
		case store.StreamExists:
			if s.heads[g.Stream].Version == 0 {
				f = &store.GuardFailure{Complete: true}
			}
		case store.NoneMatch:
			if g.After < s.dropped {
				return &store.TruncatedError{First: s.first()}
			}
			f = s.judgeNoneMatch(g)
		}
		if f != nil {
			f.Guard = g
			failed = append(failed, *f)
		}
	}
	if failed != nil {
		return &store.ConflictError{Failed: failed}
	}
	return nil
}

// judgeStreamAt returns nil when g holds. The events that broke it are complete when as many are here as versions lie
// between what was asked for and what is: the first ones may have been truncated. The caller holds mu.
func (s *Store) judgeStreamAt(g store.StreamAt) *store.GuardFailure {
	actual := s.heads[g.Stream].Version
	if actual == g.Version {
		return nil
	}
	f := &store.GuardFailure{ActualVersion: actual}
	for i := range s.events {
		if e := &s.events[i]; e.Stream == g.Stream && e.Version > g.Version {
			f.Events = append(f.Events, e.Recorded)
			if len(f.Events) == store.MaxConflictEvents {
				break
			}
		}
	}
	f.Complete = actual < g.Version || uint64(len(f.Events)) == actual-g.Version
	return f
}

// judgeNoneMatch returns nil when g holds. The caller holds mu.
func (s *Store) judgeNoneMatch(g store.NoneMatch) *store.GuardFailure {
	var f *store.GuardFailure
	for i := s.above(g.After); i < len(s.events); i++ {
		e := &s.events[i]
		if !g.Query.Matches(&e.Event) {
			continue
		}
		if f == nil {
			f = &store.GuardFailure{Complete: true}
		}
		if len(f.Events) == store.MaxConflictEvents {
			f.Complete = false
			break
		}
		f.Events = append(f.Events, e.Recorded)
	}
	return f
}

// judgeTracking returns a [*store.TrackingError] unless t lies above the last position of its source. The caller holds
// mu.
func (s *Store) judgeTracking(t *store.Tracking) error {
	if t == nil {
		return nil
	}
	if last := s.tracked[t.Source]; t.Position <= last {
		return &store.TrackingError{Tracking: *t, Last: last}
	}
	return nil
}
