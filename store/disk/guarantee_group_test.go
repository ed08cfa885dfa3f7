package disk_test

import (
	"errors"
	"fmt"
	"path"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestGuaranteeGroupIsJudgedInOrder appends the same twice in one group: the second is judged with the first before it.
func TestGuaranteeGroupIsJudgedInOrder(t *testing.T) {
	tracked := oneEvent("a-1", "x")
	tracked.Tracking = &store.Tracking{Source: "left", Position: 1}
	tests := map[string]struct {
		commit store.Commit
		want   error // of the second; nil for a duplicate
	}{
		"StreamAt":  {withGuards(oneEvent("a-1", "x"), store.StreamAt{Stream: "a-1"}), store.ErrConflict},
		"NoneMatch": {withGuards(oneEvent("", "x", "seat:7"), store.NoneMatch{Query: store.Query{{Tags: []string{"seat:7"}}}}), store.ErrConflict},
		"tracking":  {tracked, store.ErrTracking},
		"key":       {withKey(oneEvent("a-1", "x"), "k"), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, disk.Options{})
			got := r.together(tt.commit, tt.commit)
			if got[0].err != nil || got[0].res.Duplicate {
				t.Fatalf("the first answers %+v, %v", got[0].res, got[0].err)
			}
			if !errors.Is(got[1].err, tt.want) || got[1].res.Duplicate != (tt.want == nil) {
				t.Errorf("the second answers %+v, %v; want %v", got[1].res, got[1].err, tt.want)
			}
			r.wantData("before", "x")
		})
	}
}

func TestGuaranteeGroupCountsVersions(t *testing.T) {
	r := newRig(t, disk.Options{})
	for i, a := range r.together(oneEvent("a-1", "0"), oneEvent("a-1", "1"), oneEvent("a-1", "2")) {
		if a.err != nil || a.res.Version("a-1") != uint64(i+1) {
			t.Errorf("commit %d answers %+v, %v; want version %d", i, a.res, a.err, i+1)
		}
	}
}

// TestGuaranteeOldLookUpIsRepeated keeps a commit in the queue while tables of the index that did not exist when it was looked
// up are written to files: what they say must not be missed.
func TestGuaranteeOldLookUpIsRepeated(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 1 << 20, IndexBytes: 4096, NoMerge: true})
	const commits = 8
	flushed := make(chan struct{}, 2*commits)
	syncs := 0
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.on(func(op vfs.Op) error {
		switch {
		case op.Kind == vfs.OpSyncDir && path.Base(op.Name) == "index":
			flushed <- struct{}{}
		case op.Kind == vfs.OpSync && isSegFile(op.Name):
			once.Do(func() { close(held); <-release })
			if syncs++; syncs > 1 { // the group began a table: the one before goes to a file
				<-flushed
			}
		}
		return nil
	})
	var waits []func() (store.Result, error)
	for i := range commits { // each fills a table
		waits = append(waits, r.s.Start(t.Context(), wideEvent(fmt.Sprintf("a-%d", i), "x", 5000)))
		if i == 0 {
			<-held
		}
	}
	late := r.s.Start(t.Context(), withGuards(oneEvent("late-1", "late"), store.StreamAt{Stream: "a-2"}))
	close(release)
	for i, wait := range waits {
		if _, err := wait(); err != nil {
			t.Fatalf("commit %d: %v", i, err)
		}
	}
	if res, err := late(); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the late commit answers %+v, %v; want a conflict with what was written meanwhile", res, err)
	}
	r.on(nil)
}
