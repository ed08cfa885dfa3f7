package disk

import (
	"testing"
	"time"

	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// TestTouchRemembersHowLongItTook touches a record with a clock that says how long that takes.
func TestTouchRemembersHowLongItTook(t *testing.T) {
	var at time.Duration
	var each []time.Duration // from one look at the clock to the next
	segs := newSegments(nil, "", 2)
	segs.clock = func() time.Duration {
		if len(each) > 0 {
			at, each = at+each[0], each[1:]
		}
		return at
	}
	held := []mappedSegment{{segmentFile: &segmentFile{number: 1}, mapping: still{}, raw: make([]byte, 4096)}}
	var near toucher
	for i, tt := range []struct {
		each []time.Duration
		cold bool
	}{
		{[]time.Duration{0, slow / 4, slow / 4}, false},
		{[]time.Duration{0, 2 * slow, 0}, true},
		{[]time.Duration{0, 2 * slow}, true},
		{[]time.Duration{0, slow / 2}, false},
		{[]time.Duration{0, slow / 2, slow}, true},
	} {
		each = tt.each
		near.touch(segs, held, []index.Place{index.MakePlace(1, 64), index.MakePlace(1, 256)})
		if got := segs.cold.Load(); got != tt.cold {
			t.Errorf("step %d: remembered as cold %v, want %v", i, got, tt.cold)
		}
	}
}

// still is a mapping that takes advice.
type still struct{ vfs.Mapping }

func (still) Advise(int, int, vfs.Advice) {}

// TestReadingKeepsNoLongWindow ends readings: the next has the memory of the window, unless one long record made that long.
func TestReadingKeepsNoLongWindow(t *testing.T) {
	for _, tt := range []struct{ had, want int }{{windowBytes, windowBytes}, {windowMax, windowMax}, {windowMax + 1, 0}} {
		r := &reading{}
		r.found.f.window = make([]byte, tt.had)
		r.end()
		if got := cap(r.found.f.window); got != tt.want {
			t.Errorf("of a window of %d bytes, %d are kept, want %d", tt.had, got, tt.want)
		}
	}
}

// TestHoldOpensFewSegmentsAtOnce holds segments of which none is open, and then what is open and some more.
func TestHoldOpensFewSegmentsAtOnce(t *testing.T) {
	fsys := simfs.New()
	if err := fsys.MkdirAll(logDir); err != nil {
		t.Fatal(err)
	}
	var places []index.Place
	for n := uint32(1); n <= 3*maxOpened; n++ {
		if err := fsys.WriteFile(segmentName(n), []byte("x")); err != nil {
			t.Fatal(err)
		}
		places = append(places, index.MakePlace(n, 0))
	}
	segs := newSegments(fsys, "", 2*maxOpened)
	for _, want := range []int{maxOpened, 2 * maxOpened, 3 * maxOpened} {
		held, n := segs.hold(nil, places, 0)
		if n != want || len(held) != want {
			t.Errorf("%d places in %d segments are held, want %d", n, len(held), want)
		}
		segs.releaseAll(held)
	}
	segs.forgetAll()
}
