package disk_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

func TestGuaranteeAcknowledgedSurvivesPowerLoss(t *testing.T) {
	r := newRig(t, disk.Options{})
	for i := range 3 {
		r.add(oneEvent("a-1", fmt.Sprint(i)))
	}
	r.powerLoss().wantData("0", "1", "2")
}

func TestGuaranteeRollSurvivesPowerLoss(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	var want []string
	for i := range 12 {
		want = append(want, fmt.Sprint(i))
		r.add(wideEvent("a-1", fmt.Sprint(i), 1000))
		r.powerLoss().wantData(want...)
	}
	if n := len(rigSegments(r.disk)); n < 3 {
		t.Fatalf("there are %d segments, want several", n)
	}
}

func TestGuaranteeHeadMovesAfterSync(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	syncs := 0
	r.on(func(op vfs.Op) error {
		if op.Kind != vfs.OpSync || !isSegFile(op.Name) {
			return nil
		}
		syncs++
		if head, err := r.s.Head(t.Context()); err != nil || head != 1 {
			t.Errorf("while the second commit is synced the head is %d, %v; want 1", head, err)
		}
		if got, err := dataOf(r.s); err != nil || !slices.Equal(got, []string{"first"}) {
			t.Errorf("while the second commit is synced a read yields %q, %v", got, err)
		}
		return nil
	})
	r.add(oneEvent("a-1", "second"))
	if syncs != 1 {
		t.Errorf("the second commit took %d syncs, want 1", syncs)
	}
	r.wantData("first", "second")
}

func TestGuaranteeReaderShowsWhatIsDurable(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	syncs := 0
	r.on(func(op vfs.Op) error {
		if op.Kind != vfs.OpSync || !isSegFile(op.Name) {
			return nil
		}
		syncs++
		if got, err := readBeside(r.disk); err != nil || !slices.Equal(got, []string{"first"}) {
			t.Errorf("while the second commit is synced a reader beside the writer sees %q, %v", got, err)
		}
		return nil
	})
	r.add(oneEvent("a-1", "second"))
	if syncs != 1 {
		t.Errorf("the second commit took %d syncs, want 1", syncs)
	}
}

// readBeside opens a store read-only and returns the data of its events.
func readBeside(d *simfs.FS) ([]string, error) {
	s, err := disk.Open(dir, disk.Options{FS: d, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	got, err := dataOf(s)
	return got, errors.Join(err, s.Close())
}

func TestGuaranteeFailedSyncIsUnknown(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	r.disk.FailSync(1, isSegFile)
	if _, err := r.s.Append(t.Context(), oneEvent("a-1", "second")); !errors.Is(err, store.ErrUnknown) || !errors.Is(err, simfs.ErrSync) {
		t.Errorf("the commit whose sync failed has the error %v; want an unknown outcome with the cause", err)
	}
	r.wantData("first")
}

func TestGuaranteeFailedLogStaysFailed(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	r.disk.FailSync(1, isSegFile)
	if _, err := r.s.Append(t.Context(), oneEvent("a-1", "second")); err == nil {
		t.Fatal("the commit whose sync failed was accepted")
	}
	r.on(func(op vfs.Op) error {
		if isSegFile(op.Name) && op.Kind.Changes() {
			t.Errorf("%v of %s after the log has failed", op.Kind, op.Name)
		}
		return nil
	})
	if _, err := r.s.Append(t.Context(), oneEvent("a-1", "third")); !errors.Is(err, store.ErrFailed) {
		t.Errorf("a commit after that has the error %v; want that the log has failed", err)
	}
	if err := r.s.Close(); !errors.Is(err, store.ErrFailed) {
		t.Errorf("closing returns %v; want that the log has failed", err)
	}
}

// TestGuaranteeAnswersWaitForSync fails the sync of a commit that other answers rest on: they are as unknown as the commit.
func TestGuaranteeAnswersWaitForSync(t *testing.T) {
	tests := map[string]store.Commit{
		"conflict":  withGuards(oneEvent("a-1", "other"), store.StreamAt{Stream: "a-1", Version: 7}),
		"duplicate": withKey(oneEvent("a-1", "first"), "k"),
		"tracking":  {Tracking: &store.Tracking{Source: "left", Position: 1}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, disk.Options{})
			first := withKey(oneEvent("a-1", "first"), "k")
			first.Tracking = &store.Tracking{Source: "left", Position: 1}
			r.disk.FailSync(2, isSegFile) // that of the group
			got := r.together(first, c)
			if !errors.Is(got[0].err, store.ErrUnknown) || !errors.Is(got[0].err, simfs.ErrSync) {
				t.Fatalf("the first commit answers %+v, %v; want an unknown outcome", got[0].res, got[0].err)
			}
			if !errors.Is(got[1].err, store.ErrUnknown) || !errors.Is(got[1].err, simfs.ErrSync) {
				t.Errorf("what rests on it answers %+v, %v; want an unknown outcome with the same cause", got[1].res, got[1].err)
			}
		})
	}
}
