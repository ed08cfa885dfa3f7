package disk_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideTruncateFollowerGoesOn drops the segment that a follower has just read to its end.
func TestBesideTruncateFollowerGoesOn(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.wides("", "1")
	n := 0
	for e, err := range r.s.Read(limited(t), nil, store.ReadOptions{Follow: true, Limit: 3}) {
		if err != nil {
			t.Fatalf("after %d events: %v", n, err)
		}
		if n++; e.Position != store.Position(n) {
			t.Fatalf("position %d comes as the event %d", e.Position, n)
		}
		if e.Position == 1 {
			r.wides("", "2", "3")
			r.truncateThrough(1, 2)
		}
	}
}

// TestBesideTruncatePausedReaderGoesOn drops all segments that a reader has read, while it has its last event in hand.
func TestBesideTruncatePausedReaderGoesOn(t *testing.T) {
	const batch = 16 // the first one that a read takes
	for name, through := range map[string]store.Position{"all that it has read": batch, "more": batch + 2} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: 4096})
			for i := range batch + 4 {
				r.wides("", fmt.Sprint(i+1))
			}
			n := 0
			var failed error
			for e, err := range r.s.Read(limited(t), nil, store.ReadOptions{}) {
				if failed = err; err != nil {
					break
				}
				if n++; e.Position == batch {
					r.truncateThrough(through, through+1)
				}
			}
			if through == batch && (n != batch+4 || failed != nil) {
				t.Errorf("%d events were read, %v; want all %d", n, failed, batch+4)
			}
			if through > batch && (n != batch || !errors.Is(failed, store.ErrTruncated)) {
				t.Errorf("%d events were read, %v; want %d, and that the rest was truncated", n, failed, batch)
			}
		})
	}
}

// TestBesideTruncateDumpGoesOn drops each commit that a dump has yielded.
func TestBesideTruncateDumpGoesOn(t *testing.T) {
	const commits, size = 20, 600 << 10 // several batches
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	for i := range commits {
		r.add(wideEvent("", fmt.Sprint(i+1), size))
	}
	n := 0
	for c, err := range r.s.Dump(limited(t), 0) {
		if err != nil {
			t.Fatalf("after %d commits: %v", n, err)
		}
		n++
		if p := c.Events[0].Position; p != store.Position(n) {
			t.Fatalf("position %d comes as the commit %d", p, n)
		} else if p < commits {
			r.truncateThrough(p, p+1)
		}
	}
	if n != commits {
		t.Errorf("%d commits were dumped, want %d", n, commits)
	}
}

// TestBesideTruncateAppendLooksUpAgain truncates between what an append has found in an index file and its look at the
// event there.
func TestBesideTruncateAppendLooksUpAgain(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096, OpenSegments: 2, NoMerge: true})
	r.add(wideEvent("s", "1", 3000))
	for i := range 9 {
		r.wides("", fmt.Sprint(i))
	}
	r = r.indexed()
	happened := r.before(func(op vfs.Op) bool { return op.Kind == vfs.OpRead && indexHolds(op.Name, ".places", 1) }, func() error {
		r.truncateThrough(5, 6)
		return nil
	})
	res, err := r.s.Append(limited(t), oneEvent("s", "2"))
	if err != nil || res.Version("s") != 2 {
		t.Errorf("append beside a truncation: %+v, %v; want version 2", res, err)
	}
	if !happened() {
		t.Error("the append did not look into the index file of the first event")
	}
}

