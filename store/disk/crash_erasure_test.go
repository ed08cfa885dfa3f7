package disk_test

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestCrashForgetsErasuresThatItCutOff has a crash that leaves zeros in place of a payload, with the record of another erasure behind
// it: both are cut off, and the payload that was to be erased stays for good.
func TestCrashForgetsErasuresThatItCutOff(t *testing.T) {
	t.Run("next segment made", func(t *testing.T) { forgetErasures(t, true) })
	t.Run("no segment made", func(t *testing.T) { forgetErasures(t, false) })
}

func forgetErasures(t *testing.T, nextMade bool) {
	t.Helper()
	w := newWorld(t, 1, disk.Options{Sync: disk.SyncNever})
	must(t, w.open())
	must(t, w.send(store.Commit{Events: []store.Event{w.event()}}))
	must(t, w.reopen()) // the first event is durable
	p := w.promised()
	must(t, w.send(store.Commit{Events: []store.Event{w.event()}}))
	img := w.disk
	stop := errors.New("stop")
	w.mayFail = true
	var mu sync.Mutex // guards img until the store is closed
	w.onOp(func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Kind == vfs.OpSync {
			img = w.disk.CrashBest()
			return stop
		}
		return nil
	})
	if err := w.erase(1); !errors.Is(err, stop) {
		t.Fatalf("erase: %v", err)
	}
	_ = w.s.Close() // it has failed
	files := filesOf(img)
	frames := framesOf(t, files[segmentPath(1)], 1)
	lost := frames[len(frames)-2]
	must(t, lost.Records(func(r *segment.Record) error {
		clear(files[segmentPath(1)][int(r.At.Offset())+r.EnvelopeLen:][:r.SlotLen])
		return nil
	}))
	if !nextMade {
		delete(files, segmentPath(2))
	}
	img = copyOf(t, files)
	o := w.afterCrash()
	o.FS = img
	s, err := disk.Open(dir, o)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	for range 5 { // their positions are those that were cut off
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}}})
		must(t, err)
	}
	got, err := readAll(s, nil, store.ReadOptions{Limit: 1})
	must(t, err)
	if want := p.commits[0].Events[0]; got[0].Erased != 0 || !bytes.Equal(got[0].Data, want.Data) {
		t.Errorf("the event is erased by %d and has data %q, want %q", got[0].Erased, got[0].Data, want.Data)
	}
}
