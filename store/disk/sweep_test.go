package disk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestReadsTruncateWhatWasRead truncates each event as soon as it is handed out, as who needs an event once does: the read comes to all of them, of
// whatever size they are.
func TestReadsTruncateWhatWasRead(t *testing.T) {
	const n = 20
	for _, size := range []int{100, 6000, 30 << 10, 40 << 10} {
		for _, follow := range []bool{false, true} {
			t.Run(fmt.Sprintf("size=%d/follow=%v", size, follow), func(t *testing.T) {
				s := openWith(t, vfs.OS(), 4096)
				for i := range n {
					appended(t, s, store.Commit{Events: []store.Event{{Type: "T", Data: make([]byte, size+i%8)}}})
				}
				got := 0
				for e, err := range s.Read(limited(t), nil, store.ReadOptions{Follow: follow, Limit: n}) {
					if err != nil {
						t.Fatalf("after %d events: %v", got, err)
					}
					got++
					_, err := s.Truncate(t.Context(), e.Position)
					must(t, err)
				}
				if got != n {
					t.Errorf("%d events, want %d", got, n)
				}
			})
		}
	}
}

// TestReadsTruncateBesideTrackings truncates, right before a read opens its segment again, what that has handed out of it: the rest of the segment is frames
// without events. The size of the event decides which part of a frame the chunk that was read before ends with.
func TestReadsTruncateBesideTrackings(t *testing.T) {
	for size := 0; size < 80; size += 8 {
		r := newRig(t, disk.Options{SegmentBytes: 16 << 10})
		r.add(store.Commit{Events: []store.Event{{Type: "T", Data: make([]byte, size)}}})
		track(t, r.s, 220)
		for range 4 {
			r.add(wideEvent("s", "", 20<<10))
		}
		ro := r.reader(disk.Options{SegmentBytes: 16 << 10, OpenSegments: 2, PollInterval: time.Hour}, nil)
		got, happened := 0, func() bool { return false }
		for _, err := range ro.s.Read(limited(t), nil, store.ReadOptions{}) {
			if err != nil {
				t.Fatalf("size %d, after %d events: %v", size, got, err)
			}
			if got++; got > 1 {
				continue
			}
			if _, err := readAll(ro.s, store.Query{{Stream: "s"}}, store.ReadOptions{}); err != nil { // so the first segment is not open any more
				t.Fatal(err)
			}
			happened = ro.before(opOn(vfs.OpOpen, "00000001.seg"), func() error {
				r.truncateThrough(1, 2)
				return nil
			})
		}
		if got != 5 || !happened() {
			t.Errorf("size %d: %d events, want 5; truncated beside: %v", size, got, happened())
		}
	}
}

// TestReadsStopAmongTrackings cancels a read that has many frames without events before it: it does not go through them all.
func TestReadsStopAmongTrackings(t *testing.T) {
	fs := &mappings{FS: vfs.OS()}
	s := openWith(t, fs, 1<<20)
	appended(t, s, store.Commit{Events: []store.Event{{Type: "T"}}})
	track(t, s, 4000)
	appended(t, s, store.Commit{Events: []store.Event{{Type: "T"}}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var failure error
	var before int64
	for _, err := range s.Read(ctx, nil, store.ReadOptions{}) {
		failure = err
		cancel()
		if err == nil {
			before = fs.reads.Load()
		}
	}
	if !errors.Is(failure, context.Canceled) {
		t.Errorf("the read ended with %v, want %v", failure, context.Canceled)
	}
	if n := fs.reads.Load() - before; n > 1 {
		t.Errorf("%d chunks were read after the read was canceled", n)
	}
}

// openWith opens a store of segments of so many bytes.
func openWith(t *testing.T, fs vfs.FS, segmentBytes int64) *disk.Store {
	t.Helper()
	s, err := disk.Open(t.TempDir(), disk.Options{FS: fs, SegmentBytes: segmentBytes, Sync: disk.SyncNever})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func appended(t *testing.T, s *disk.Store, c store.Commit) {
	t.Helper()
	_, err := s.Append(t.Context(), c)
	must(t, err)
}

// track appends n frames without events.
func track(t *testing.T, s *disk.Store, n int) {
	t.Helper()
	for i := range n {
		appended(t, s, store.Commit{Tracking: &store.Tracking{Source: "source", Position: uint64(i + 1)}})
	}
}
