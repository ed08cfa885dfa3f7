package disk_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/gestadb/gesta/store"
)

// erase erases payloads of events that have one.
func (w *world) erase(positions ...store.Position) error {
	before := len(w.h.commits)
	slices.Sort(positions)
	c := store.Commit{}
	for _, p := range positions {
		e, err := store.NewErasure(p, [32]byte{}, "asked", "ada")
		if err != nil {
			return err
		}
		e.Data = nil
		c.Events = append(c.Events, e)
	}
	w.change(func() { w.h.predict(&c, w.now) })
	_, err := w.s.Erase(context.Background(), store.Erasure{Positions: positions, Reason: "asked", Actor: "ada"})
	if err != nil {
		w.visible(before)
		return err
	}
	w.durable()
	w.change(func() {
		for _, p := range positions {
			w.p.erased[p] = true
		}
	})
	return nil
}

// visible settles what an error has left open: what the head covers is durable.
func (w *world) visible(before int) {
	head, err := w.s.Head(context.Background())
	if err != nil {
		w.t.Errorf("head after an error: %v", err)
	}
	n := before
	for n < len(w.h.commits) && len(w.h.commits[n].Events) > 0 && w.h.commits[n].Events[0].Position <= head {
		n++
	}
	failed := w.failed()
	w.change(func() {
		if failed {
			w.limbo = true
		} else {
			w.h.back(n)
		}
		w.acknowledged(max(w.sent, n))
	})
}

// failed says whether the log takes no more.
func (w *world) failed() bool {
	_, err := w.s.Append(context.Background(), store.Commit{Guards: []store.Guard{store.StreamExists{Stream: "never"}}})
	return errors.Is(err, store.ErrFailed)
}

// truncate truncates through a position.
func (w *world) truncate(through store.Position) error {
	w.change(func() { w.p.through = max(w.p.through, through) })
	first, err := w.s.Truncate(context.Background(), through)
	if err != nil {
		return err
	}
	if first < w.p.first || first > w.p.through+1 {
		return fmt.Errorf("truncating through %d leaves what begins at %d, it began at %d", through, first, w.p.first)
	}
	w.durable()
	w.change(func() { w.p.first, w.p.through = first, 0 })
	return nil
}

// restore restores commits.
func (w *world) restore(commits ...store.RecordedCommit) error {
	before := len(w.h.commits)
	w.change(func() {
		for i := range commits {
			w.h.add(commits[i])
		}
	})
	err := w.s.Restore(context.Background(), each(commits))
	if err != nil {
		w.visible(before)
		return err
	}
	w.change(func() {
		w.acknowledged(len(w.h.commits))
		for target := range erasedBy(commits) {
			w.p.erased[target] = true
		}
	})
	return nil
}

func each(commits []store.RecordedCommit) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		for _, c := range commits {
			if !yield(c, nil) {
				return
			}
		}
	}
}
