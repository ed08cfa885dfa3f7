package gestatest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// rerunWait is after how long a projection is given up that does not come to the end of the few events of a test: it tries again what its Transient says may pass.
const rerunWait = 30 * time.Second

// rerun applies one past to one target after the other.
type rerun[TX, R any] struct {
	ProjectionTest[TX, R]
	db    *gesta.DB
	first []sight[R] // after so many events, applied one by one
}

// sight is what was seen of a read model after some events.
type sight[R any] struct {
	value  R
	shot   snapshot // of value, which may share memory with what handlers change
	seen   uint64
	parked []projection.Parked
}

// way is how events are applied.
type way struct {
	batch int  // how many at a time
	twice bool // each batch is rolled back once
}

func (w way) text(all int) string {
	text := fmt.Sprintf("in batches of %d", w.batch)
	switch w.batch {
	case 1:
		text = "one by one"
	case all:
		text = "all in one batch"
	}
	if w.twice {
		text += ", delivered twice as the first transaction was rolled back"
	}
	return text
}

// run applies the events in all ways, until one leads to something else than the first.
func (r *rerun[TX, R]) run() {
	r.t.Helper()
	all := len(r.past.events)
	r.first = make([]sight[R], all+1)
	r.apply(way{batch: 1}, all, func(n int, now sight[R]) bool {
		r.first[n] = now
		return true
	}, true)
	r.checkHandled()
	ways := []way{{batch: all}, {1, true}, {2, true}, {all, true}}
	for i, w := range ways {
		if w.batch > all || slices.Contains(ways[:i], w) {
			continue
		}
		if !r.same(w) {
			return
		}
	}
}

// same applies the events in a way, and fails the test, and returns false, when that leads to something else.
func (r *rerun[TX, R]) same(w way) bool {
	r.t.Helper()
	same, before := true, 0
	clean := r.apply(w, len(r.past.events), func(n int, now sight[R]) bool {
		if same = r.differs(n, now) == ""; !same {
			return false
		}
		before = n
		return true
	}, true)
	if !clean || same {
		return clean
	}
	// It differs after the batch that begins at before: with which event of that?
	for n := before; n <= len(r.past.events); n++ {
		var last string
		r.apply(w, n, func(at int, now sight[R]) bool {
			last = r.differs(at, now)
			return at < n
		}, false)
		if last != "" {
			r.fail(w, n, last)
			return false
		}
	}
	r.t.Errorf("applied again to a new target, %s, the given events led to another read model than before once, and not the next time.\n%s\n%s", w.text(len(r.past.events)), advicePure, r.past.text())
	return false
}

const (
	advicePure = "A handler may use nothing but its event and what it finds through its tx: no clock (an event has its RecordedAt), no chance, no variable, no order of a map. " +
		"A query that returns a list has to say its order."
	adviceBatch = "Nobody knows where one batch ends and the next begins: what a handler keeps for the next event, it keeps through its tx."
	adviceTwice = "A batch that is rolled back is delivered again, from the same checkpoint: whatever a handler does otherwise than through its tx, in a variable or elsewhere, happens twice."
	adviceLeft  = "A batch that is rolled back is delivered again, and what is left of it counts twice. A handler changes the read model through its tx and in no other way; " +
		"in memory, Clone copies all that handlers change, also what its slices, maps and pointers lead to."
)

// fail says that applying n events in a way led to something else than the first time.
func (r *rerun[TX, R]) fail(w way, n int, changed string) {
	r.t.Helper()
	advice := adviceTwice
	if !w.twice {
		advice = adviceBatch
		r.apply(way{batch: 1}, n, func(n int, now sight[R]) bool {
			if r.differs(n, now) != "" {
				advice = advicePure
			}
			return advice != advicePure
		}, false)
	}
	r.t.Errorf("applied again to a new target, %s, the given events led to another read model than before, first %s:\n%s\n%s\n%s",
		w.text(len(r.past.events)), r.where(n), changed, advice, r.past.text())
}

// where names the last of n events.
func (r *rerun[TX, R]) where(n int) string {
	if n == 0 {
		return "before any event"
	}
	h := &r.past.events[n-1]
	return "at " + place(&h.Recorded) + " " + h.shown()
}

// differs says how what was seen after n events differs from what there was the first time, empty for not at all.
func (r *rerun[TX, R]) differs(n int, now sight[R]) string {
	was := r.first[n]
	of := func(s sight[R]) []string {
		out := make([]string, len(s.parked))
		for i, p := range s.parked {
			out[i] = fmt.Sprintf("#%d, key %q", p.Position, p.Key)
		}
		return out
	}
	if d := snap("parked", of(was)).changed(snap("parked", of(now))); d != "" {
		return d
	}
	changed := was.shot.changed(now.shot)
	if changed == "" {
		return ""
	}
	switch d := diff(was.value, now.value, r.past.compare); {
	case d == "":
		return ""
	case len(r.past.compare) > 0:
		return d
	}
	return changed
}

