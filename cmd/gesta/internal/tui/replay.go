package tui

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// How much is kept of states. A segment has fewer events the longer the state is.
const (
	segmentEvents   = 256
	leastEvents     = 16
	segmentBytes    = 32 << 20 // of the states of one segment, if all of it had changed each time
	checkpointBytes = 32 << 20 // of all states with which segments begin
	stepsBytes      = 48 << 20 // of the steps of all segments
	cheapState      = 16 << 10 // bytes: the states of segments that are passed by are kept up to here, where there are no checkpoints
	stepOverhead    = 96
	maxEvery        = 1 << 20
)

// replay finds the state at any event of an index. It is used by one goroutine at a time.
type replay struct {
	o        *Options
	segments []*segment // by start; two do not have the same one
	uses     uint64
	every    int // how many events lie between checkpoints, at the least
	folded   int // how many events were folded so far

	checkpointBytes, stepsBytes int

	// What the reducer refused, unless nil: states end before the event at failedAt.
	failed   error
	failedAt int
}

func newReplay(o *Options) *replay {
	return &replay{o: o, every: segmentEvents, checkpointBytes: checkpointBytes, stepsBytes: stepsBytes}
}

// resumes says whether folds can begin with a state: the patch that makes it of nothing is the state itself.
func (r *replay) resumes() bool { return r.o.Reducer.Identity() == reducer.MergePatchIdentity }

// at returns the state at an event. What it returns is not to be changed. It returns errors of the store and the reducer.
func (r *replay) at(ctx context.Context, ix *index, i int) (*state, error) {
	for {
		if r.failed != nil && i >= r.failedAt {
			return nil, r.failed
		}
		if s := r.covering(i); s != nil {
			return s.at(i)
		}
		failed, failedAt := r.failed != nil, r.failedAt
		err := r.fold(ctx, ix, i)
		learned := r.failed != nil && (!failed || r.failedAt < failedAt) // which event is refused: there are states before it
		if err != nil && (!learned || i >= r.failedAt) {
			return nil, err
		}
	}
}

// covering returns the segment that has the step of an event, nil where none has it.
func (r *replay) covering(i int) *segment {
	for _, s := range r.segments {
		if i >= s.start && i < s.start+len(s.steps) {
			r.uses++
			s.used = r.uses
			return s
		}
	}
	return nil
}

// checkpoint returns the last segment that begins at or before an event, nil where it is the beginning.
func (r *replay) checkpoint(i int) *segment {
	var last *segment
	for _, s := range r.segments {
		if s.start <= i {
			last = s
		}
	}
	return last
}

// run is a fold under way.
type run struct {
	fold  reducer.Fold
	next  int // the event that is folded next
	text  []byte
	blame map[string]int32
}

