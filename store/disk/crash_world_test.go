package disk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
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
	hook  atomic.Pointer[func(vfs.Op) error]

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
	setDefault(&w.opts.IndexBytes, 2048)
	w.files = newCounted(vfs.NewFault(w.disk, func(op vfs.Op) error {
		if hook := w.hook.Load(); hook != nil {
			return (*hook)(op)
		}
		return nil
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

// onOp lets hook see the operations on the disk from now on; nil lets nobody.
func (w *world) onOp(hook func(vfs.Op) error) {
	if hook == nil {
		w.hook.Store(nil)
		return
	}
	w.hook.Store(&hook)
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
	p.commits = slices.Clip(w.h.commits)
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
