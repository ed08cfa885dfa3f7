package disk_test

import (
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideBatchesBigCommitIsReadOnce reads a commit of many times more events than a batch has: the log is read about
// once, not once for each batch.
func TestBesideBatchesBigCommitIsReadOnce(t *testing.T) {
	const events = 20_000
	r := newRig(t, disk.Options{})
	var c store.Commit
	for range events {
		c.Events = append(c.Events, store.Event{Type: "A"})
	}
	r.add(c)
	log, err := r.disk.Stat(firstSegment)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]store.Query{"everything": nil, "one type": {{Types: []string{"A"}}}} {
		var bytes atomic.Int64
		r.on(func(op vfs.Op) error {
			if op.Kind == vfs.OpRead && isSegFile(op.Name) {
				bytes.Add(op.Length)
			}
			return nil
		})
		n := 0
		for _, err := range r.s.Read(t.Context(), q, store.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if most := 3 * log.Size; n != events || bytes.Load() > most {
			t.Errorf("%s: %d events in %d bytes of reads; want %d in at most %d", name, n, bytes.Load(), events, most)
		}
	}
}