// TestBesideTruncateKeyIsForgotten truncates the commit that has a key, when a repeat has found it and is not yet judged.
func TestBesideTruncateKeyIsForgotten(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096, OpenSegments: 2, NoMerge: true})
	keyed := withKey(wideEvent("", "keyed", 3000), "k")
	r.add(keyed)
	for i := range 9 {
		r.wides("", fmt.Sprint(i))
	}
	r = r.indexed()
	ctx := &askedContext{Context: limited(t), do: func() { r.truncateThrough(5, 6) }}
	r.before(opOn(vfs.OpMap, "00000001.seg"), func() error {
		ctx.armed.Store(true)
		return nil
	})
	if res, err := r.s.Append(ctx, keyed); err != nil || res.Duplicate || res.First != 11 {
		t.Errorf("the repeat of what was truncated: %+v, %v; want it written anew", res, err)
	}
	if ctx.armed.Load() {
		t.Error("nothing was truncated")
	}
}

// TestBesideTruncateBeginIsDurable appends, in a store that leaves syncing to the operating system, between a truncation's
// sync of the log and its choice of where the log begins then: after a loss of power the store opens, and no stream is
// ahead of the log.
func TestBesideTruncateBeginIsDurable(t *testing.T) {
	tests := map[string]struct {
		through store.Position
		beside  store.Commit
		times   int
	}{
		"the log rolls":    {store.MaxPosition, wideEvent("s", "beside", 3000), 3},
		"a stream is made": {2, oneEvent("t", "beside"), 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: 4096, Sync: disk.SyncNever})
			r.wides("s", "1", "2", "3")
			ctx := &askedContext{Context: limited(t), do: func() {
				for range test.times {
					r.add(test.beside)
				}
			}}
			happened := r.before(func(op vfs.Op) bool { return op.Kind == vfs.OpSync && isSegFile(op.Name) }, func() error {
				ctx.armed.Store(true)
				return nil
			})
			if first, err := r.s.Truncate(ctx, test.through); err != nil || first == 1 {
				t.Fatalf("truncating leaves %d, %v", first, err)
			}
			if !happened() || ctx.armed.Load() {
				t.Fatal("nothing was appended beside the truncation")
			}
			r.powerLoss().wantNoStreamAhead()
		})
	}
}

// wantNoStreamAhead checks that streams end in the log, and that a new one begins at version 1.
func (r *rig) wantNoStreamAhead() {
	r.t.Helper()
	head, err := r.s.Head(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	for info, err := range r.s.Streams(context.Background(), store.StreamsOptions{}) {
		if err != nil || info.LastPosition > head {
			r.t.Errorf("the head is %d, and a stream is %+v, %v", head, info, err)
		}
	}
	if res := r.add(oneEvent("t", "first")); res.Version("t") != 1 {
		r.t.Errorf("the first event of a stream: %+v; want version 1", res)
	}
}

// TestBesideTruncateCheckGoesOn drops segments that a check has listed and not yet read.
func TestBesideTruncateCheckGoesOn(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.wides("", "1", "2", "3", "4", "5", "6")
	happened := r.before(opOn(vfs.OpOpen, "00000002.seg"), func() error {
		r.truncateThrough(4, 5)
		return nil
	})
	r.wantSound()
	if !happened() {
		t.Error("the check did not open the second segment")
	}
}

// wantSound checks the store while it is open, which must find nothing.
func (r *rig) wantSound() {
	r.t.Helper()
	report, err := r.s.Check(limited(r.t), store.CheckOptions{})
	if err != nil || !report.OK() {
		r.t.Errorf("check: %v, %+v", err, report.Problems)
	}
}

// TestBesideTruncateAgainRemovesWhatIsLeft repeats a truncation that could not remove its segments.
func TestBesideTruncateAgainRemovesWhatIsLeft(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.wides("", "1", "2", "3", "4", "5", "6")
	r.before(func(op vfs.Op) bool { return op.Kind == vfs.OpRemove && isSegFile(op.Name) }, func() error { return errDisk })
	if _, err := r.s.Truncate(limited(t), 4); !errors.Is(err, errDisk) {
		t.Fatalf("truncating where nothing can be removed returns %v", err)
	}
	r.truncateThrough(4, 5)
	want := []string{dir + "/log/00000005.seg", dir + "/log/00000006.seg"}
	if d := cmp.Diff(want, rigSegments(r.disk)); d != "" {
		t.Errorf("segments (-want +got):\n%s", d)
	}
}

// TestBesideTruncateFailedIsNotForgotten fails a truncation when the file that says where the log begins has its name: what a smaller truncation answers
// after that is what a crash leaves.
func TestBesideTruncateFailedIsNotForgotten(t *testing.T) {
	for name, fails := range map[string]vfs.Op{
		"sync": {Kind: vfs.OpSyncDir, Name: dir},
		"open": {Kind: vfs.OpOpen, Name: dir + "/heads"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: 4096})
			r.wides("a-1", "1", "2", "3", "4")
			var renamed, failed atomic.Bool
			r.on(func(op vfs.Op) error {
				if op.Kind == vfs.OpRename && op.NewName == dir+"/heads" {
					renamed.Store(true)
				}
				if renamed.Load() && op.Kind == fails.Kind && op.Name == fails.Name && failed.CompareAndSwap(false, true) {
					return errDisk
				}
				return nil
			})
			if _, err := r.s.Truncate(limited(t), 3); !errors.Is(err, errDisk) {
				t.Fatalf("truncating returns %v", err)
			}
			r.on(nil)
			r.truncateThrough(1, 4)
			for _, after := range []*rig{r.killed(), r.found(r.disk.CrashWorst())} {
				after.open()
				after.truncateThrough(0, 4)
				events, err := readAll(after.s, nil, store.ReadOptions{After: 3})
				if err != nil || len(events) != 1 {
					t.Errorf("%d events are left, %v; want 1", len(events), err)
				}
			}
		})
	}
}

