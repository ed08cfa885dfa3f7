package rawlimit_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/internal/rawlimit"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// stamper fills events so that each can be told from all others: writer and ordinal.
type stamper struct {
	mu   sync.Mutex
	next map[uint64]uint64 // guarded by mu
}

func (s *stamper) fill(writer int, data []byte) {
	s.mu.Lock()
	n := s.next[uint64(writer)]
	s.next[uint64(writer)]++
	s.mu.Unlock()
	binary.LittleEndian.PutUint64(data, uint64(writer)+1)
	binary.LittleEndian.PutUint64(data[8:], n)
	for i := 16; i < len(data); i++ {
		data[i] = byte(n) | 1 // never zero: zeros of the filler would show
	}
}

// TestWhatWasWrittenReadsBack runs each kind with files that hold a few groups, so that committer and filler meet at
// every kind of border, and then finds each event once, those of one writer in order.
func TestWhatWasWrittenReadsBack(t *testing.T) {
	sizes := []struct{ file, step int64 }{{64 << 10, 16 << 10}, {16 << 10, 16 << 10}, {2 << 20, 1 << 20}, {8 << 10, 512}}
	for _, kind := range []rawlimit.Kind{rawlimit.Grow, rawlimit.ZeroAhead} {
		for _, size := range sizes {
			for _, noSync := range []bool{true, false} {
				t.Run(fmt.Sprintf("%v/file=%d/nosync=%t", kind, size.file, noSync), func(t *testing.T) {
					l, err := rawlimit.Open(filepath.Join(t.TempDir(), "raw"), rawlimit.Options{
						Kind: kind, NoSync: noSync, Keep: true, FileBytes: size.file, StepBytes: size.step,
					})
					if err != nil {
						t.Fatal(err)
					}
					stamps := &stamper{next: map[uint64]uint64{}}
					var events int64
					for _, batch := range []int{1, 7, 200} { // 200 are longer than the smaller files
						r, err := l.Run(t.Context(), rawlimit.Load{Writers: 5, Batch: batch, EventBytes: 100, Commits: 60, Fill: stamps.fill})
						if err != nil {
							t.Fatal(err)
						}
						if r.Commits != 60 || r.Events != 60*int64(batch) || r.Elapsed <= 0 {
							t.Errorf("60 commits of %d: %+v", batch, r)
						}
						events += r.Events
					}
					if err := l.Close(); err != nil {
						t.Fatal(err)
					}
					checkStamps(t, l.Files(), events)
				})
			}
		}
	}
}

func checkStamps(t *testing.T, names []string, events int64) {
	t.Helper()
	next := map[uint64]uint64{}
	found, err := rawlimit.Scan(vfs.OS(), names, func(data []byte) error {
		writer, n := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		if n != next[writer] {
			return fmt.Errorf("event %d of writer %d where %d is next", n, writer, next[writer])
		}
		next[writer]++
		return nil
	})
	if err != nil || found.Records != events || found.Bytes != events*(100+rawlimit.FrameBytes) {
		t.Errorf("found %+v, %v; wrote %d", found, err, events)
	}
}