// apply applies the first events to a new target in a way, and calls each with what there is after each batch, and before the first, until it returns false. It returns false when
// something is left of what was rolled back; it says so when it is to be loud.
func (r *rerun[TX, R]) apply(w way, events int, each func(n int, now sight[R]) bool, loud bool) bool {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), rerunWait)
	defer cancel()
	target := r.open(r.t)
	if state, err := target.State(ctx, r.p.ID()); err != nil {
		r.t.Fatalf("the target cannot say how far the projection is: %v", err)
	} else if state.Known {
		r.t.Fatalf("the target that was opened knows the projection %v already: the function has to open a new one each time, such as a file in t.TempDir().", r.p.ID())
	}
	done, clean := 0, true // events that were applied; nothing was left so far
	var now sight[R]
	on := target
	if w.twice {
		on = &twice[TX]{Target: target, undone: map[checkpoint]bool{}, after: func(ctx context.Context) {
			if changed := now.shot.changed(r.look(ctx, target, done).shot); changed != "" && clean {
				clean = false
				if loud {
					r.t.Errorf("what the handlers did is still there after their transaction was rolled back, %s:\n%s\n%s\n%s",
						r.where(done), changed, adviceLeft, r.past.text())
				}
			}
		}}
	}
	runner, err := projection.New(r.db, r.p, on, projection.Options{
		BatchEvents: events + 1, BatchBytes: 1 << 30, BatchTime: time.Hour, Poll: time.Millisecond, BackoffMin: time.Microsecond, BackoffMax: time.Millisecond,
	})
	if err != nil {
		r.t.Fatalf("the projection is refused: %v", err)
	}
	for {
		if err := runner.RunTo(ctx, store.Position(done)); err != nil {
			r.t.Fatalf("the projection stops %s: %v\n%s", r.where(done), err, r.past.text())
		}
		now = r.look(ctx, target, done)
		if !each(done, now) || done == events || !clean {
			return clean
		}
		done = min(done+w.batch, events)
	}
}

// look asks the read model.
func (r *rerun[TX, R]) look(ctx context.Context, target projection.Target[TX], done int) sight[R] {
	r.t.Helper()
	var s sight[R]
	tx, err := target.Begin(ctx, r.p.ID())
	if err != nil {
		r.t.Fatalf("the target begins no transaction: %v", err)
	}
	defer tx.Rollback()
	state, err := tx.Load(ctx)
	if err == nil {
		s.parked, err = tx.Parked(ctx, "", 0, len(r.past.events)+1)
	}
	if err != nil {
		r.t.Fatalf("the target cannot say how far the projection is: %v", err)
	}
	s.seen = state.Seen
	if s.value, err = r.query(ctx, tx.Handle()); err != nil {
		r.t.Fatalf("the query fails, %s: %v\n%s", r.where(done), err, r.past.text())
	}
	s.shot = snap("model", s.value)
	return s
}

// firstLines returns as much of an error as leads from a panic to the handler, each further line a step to the right.
func firstLines(text string) string {
	const most = 12
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > most {
		lines = append(lines[:most], "...")
	}
	return strings.Join(lines, "\n        ")
}

// checkHandled holds what the projection did with each event against how it was given.
func (r *rerun[TX, R]) checkHandled() {
	r.t.Helper()
	parked := map[store.Position]string{}
	for _, p := range r.first[len(r.first)-1].parked {
		parked[p.Position] = cmp.Or(p.Error, "no reason")
	}
	var refused []string
	for i := range r.past.events {
		h := &r.past.events[i]
		where := place(&h.Recorded) + " " + h.shown()
		why := parked[h.Position]
		switch seen := r.first[i+1].seen > r.first[i].seen; {
		case !seen && !h.elsewhere:
			r.t.Errorf("no handler of the projection is for the given %s, which is stored as type=%s.\nIf that is meant, it is given by GivenElsewhere.\n%s", where, h.Type, r.past.text())
		case seen && h.elsewhere:
			r.t.Errorf("the projection looks at %s, which was given elsewhere.\nIf that is meant, it is given by Given.\n%s", where, r.past.text())
		case why == "" && h.parked:
			r.t.Errorf("the projection takes %s, which it was to park: its handler has to return an error, or that of an earlier event with the same key.\n%s", where, r.past.text())
		case why != "" && !h.parked:
			refused = append(refused, where+": "+firstLines(why))
		}
	}
	if len(refused) > 0 {
		r.t.Errorf("the projection parks what it was to apply:\n%s\nThat is what happens to an event whose handler returns an error, and to all later ones of its key. If it is meant, "+
			"they are given by GivenParked.\n%s", indent(refused), r.past.text())
	}
}