// TestBesideTruncateMergeGivesWay holds back a merge of index files, as a large one takes its time, whose first files are truncated: that, and appends
// and another truncation after it, do not wait for the merge.
func TestBesideTruncateMergeGivesWay(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096})
	held, goOn := make(chan struct{}), make(chan struct{})
	var first int // files that begin with position 1, tables' ones too; guarded by mu
	var mu sync.Mutex
	r.on(func(op vfs.Op) error {
		if op.Kind != vfs.OpCreate || !strings.HasPrefix(path.Base(op.Name), "0000000000000001-") || !strings.Contains(op.Name, ".idx") {
			return nil
		}
		mu.Lock()
		first++
		hold := first == 2
		mu.Unlock()
		if hold {
			close(held)
			<-goOn
		}
		return nil
	})
	release := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release)
	n := 0
	add := func() {
		n++
		if _, err := r.s.Append(limited(t), wideEvent("a-1", fmt.Sprint(n), 3000)); err != nil {
			t.Fatalf("append %d: %v", n, err)
		}
	}
	for reached := false; !reached; {
		if n == 500 {
			t.Fatal("nothing was merged")
		}
		add()
		select {
		case <-held:
			reached = true
		default:
		}
	}
	for _, through := range []store.Position{2, 4} {
		truncated := make(chan error, 1)
		go func() {
			got, err := r.s.Truncate(t.Context(), through)
			if err == nil && got != through+1 {
				err = fmt.Errorf("truncating through %d leaves %d", through, got)
			}
			truncated <- err
		}()
		if err := receive(t, truncated); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			add()
		}
	}
	release()
	after := r.closed()
	for _, name := range after.disk.Files() {
		if strings.HasSuffix(name, ".tmp") || indexHolds(name, ".idx", 1) {
			t.Errorf("%s is left", name)
		}
	}
	after.open()
	events, err := readAll(after.s, nil, store.ReadOptions{After: 4})
	if err != nil || len(events) != n-4 {
		t.Errorf("%d events are left, %v; want %d", len(events), err, n-4)
	}
	report, err := after.s.Check(t.Context(), store.CheckOptions{})
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("check: %+v, %v", report.Problems, err)
	}
}
