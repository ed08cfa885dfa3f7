package disk_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideWriterCheckIsClean checks a directory again and again while it is written to: what comes meanwhile is no problem.
func TestBesideWriterCheckIsClean(t *testing.T) {
	dir := t.TempDir()
	o := disk.Options{SegmentBytes: 8 << 10, IndexBytes: 8 << 10, Sync: disk.SyncNever}
	s, err := disk.Open(dir, o)
	must(t, err)
	const enough = 2000
	var written atomic.Int64
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			e := store.Event{Stream: fmt.Sprintf("s-%d", n%7), Type: "T", Data: make([]byte, n%500)}
			if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
				done <- err
				return
			}
			written.Add(1)
		}
	}()
	for written.Load() < enough && !t.Failed() {
		report, err := disk.Check(t.Context(), dir, o, store.CheckOptions{})
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("check: %v, %v", report.Problems, err)
		}
	}
	close(stop)
	must(t, <-done)
	must(t, s.Close())
}

// TestBesideWriterCheckMeetsSeal has the writer seal the segment, and cut off what it had filled ahead, between the moment when a check measures it
// and that when it reads it.
func TestBesideWriterCheckMeetsSeal(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 1 << 16})
	for zeros, i := 0, 0; zeros < 1000; i++ {
		if i == 100 {
			t.Fatal("the segment never ended in many zeros")
		}
		r.add(wideEvent("a-1", fmt.Sprint(i), 500))
		_, zeros = r.sizeOf(firstSegment)
	}
	o := r.opts
	measured := false // of the goroutine of the check
	var once sync.Once
	o.FS = vfs.NewFault(r.disk, func(op vfs.Op) error {
		if op.Name != firstSegment {
			return nil
		}
		if op.Kind == vfs.OpStat {
			measured = true
		} else if op.Kind == vfs.OpOpen && measured {
			once.Do(func() { r.add(wideEvent("a-1", "more", 1<<16)) })
		}
		return nil
	})
	report, err := disk.Check(t.Context(), dir, o, store.CheckOptions{})
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("check: %+v, %v", report.Problems, err)
	}
	if len(rigSegments(r.disk)) != 2 {
		t.Error("the writer did not roll")
	}
}
