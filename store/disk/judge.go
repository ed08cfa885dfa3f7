package disk

import (
	"fmt"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// judge puts what is wrong with a request into its outcome: a known key comes before guards, guards before tracking.
func (c *committer) judge(r *request, o *outcome) {
	if o.err = c.refresh(r); o.err != nil {
		return
	}
	if r.key != "" {
		if o.duplicate = c.keyFirst(r); o.duplicate != 0 {
			return
		}
	}
	c.newVersions(r)
	if o.err = c.judgeGuards(r, o); o.err != nil || len(o.failed) > 0 {
		return
	}
	if r.tracking != nil {
		if last := c.tracked(r); r.tracking.Position <= last {
			o.err = &store.TrackingError{Tracking: *r.tracking, Last: last}
			return
		}
	}
	if r.restored != nil {
		o.err = c.continues(r)
	}
}

// refresh makes sure that what the request was told of the index files and the tables that are there now leave no gap:
// where it waited so long that a table was begun and written meanwhile, it is looked up again.
func (c *committer) refresh(r *request) error {
	old := r.facts.view.tables
	if len(old) > 0 && slices.Contains(c.tables, old[len(old)-1]) {
		return nil
	}
	c.w.s.forgetFacts(r)
	if err := c.w.s.lookUp(r); err != nil {
		return err
	}
	return nil
}

// each yields the tables that the request's view of the files does not cover, newest first.
func (c *committer) each(r *request) func(yield func(*index.Table) bool) {
	return func(yield func(*index.Table) bool) {
		for _, t := range slices.Backward(c.tables) {
			if !yield(t) {
				return
			}
		}
		for _, t := range slices.Backward(r.facts.view.tables) {
			if !slices.Contains(c.tables, t) && !yield(t) {
				return
			}
		}
	}
}

func (c *committer) keyFirst(r *request) store.Position {
	for t := range c.each(r) {
		if p, ok := t.Key(r.key); ok {
			if p < c.w.s.first() {
				return 0
			}
			return p
		}
	}
	if r.facts.keyFirst < c.w.s.first() { // truncated since
		return 0
	}
	return r.facts.keyFirst
}

// newVersions gives the streams of the request the versions that tables have got since it was looked up: the last table of that time and those after it
// alone may have got any.
func (c *committer) newVersions(r *request) {
	for i := range r.streams {
		r.streams[i].Found = false
	}
	known := r.facts.view.tables
	for _, t := range slices.Backward(c.tables) {
		t.Versions(r.streams)
		if t == known[len(known)-1] {
			return
		}
	}
}

func (c *committer) tracked(r *request) uint64 {
	for t := range c.each(r) {
		if p, ok := t.Tracking(r.tracking.Source); ok {
			return p
		}
	}
	return r.facts.tracked
}

func (c *committer) judgeGuards(r *request, o *outcome) error {
	for i, g := range r.guards {
		failed := failedGuard{guard: g}
		switch g := g.(type) {
		case store.StreamAt:
			failed.actual = r.streams[r.guardOf[i]].Version
			if failed.actual == g.Version {
				continue
			}
		case store.StreamExists:
			if r.streams[r.guardOf[i]].Version != 0 {
				continue
			}
		case *store.NoneMatch:
			if first := c.w.s.first(); g.After < first-1 {
				return &store.TruncatedError{First: first}
			}
			if r.facts.matched[i] == 0 && !c.matches(r, g) {
				continue
			}
		}
		o.failed = append(o.failed, failed)
	}
	return nil
}

// matches says whether an event that the request's look-up did not see matches: one above the head of that moment, up to the last
// one decided.
func (c *committer) matches(r *request, g *store.NoneMatch) bool {
	after := max(g.After, r.facts.head)
	if after >= c.pos {
		return false
	}
	for t := range c.each(r) {
		if _, ok := t.AnyMatch(g.Query, after, c.pos); ok {
			return true
		}
	}
	return false
}

// continues says whether a restored commit continues what is there.
func (c *committer) continues(r *request) error {
	rs := r.restored
	if len(r.entries) == 0 && rs.first != c.pos {
		return &store.InvalidError{Problem: fmt.Sprintf("a commit without events comes after position %d, the head is %d", rs.first, c.pos)}
	}
	if len(r.entries) > 0 && rs.first <= c.pos {
		return &store.InvalidError{Problem: fmt.Sprintf("position %d is not above the head, %d", rs.first, c.pos)}
	}
	if rs.time < c.time {
		return &store.InvalidError{Problem: fmt.Sprintf("the commit at position %d was recorded at %s, before the last one here", rs.first, fromMicros(rs.time).Format(time.RFC3339Nano))}
	}
	last := make(map[int]uint64, len(r.streams))
	for i := range r.entries {
		j := r.entryOf[i]
		if j < 0 {
			continue
		}
		have, ok := last[j]
		if !ok {
			have = r.streams[j].Version
		}
		if v := rs.versions[i]; v != have+1 && have != 0 || v == 0 || v > uint64(store.MaxPosition) {
			return &store.InvalidError{Problem: fmt.Sprintf("position %d has version %d of stream %q, which is at %d", rs.first+store.Position(i), v, r.streams[j].Name, have)}
		}
		last[j] = rs.versions[i]
	}
	return nil
}
