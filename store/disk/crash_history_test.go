package disk_test

import (
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
)

// history is what was asked of a store, in the order in which it was asked, with the positions, versions and times that the store
// must give it. Payloads stay in it when they are erased: [history.after] says what is left of them.
type history struct {
	commits []store.RecordedCommit

	head     store.Position
	time     time.Time
	versions map[string]uint64
	tracked  map[string]uint64
}

func newHistory() *history {
	return &history{versions: map[string]uint64{}, tracked: map[string]uint64{}}
}

// predict adds a commit that is accepted at a time of the clock, and returns the result that it must have.
func (h *history) predict(c *store.Commit, clock time.Time) store.Result {
	rc := store.RecordedCommit{Key: c.Key, Tracking: c.Tracking, RecordedAt: store.Time(clock), After: h.head}
	if rc.RecordedAt.Before(h.time) {
		rc.RecordedAt = h.time
	}
	if len(c.Events) > 0 {
		rc.After = 0
	}
	at := map[string]uint64{}
	for i, e := range c.Events {
		r := store.Recorded{
			Event: e, Position: h.head + 1 + store.Position(i), Commit: h.head + 1,
			RecordedAt: rc.RecordedAt, Tracking: c.Tracking,
		}
		if e.Stream != "" {
			if at[e.Stream] == 0 {
				at[e.Stream] = h.versions[e.Stream]
			}
			at[e.Stream]++
			r.Version = at[e.Stream]
		}
		rc.Events = append(rc.Events, r)
	}
	h.add(rc)
	return resultOf(&rc)
}

// add adds a commit that comes with positions, versions and time.
func (h *history) add(rc store.RecordedCommit) {
	h.commits = append(h.commits, rc)
	h.time = rc.RecordedAt
	for i := range rc.Events {
		e := &rc.Events[i]
		h.head = e.Position
		if e.Stream != "" {
			h.versions[e.Stream] = e.Version
		}
	}
	if rc.Tracking != nil {
		h.tracked[rc.Tracking.Source] = rc.Tracking.Position
	}
}

// back forgets all but the first n commits.
func (h *history) back(n int) {
	kept := h.commits[:n:n]
	*h = *newHistory()
	for _, rc := range kept {
		h.add(rc)
	}
}

// resultOf returns what Append and Lookup say of a commit.
func resultOf(rc *store.RecordedCommit) store.Result {
	r := store.Result{RecordedAt: rc.RecordedAt}
	if len(rc.Events) == 0 {
		return r
	}
	r.First, r.Last = rc.Events[0].Position, rc.Events[len(rc.Events)-1].Position
	r.Versions = []store.StreamVersion{}
	for i := range rc.Events {
		e := &rc.Events[i]
		if e.Stream == "" {
			continue
		}
		j := slices.IndexFunc(r.Versions, func(v store.StreamVersion) bool { return v.Stream == e.Stream })
		if j < 0 {
			j = len(r.Versions)
			r.Versions = append(r.Versions, store.StreamVersion{Stream: e.Stream})
		}
		r.Versions[j].Version = e.Version
	}
	return r
}

// after returns the commits as a store has them that holds these and no others: what the $erasure events among them erase has no payload.
func after(commits []store.RecordedCommit) []store.RecordedCommit {
	by := erasedBy(commits)
	out := slices.Clone(commits)
	for i := range out {
		out[i].Events = slices.Clone(out[i].Events)
		for j := range out[i].Events {
			e := &out[i].Events[j]
			if p := by[e.Position]; p != 0 {
				e.Erased, e.Data, e.Metadata = p, nil, nil
			}
			if e.Stream == store.ErasureStream {
				e.Data = nil // it has a commitment, which depends on the salt
			}
		}
	}
	return out
}

// erasedBy returns for each position that the commits erase that of the $erasure event.
func erasedBy(commits []store.RecordedCommit) map[store.Position]store.Position {
	by := map[store.Position]store.Position{}
	for i := range commits {
		for j := range commits[i].Events {
			e := &commits[i].Events[j]
			if p, ok := store.ErasedPosition(&e.Event); ok {
				by[p] = e.Position
			}
		}
	}
	return by
}

// from returns the commits that are left when the log begins at a position. Commits without events right before it may be gone or there, so
// they are left out.
func from(commits []store.RecordedCommit, first store.Position) []store.RecordedCommit {
	if first <= 1 {
		return commits
	}
	return slices.DeleteFunc(slices.Clone(commits), func(c store.RecordedCommit) bool {
		if len(c.Events) == 0 {
			return c.After < first
		}
		return c.Events[0].Position < first
	})
}

// eventsOf returns the events of commits.
func eventsOf(commits []store.RecordedCommit) []store.Recorded {
	var out []store.Recorded
	for i := range commits {
		out = append(out, commits[i].Events...)
	}
	return out
}

// trackedBy returns the last tracking position of each source.
func trackedBy(commits []store.RecordedCommit) map[string]uint64 {
	out := map[string]uint64{}
	for i := range commits {
		if t := commits[i].Tracking; t != nil {
			out[t.Source] = t.Position
		}
	}
	return out
}
