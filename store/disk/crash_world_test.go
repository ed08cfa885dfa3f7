package disk_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// seeds returns how many runs a test makes: few by default, or GESTA_CRASH_SEEDS.
func seeds(t testing.TB, few int) uint64 {
	t.Helper()
	text := os.Getenv("GESTA_CRASH_SEEDS")
	if text == "" {
		return uint64(few)
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("GESTA_CRASH_SEEDS: %v", err)
	}
	return n
}

// world is a store on a simulated disk, what one caller after the other asks of it, and what it promised. The steps belong to
// one goroutine; hook may be called by any.
type world struct {
	t     testing.TB
	disk  *simfs.FS
	files *counted // over disk
	opts  disk.Options
	rnd   *rand.Rand
	hook  func(vfs.Op) error // may be nil

	started func() // called when commits have been started and nothing is waited for; may be nil
	mayFail bool   // operations may fail, because hook makes them
	s       *disk.Store
	h       *history
	now     time.Time
	secrets int
	did     map[string]int
	limbo   bool // the log failed: what is not acknowledged may be there or not

	mu   sync.Mutex // guards what follows, and h.commits while hook may look at it
	p    promise
	sent int // so many commits were acknowledged, durable or not
}

func newWorld(t testing.TB, seed uint64, o disk.Options) *world {
	t.Helper()
	w := &world{
		t: t, disk: simfs.New(), opts: o, rnd: rand.New(rand.NewPCG(seed, 11)), h: newHistory(),
		now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		did: map[string]int{},
		p:   promise{first: 1, erased: map[store.Position]bool{}},
	}
	setDefault(&w.opts.SegmentBytes, 4096)
	setDefault(&w.opts.IndexBytes, 4096)
	w.files = newCounted(vfs.NewFault(w.disk, func(op vfs.Op) error {
		if w.hook == nil {
			return nil
		}
		return w.hook(op)
	}))
	w.opts.FS = w.files
	w.opts.Clock = func() time.Time { return w.now }
	w.opts.Background = func(err error) {
		if !w.mayFail {
			t.Errorf("seed %d: background: %v", seed, err)
		}
	}
	return w
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// afterCrash returns the options for opening an image of the world's disk.
func (w *world) afterCrash() disk.Options {
	o := w.opts
	o.Clock, o.Background, o.FS = later, nil, nil
	return o
}

// promised returns the promise of this moment, which the caller may keep. The caller holds mu.
func (w *world) promised() promise {
	p := w.p
	p.commits = w.h.commits[:len(w.h.commits):len(w.h.commits)]
	p.erased = map[store.Position]bool{}
	for target := range w.p.erased {
		p.erased[target] = true
	}
	return p
}

// change changes the promise.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// open opens the store.
func (w *world) open() error {
	s, err := disk.Open(dir, w.opts)
	if err != nil {
		return err
	}
	w.s = s
	w.change(func() { w.p.made = true })
	w.durable()
	return nil
}

// durable says that all that was sent is durable, whatever the sync policy.
func (w *world) durable() {
	if !w.limbo {
		w.change(func() { w.p.kept, w.sent = len(w.h.commits), len(w.h.commits) })
	}
}

// close closes the store.
func (w *world) close() error {
	err := w.s.Close()
	if err == nil {
		w.durable()
	}
	return err
}

// send starts commits at once, which the store must accept, and waits for them.
func (w *world) send(commits ...store.Commit) error {
	before := len(w.h.commits)
	var want []store.Result
	w.change(func() {
		for i := range commits {
			want = append(want, w.h.predict(&commits[i], w.now))
		}
	})
	var waits []func() (store.Result, error)
	for i := range commits {
		waits = append(waits, w.s.Start(context.Background(), commits[i]))
	}
	if w.started != nil {
		w.started()
	}
	var accepted []store.Commit
	var results []store.Result
	var first error
	for i, wait := range waits {
		got, err := wait()
		switch {
		case err == nil && first != nil && errors.Is(first, store.ErrUnknown):
			return fmt.Errorf("commit %d is acknowledged behind one that is unknown: %w", i, first)
		case err == nil:
			accepted, results = append(accepted, commits[i]), append(results, got)
			if first == nil {
				w.change(func() { w.acknowledged(before + i + 1) })
			}
		case errors.Is(err, store.ErrUnknown):
			w.limbo = true
			accepted = append(accepted, commits[i])
		}
		if first == nil && err != nil {
			first = err
		}
	}
	if first != nil {
		want = w.settle(before, accepted, len(results))
	}
	if d := cmp.Diff(want[:len(results)], results, cmp.Comparer(sameResult)); d != "" && len(results) > 0 {
		return fmt.Errorf("appending %d commits at once answers (-want +got):\n%s", len(commits), d)
	}
	return first
}

func sameResult(a, b store.Result) bool {
	return a.First == b.First && a.Last == b.Last && a.RecordedAt.Equal(b.RecordedAt) && a.Duplicate == b.Duplicate && slices.Equal(a.Versions, b.Versions)
}

// settle makes the history one of the commits that were not refused, of which so many were acknowledged.
func (w *world) settle(before int, accepted []store.Commit, acknowledged int) []store.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.h.back(before)
	var want []store.Result
	for i := range accepted {
		want = append(want, w.h.predict(&accepted[i], w.now))
	}
	w.acknowledged(before + acknowledged)
	return want
}

// acknowledged says that the first n commits were acknowledged. The caller holds mu.
func (w *world) acknowledged(n int) {
	w.sent = n
	if w.opts.Sync == disk.SyncAlways {
		w.p.kept = n
	}
}

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
