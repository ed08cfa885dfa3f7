package disk_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
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