// fold folds from the nearest state that is kept, so that the step of the event is kept afterwards.
func (r *replay) fold(ctx context.Context, ix *index, target int) (err error) {
	f, err := r.o.Reducer.New(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	u := &run{fold: f, blame: map[string]int32{}}
	if from := r.checkpoint(target); r.resumes() && from != nil && from.text != nil {
		if err := u.resume(from); err != nil {
			return err
		}
	} else {
		u.text, _ = f.AppendAt(nil, nil)
	}
	for u.next <= target {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.fragment(ctx, ix, u, target); err != nil {
			return err
		}
	}
	return nil
}

// resume goes on from a checkpoint.
func (u *run) resume(from *segment) error {
	event := store.Recorded{Event: store.Event{Data: from.text}}
	for _, err := range u.fold.Steps(func(yield func(store.Recorded, error) bool) { yield(event, nil) }, reducer.Want{}) {
		if err != nil {
			return err
		}
	}
	u.next, u.text = from.start, bytes.Clone(from.text)
	var err error
	u.blame, err = from.blamed()
	return err
}

// fragment folds the next events: those of the segment that is to be kept, or those before it up to the next checkpoint.
func (r *replay) fragment(ctx context.Context, ix *index, u *run, target int) error {
	n := max(leastEvents, min(segmentEvents, segmentBytes/max(1, len(u.text))))
	keep := target < u.next+n || !r.resumes() && len(u.text) <= cheapState
	if !keep {
		n = min(max(r.every, len(u.text)/64), (target-u.next)/n*n)
	}
	end := min(u.next+n, len(ix.entries))
	if r.failed != nil {
		end = min(end, r.failedAt)
	}
	s := &segment{start: u.next, text: bytes.Clone(u.text)}
	if err := s.snapshot(u); err != nil {
		return err
	}
	want := reducer.Want{Changes: true}
	if keep {
		want.Paths = []reducer.Path{nil}
	}
	for step, err := range u.fold.Steps(ix.events(ctx, r.o, u.next, end), want) {
		if err != nil {
			return r.refused(ix, err)
		}
		u.take(s, step, keep)
		r.folded++
	}
	if u.next < end {
		return fmt.Errorf("fold %s: it ended before the event at position %d", r.o.Selection.Target(), ix.entries[u.next].position)
	}
	if !keep {
		u.text = u.text[:0]
		u.text, _ = u.fold.AppendAt(u.text, nil)
	}
	if keep || r.resumes() {
		r.add(s)
	}
	return nil
}

// take takes in what an event did.
func (u *run) take(s *segment, done *reducer.Step, keep bool) {
	i := int32(u.next)
	u.next++
	var paths []string
	for c := range done.Changes {
		path := done.Changes[c].Path
		u.blame[path] = i + 1
		if keep {
			paths = append(paths, path)
			s.size += len(path) + 16
		}
	}
	if !keep {
		return
	}
	st := difference(u.text, done.Values[0])
	st.paths, st.skipped = paths, !done.Applied
	s.steps = append(s.steps, st)
	s.size += len(st.middle) + stepOverhead
	u.text = append(u.text[:0], done.Values[0]...)
}

// refused notes which event the reducer fails on.
func (r *replay) refused(ix *index, err error) error {
	at, ok := errors.AsType[*reducer.EventError](err)
	if !ok {
		return err
	}
	if i := ix.find(at.Position); i >= 0 {
		r.failed, r.failedAt = err, i
	}
	return err
}

// add keeps a segment, and lets go of what is too much.
func (r *replay) add(s *segment) {
	r.uses++
	s.used = r.uses
	at, found := slices.BinarySearchFunc(r.segments, s.start, func(s *segment, start int) int { return cmp.Compare(s.start, start) })
	switch {
	case !found:
		r.segments = slices.Insert(r.segments, at, s)
	case len(s.steps) > len(r.segments[at].steps):
		r.segments[at] = s
	}
	r.dropSteps()
	r.thin()
}

// dropSteps makes mere checkpoints of the segments that were not used for the longest time.
func (r *replay) dropSteps() {
	size := 0
	for _, s := range r.segments {
		size += s.size
	}
	for size > r.stepsBytes {
		var oldest *segment
		for _, s := range r.segments {
			if len(s.steps) > 0 && s.used < r.uses && (oldest == nil || s.used < oldest.used) {
				oldest = s
			}
		}
		if oldest == nil {
			return // the one that was asked for stays, whatever it takes
		}
		size -= oldest.size
		oldest.steps, oldest.size = nil, 0
	}
}

// thin drops every other checkpoint where they are too much.
func (r *replay) thin() {
	size := 0
	for _, s := range r.segments {
		size += len(s.text) + 4*len(s.blame)
	}
	if size <= r.checkpointBytes {
		return
	}
	r.every = min(2*r.every, maxEvery)
	other := false
	r.segments = slices.DeleteFunc(r.segments, func(s *segment) bool {
		if len(s.steps) > 0 {
			return false
		}
		other = !other
		return other
	})
}

// each folds all events afresh, and yields what each did. An error is yielded once, last.
func each(ctx context.Context, o *Options, ix *index) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		f, err := o.Reducer.New(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for step, err := range f.Steps(ix.events(ctx, o, 0, len(ix.entries)), reducer.Want{Changes: true}) {
			if !yield(step, err) {
				break
			}
		}
		_ = f.Close() // everything it could say was said
	}
}