// TestFilesGo holds what is left of the files against what was asked for.
func TestFilesGo(t *testing.T) {
	dir := t.TempDir()
	l, err := rawlimit.Open(dir, rawlimit.Options{Kind: rawlimit.ZeroAhead, NoSync: true, FileBytes: 8 << 10, StepBytes: 4 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(t.Context(), rawlimit.Load{Writers: 2, Batch: 10, EventBytes: 100, Commits: 100}); err != nil {
		t.Fatal(err)
	}
	if n := len(l.Files()); n < 1 || n > 3 {
		t.Errorf("%d files after a run; want that which is written and those ahead of it", n)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestScanFindsDamage changes one byte of what was written.
func TestScanFindsDamage(t *testing.T) {
	l, err := rawlimit.Open(t.TempDir(), rawlimit.Options{NoSync: true, Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(t.Context(), rawlimit.Load{Writers: 1, Batch: 3, EventBytes: 20, Commits: 1}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(l.Files()[0])
	if err != nil {
		t.Fatal(err)
	}
	b[2*28-1] ^= 1
	if err := os.WriteFile(l.Files()[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := rawlimit.Scan(vfs.OS(), l.Files(), nil)
	if !errors.Is(err, rawlimit.ErrChecksum) || found.Records != 1 {
		t.Errorf("%+v, %v; want one record and a checksum that does not fit", found, err)
	}
}

// TestFailures lets the disk fail below each step: the run ends with the error, and no writer is left waiting.
func TestFailures(t *testing.T) {
	broken := errors.New("broken")
	for _, kind := range []vfs.OpKind{vfs.OpCreate, vfs.OpWrite, vfs.OpSync, vfs.OpSyncDir} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			fault := vfs.NewFault(vfs.OS(), func(op vfs.Op) error {
				if op.Kind == kind {
					return broken
				}
				return nil
			})
			l, err := rawlimit.Open(t.TempDir(), rawlimit.Options{Kind: rawlimit.ZeroAhead, FS: fault})
			if err != nil {
				t.Fatal(err)
			}
			_, err = l.Run(t.Context(), rawlimit.Load{Writers: 4, Batch: 1, EventBytes: 100, Commits: 10})
			if !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, o := range []rawlimit.Options{{Kind: 7}, {FileBytes: -1}, {Kind: rawlimit.ZeroAhead, FileBytes: 10, StepBytes: 4}} {
		if _, err := rawlimit.Open(t.TempDir(), o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	l, err := rawlimit.Open(t.TempDir(), rawlimit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, ld := range []rawlimit.Load{
		{Batch: 1, Commits: 1}, {Writers: 1, Commits: 1}, {Writers: 1, Batch: 1, EventBytes: -1, Commits: 1}, {Writers: 1, Batch: 1},
	} {
		if _, err := l.Run(t.Context(), ld); err == nil {
			t.Errorf("%+v was taken", ld)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestObserve(t *testing.T) {
	l, err := rawlimit.Open(t.TempDir(), rawlimit.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	observed := map[int]int{}
	_, err = l.Run(t.Context(), rawlimit.Load{Writers: 3, Batch: 1, EventBytes: 10, Commits: 30, Observe: func(writer int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		observed[writer]++
		if took < 0 {
			t.Errorf("took %v", took)
		}
	}})
	sum := 0
	for _, n := range observed {
		sum += n
	}
	if err != nil || sum != 30 {
		t.Errorf("%v: %v", observed, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestPreadsAndProbe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if d, err := rawlimit.Probe(vfs.OS(), name); err != nil || d <= 0 {
		t.Errorf("probe: %v, %v", d, err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the probe left its file: %v", err)
	}
	if err := os.WriteFile(name, make([]byte, 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := vfs.OS().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	random := rand.New(rand.NewPCG(1, 1))
	if took, err := rawlimit.Preads(f, 4096, 50, random); err != nil || len(took) != 50 {
		t.Errorf("%d reads, %v", len(took), err)
	}
	if _, err := rawlimit.Preads(f, 10_001, 1, random); err == nil {
		t.Error("more was read than there is")
	}
}

// BenchmarkRun is one second of each loop: go test -bench Run ./internal/rawlimit.
func BenchmarkRun(b *testing.B) {
	for _, kind := range []rawlimit.Kind{rawlimit.Grow, rawlimit.ZeroAhead} {
		for _, load := range []rawlimit.Load{{Writers: 1, Batch: 1}, {Writers: 64, Batch: 1}, {Writers: 256, Batch: 1}, {Writers: 16, Batch: 100}} {
			b.Run(fmt.Sprintf("limit=%v/writers=%d/batch=%d", kind, load.Writers, load.Batch), func(b *testing.B) {
				l, err := rawlimit.Open(b.TempDir(), rawlimit.Options{Kind: kind})
				if err != nil {
					b.Fatal(err)
				}
				load.EventBytes, load.Commits = 256, int64(b.N)
				r, err := l.Run(b.Context(), load)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(r.PerSecond(), "events/s")
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

// TestRunning commits from many goroutines at once; each event is in the files once, whole.
func TestRunning(t *testing.T) {
	for _, kind := range []rawlimit.Kind{rawlimit.Grow, rawlimit.ZeroAhead} {
		t.Run(kind.String(), func(t *testing.T) {
			l, err := rawlimit.Open(t.TempDir(), rawlimit.Options{Kind: kind, NoSync: true, Keep: true})
			if err != nil {
				t.Fatal(err)
			}
			running := l.Start()
			const writers, each = 8, 50
			var group sync.WaitGroup
			for w := range writers {
				group.Go(func() {
					for i := range each {
						running.Commit(fmt.Appendf(nil, "event-%d-%d.", w, i))
					}
				})
			}
			group.Wait()
			if err := running.Stop(); err != nil {
				t.Fatal(err)
			}
			var all []byte
			for _, name := range l.Files() {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, b...)
			}
			for w := range writers {
				for i := range each {
					if n := bytes.Count(all, fmt.Appendf(nil, "event-%d-%d.", w, i)); n != 1 {
						t.Errorf("event %d of writer %d is there %d times", i, w, n)
					}
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
