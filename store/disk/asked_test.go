package disk

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// asking is a mapping that notes the pages that it is asked for.
type asking struct {
	vfs.Mapping
	pages []int
}

// Advise implements [vfs.Mapping].
func (m *asking) Advise(off, n int, a vfs.Advice) {
	if a != vfs.WillNeed {
		return
	}
	for page := off >> askedShift; page <= (off+n-1)>>askedShift; page++ {
		m.pages = append(m.pages, page)
	}
}

// TestAskedPagesAreAskedForOnce asks for parts of pages, and for more of a mapping that has grown.
func TestAskedPagesAreAskedForOnce(t *testing.T) {
	const page = 1 << askedShift
	var m asking
	var none askedPages
	if none.fetch(&m, 0, 10) || len(m.pages) > 0 {
		t.Error("pages of no mapping were asked for")
	}
	a := none.grown(3 * page)
	for _, tt := range []struct {
		off, n int
		want   []int
	}{
		{10, 20, []int{0}},
		{page - 1, 1, nil},
		{page - 1, 2, []int{0, 1}},
		{2*page - 1, page + 1, []int{1, 2}},
		{0, 3 * page, nil},
		{100 * page, 8, nil}, // behind what it knows of
	} {
		m.pages = nil
		if fresh := a.fetch(&m, tt.off, tt.n); !slices.Equal(m.pages, tt.want) || fresh != (tt.want != nil) {
			t.Errorf("%d bytes from %d: pages %v were asked for, fresh %v, want %v", tt.n, tt.off, m.pages, fresh, tt.want)
		}
	}
	m.pages = nil
	if a = a.grown(200 * page); a.fetch(&m, 0, 3*page) || !a.fetch(&m, 150*page, 1) {
		t.Error("a longer mapping does not go on where the shorter one was")
	}
}

// TestTouchAsksForFreshPagesFirst touches records in pages that were never asked for: all of them are asked for, and each once.
func TestTouchAsksForFreshPagesFirst(t *testing.T) {
	var m asking
	raw := make([]byte, 64<<askedShift)
	held := []mappedSegment{{segmentFile: &segmentFile{number: 1}, mapping: &m, raw: raw, asked: askedPages(nil).grown(len(raw))}}
	segs := newSegments(nil, "", 2)
	segs.clock = func() time.Duration { return 0 }
	var near toucher
	places := []index.Place{index.MakePlace(1, 5<<askedShift), index.MakePlace(1, 9<<askedShift+64), index.MakePlace(1, 9<<askedShift+512)}
	for _, want := range [][]int{{5, 9}, nil} {
		m.pages = nil
		near.touch(segs, held, places)
		if !slices.Equal(m.pages, want) {
			t.Errorf("pages %v were asked for, want %v", m.pages, want)
		}
	}
}

// TestDecodeComparesTheFrame decodes a record with the header of its frame, and with that of a frame which begins elsewhere and has the same first
// position.
func TestDecodeComparesTheFrame(t *testing.T) {
	c := segment.Encode("", nil, []store.Event{{Type: "t", Data: []byte("x")}}, make([]segment.Payload, 1))
	c.Finish()
	record := c.Body[c.RecordOffset(0)-segment.FrameHeaderSize:]
	frame := frameFacts{FrameHeader: segment.FrameHeader{First: 7, Events: 1}, at: index.MakePlace(1, 64)}
	at := frame.at + index.Place(c.RecordOffset(0))
	var rec segment.Record
	if err := (&Store{}).decode(&rec, record, &frame, at, 7, true); err != nil {
		t.Fatal(err)
	}
	frame.at -= 8
	if err := (&Store{}).decode(&rec, record, &frame, at, 7, true); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("with another frame: %v", err)
	}
}
