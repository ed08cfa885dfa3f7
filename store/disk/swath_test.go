package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// sweptEvents is how many events the stores of these tests have: many chunks of the log.
const sweptEvents = 12_000

// sweptStore opens a store of small segments on a file system, and fills it with events that differ, in commits of forty.
func sweptStore(t *testing.T, fs vfs.FS, dir string) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir, disk.Options{FS: fs, SegmentBytes: 256 << 10, Sync: disk.SyncNever})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	const each = 40
	for i := 0; i < sweptEvents; i += each {
		var c store.Commit
		for j := i; j < i+each; j++ {
			c.Events = append(c.Events, store.Event{
				ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", j), Stream: fmt.Sprintf("s-%d", j%7), Type: "T",
				Tags: []string{fmt.Sprintf("n:%d", j)}, Data: fmt.Appendf(nil, "event %d %0200d", j, j),
			})
		}
		appended(t, s, c)
	}
	return s
}

// isSwept fails a test of a store's event that is not the one that sweptStore wrote there.
func isSwept(t *testing.T, r *store.Recorded) {
	t.Helper()
	j := int(r.Position) - 1
	if want := fmt.Sprintf("event %d %0200d", j, j); string(r.Data) != want || r.ID != fmt.Sprintf("00000000-0000-4000-8000-%012x", j) ||
		len(r.Tags) != 1 || r.Tags[0] != fmt.Sprintf("n:%d", j) {
		t.Fatalf("position %d is %+v with data %q", r.Position, r, r.Data)
	}
}

// withProcessors runs a test with one processor, and with more.
func withProcessors(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprintf("processors=%d", n), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			f(t)
		})
	}
}

// TestSweepShowsEverything reads a long store with all kinds of bounds.
func TestSweepShowsEverything(t *testing.T) {
	withProcessors(t, func(t *testing.T) {
		s := sweptStore(t, vfs.OS(), t.TempDir())
		for _, o := range []store.ReadOptions{
			{}, {After: 17}, {Limit: 9000}, {Until: 11_111}, {After: 39, Until: 8001, Limit: 8000}, {Follow: true, Limit: sweptEvents}, {Follow: true, Until: sweptEvents},
		} {
			want := int(min(max(o.Until, 0), sweptEvents))
			if o.Until == 0 {
				want = sweptEvents
			}
			if want -= int(o.After); o.Limit > 0 {
				want = min(want, o.Limit)
			}
			p := o.After
			o.Progress = func(at store.Position, _ bool) {
				if at < p {
					t.Errorf("%+v: progress at %d after position %d", o, at, p)
				}
			}
			for r, err := range s.Read(limited(t), nil, o) {
				must(t, err)
				if p++; r.Position != p {
					t.Fatalf("%+v: position %d, want %d", o, r.Position, p)
				}
				isSwept(t, &r)
			}
			if got := int(p - o.After); got != want {
				t.Errorf("%+v: %d events, want %d", o, got, want)
			}
		}
	})
}

// TestSweepLeavesNothing leaves reads in all ways. Within a bubble: it waits for all goroutines that began in it, and
// says which are left.
func TestSweepLeavesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	ways := map[string]func(){
		"break": func() {}, "panic": func() { panic("enough") }, "exit": runtime.Goexit,
	}
	for name, leave := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sweptStore(t, simfs.New(), "/data/store")
				for _, at := range []int{1, 900, 3000, 5001} {
					n, done := 0, make(chan struct{})
					go func() {
						defer close(done)
						defer func() { _ = recover() }()
						for _, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
							if n++; err != nil || n < at {
								continue
							}
							leave()
							break
						}
					}()
					<-done
					if n != at {
						t.Errorf("%d events, want %d", n, at)
					}
				}
				for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) { // the store is as good as before
					must(t, err)
					isSwept(t, &r)
				}
			})
		})
	}
}

// TestSweepEndsAtOnce cancels a read, and closes its store: not one more event is handed out.
func TestSweepEndsAtOnce(t *testing.T) {
	withProcessors(t, func(t *testing.T) {
		s := sweptStore(t, vfs.OS(), t.TempDir())
		for _, at := range []store.Position{1, 2000, 5000} {
			ctx, cancel := context.WithCancel(t.Context())
			if last, err := stoppedAt(ctx, s, at, cancel); last != at || !errors.Is(err, context.Canceled) {
				t.Errorf("canceled at %d: the read ended at %d with %v", at, last, err)
			}
		}
		closes := func() { must(t, s.Close()) }
		if last, err := stoppedAt(t.Context(), s, 4000, closes); last != 4000 || !errors.Is(err, store.ErrClosed) {
			t.Errorf("closed at 4000: the read ended at %d with %v", last, err)
		}
	})
}

