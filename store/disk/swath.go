package disk

import (
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// swath is a stretch of the log that a sweep has read and verified, but for the payloads: the events that are handed out next. It is filled again and
// again; what it points to is not written again.
type swath struct {
	items  []swathItem
	runs   []run
	chunks [][]byte // of the log, each shared by its events

	most int  // how many items it may have
	read bool // a chunk was read for it, and no other is

	over bool  // there is nothing behind it in the range of the sweep
	err  error // why there is not
}

// swathItem is an event of a swath.
type swathItem struct {
	segment.Layout
	off uint32 // of the record in its chunk
}

// run is what neighbours in a swath have in common: they are of one frame, and in one chunk.
type run struct {
	tracking   *store.Tracking
	at         index.Place    // of the frame
	first      store.Position // of the frame
	recordedAt int64          // microseconds since the Unix epoch
	from       int64          // offset of the chunk in its segment
	chunk      int            // in chunks
	end        int            // the index behind the last item
}

const (
	// swathItems bounds the events of a swath.
	swathItems = 1024

	// fewItems is how many items a swath has room for at first.
	fewItems = 64
)

// begin empties a swath, which is to be filled with so many events at the most.
func (h *swath) begin(most int) {
	h.forget()
	h.most = min(most, swathItems)
}

// forget empties a swath, but for the memory of its items.
func (h *swath) forget() {
	clear(h.runs)
	clear(h.chunks)
	*h = swath{items: h.items[:0], runs: h.runs[:0], chunks: h.chunks[:0]}
}

// full says whether no more events are to be added.
func (h *swath) full() bool { return len(h.items) >= h.most }

// item returns the item behind the last, which add adds.
func (h *swath) item() *swathItem {
	n := len(h.items)
	if n == cap(h.items) {
		grown := make([]swathItem, n, min(max(2*n, fewItems), swathItems))
		copy(grown, h.items)
		h.items = grown
	}
	return &h.items[:n+1][n]
}

// add adds the item that item returned, of a frame and of a chunk, which begins at an offset of its segment.
func (h *swath) add(f *frameFacts, chunk []byte, from int64) {
	h.items = h.items[:len(h.items)+1]
	c, r := len(h.chunks), len(h.runs)
	if c == 0 || &h.chunks[c-1][0] != &chunk[0] {
		h.chunks = append(h.chunks, chunk)
		c++
	}
	if r == 0 || h.runs[r-1].at != f.at || h.runs[r-1].chunk != c-1 {
		h.runs = append(h.runs, run{tracking: f.tracking, at: f.at, first: f.First, recordedAt: f.RecordedAt, from: from, chunk: c - 1})
		r++
	}
	h.runs[r-1].end = len(h.items)
}
