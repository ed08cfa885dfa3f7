package disk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideRefusedRollRestoreIsPrefix has no room for the segment that one restored commit needs, and room again for
// those that follow at once: none of them is restored, and the same restore goes on from there.
func TestBesideRefusedRollRestoreIsPrefix(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	commits := []store.RecordedCommit{recordedCommit(1, "1", 3000), recordedCommit(2, "2", 3000), recordedCommit(3, "3", 10), recordedCommit(4, "4", 3000)}
	r.before(opOn(vfs.OpCreate, "00000002.seg"), func() error { return errNoRoom })
	if err := r.restore(commits); !errors.Is(err, errNoRoom) {
		t.Fatalf("restore without room: %v", err)
	}
	r.wantData("1")
	if err := r.restore(commits[1:]); err != nil {
		t.Fatalf("restore with room again: %v", err)
	}
	r.wantData("1", "2", "3", "4")
}

// restore restores commits.
func (r *rig) restore(commits []store.RecordedCommit) error {
	return r.s.Restore(limited(r.t), func(yield func(store.RecordedCommit, error) bool) {
		for _, c := range commits {
			if !yield(c, nil) {
				return
			}
		}
	})
}

// recordedCommit is a commit of one event, with data that is filled up with blanks to a number of bytes.
func recordedCommit(p store.Position, data string, bytes int) store.RecordedCommit {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return store.RecordedCommit{RecordedAt: at, Events: []store.Recorded{
		{Event: wideEvent("", data, bytes).Events[0], Position: p, Commit: p, RecordedAt: at},
	}}
}