// stoppedAt reads a store, calls stop in the loop at a position, and returns the last position that the read hands out, and its error.
func stoppedAt(ctx context.Context, s *disk.Store, at store.Position, stop func()) (last store.Position, failure error) {
	for r, err := range s.Read(ctx, nil, store.ReadOptions{}) {
		if err != nil {
			return last, err
		}
		if last = r.Position; last == at {
			stop()
		}
	}
	return last, nil
}

// TestSweepHonoursErasure erases, in the loop of a read, what the read has of the log already: it is not shown, and all other events are.
func TestSweepHonoursErasure(t *testing.T) {
	withProcessors(t, func(t *testing.T) {
		s := sweptStore(t, vfs.OS(), t.TempDir())
		gone := map[store.Position]bool{}
		var p store.Position
		for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
			must(t, err)
			if p++; r.Position != p {
				t.Fatalf("position %d, want %d", r.Position, p)
			}
			if gone[p] {
				if r.Erased <= sweptEvents || r.Data != nil {
					t.Fatalf("position %d was erased before, and is %q, erased by %d", p, r.Data, r.Erased)
				}
			} else {
				isSwept(t, &r)
			}
			if p%3001 == 0 {
				next := []store.Position{p + 1, p + 150, p + 700, p + 1500, p + 2500}
				if p+2500 > sweptEvents {
					continue
				}
				erase(t, s, next...)
				for _, q := range next {
					gone[q] = true
				}
			}
		}
		if p != sweptEvents || len(gone) != 15 {
			t.Errorf("%d events of which %d were erased, want %d and 15", p, len(gone), sweptEvents)
		}
	})
}

// TestSweepHonoursTruncation truncates, in the loop of a read, what the read is about to hand out: the read says so at the next commit.
func TestSweepHonoursTruncation(t *testing.T) {
	withProcessors(t, func(t *testing.T) {
		s := sweptStore(t, vfs.OS(), t.TempDir())
		var first, last store.Position
		var failure error
		for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
			if failure = err; err != nil {
				break
			}
			if last = r.Position; last == 3000 {
				first, err = s.Truncate(t.Context(), 9000)
				must(t, err)
			}
		}
		var gone *store.TruncatedError
		if !errors.As(failure, &gone) || gone.First != first || first <= 4000 || last != 3000 {
			t.Errorf("the read ended at %d with %v, want %d and truncated before %d", last, failure, 3000, first)
		}
	})
}

// TestSweepReportsDamageInItsPlace flips a bit of one event after the other: all events before it are
// handed out, and the error names its place.
func TestSweepReportsDamageInItsPlace(t *testing.T) {
	withProcessors(t, func(t *testing.T) {
		dir := t.TempDir()
		s := sweptStore(t, vfs.OS(), dir)
		segs, err := filepath.Glob(filepath.Join(dir, "log", "*.seg"))
		must(t, err)
		for _, what := range []string{"event %d ", "n:%d"} {
			for _, j := range []int{0, 1500, 2039, 2040, 6789, sweptEvents - 1} {
				mend := spoilIn(t, segs, fmt.Sprintf(what, j))
				var last store.Position
				var failure error
				for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
					if failure = err; err == nil {
						last = r.Position
						isSwept(t, &r)
					}
				}
				var damage *store.DamagedError
				if !errors.As(failure, &damage) || damage.Position != store.Position(j+1) || damage.Offset == 0 || last != store.Position(j) {
					t.Errorf("damage at %d: the read ended at %d with %v", j+1, last, failure)
				}
				mend()
			}
		}
	})
}

// spoilIn flips a bit of a text in the one file that has it, and returns what undoes that.
func spoilIn(t *testing.T, names []string, text string) (mend func()) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile(name)
		must(t, err)
		at := bytes.LastIndex(b, []byte(text))
		if at < 0 {
			continue
		}
		flip := func() {
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			must(t, err)
			b[at] ^= 1
			_, err = f.WriteAt(b[at:at+1], int64(at))
			must(t, errors.Join(err, f.Close()))
		}
		flip()
		return flip
	}
	t.Fatalf("no file has %q", text)
	return nil
}
