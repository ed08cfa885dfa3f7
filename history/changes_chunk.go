package history

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/gestadb/gesta/store"
)

// The first chunk covers so many positions at the least, and none more than the most, each of which takes eight bytes. In between it covers a few times as many as the events so far, so that the states of streams which nobody
// comes to see are not folded in vain, and that one which is part of many chunks is folded but a few times.
const (
	leastChunk = 1 << 16
	mostChunk  = 2 << 20
)

// chunk is changes of the events of all streams after one position and up to another, in whatever order they are asked for.
type chunk struct {
	*spiller
	after, until store.Position
	places       []int64 // where those of an event are in the spill, by its position; -1 for none
	window       []byte  // of the spill
	offset       int64   // of the window
}

// chunk folds the streams that have events between a position and another one, further on.
func (p *spiller) chunk(ctx context.Context, from store.Position) (*chunk, error) {
	covered := max(from, p.first) - min(from, p.first)
	size := min(max(leastChunk, batchGrowth*covered), mostChunk)
	c := &chunk{spiller: p, after: max(from, size) - size, until: from}
	if p.o.InOrder {
		c.after, c.until = from-1, from-1+size
	}
	c.after, c.until = max(c.after, p.sel.After), min(c.until, p.sel.Until)
	if was, ok := p.told.(*chunk); ok {
		c.places = was.places
	}
	c.places = slices.Grow(c.places[:0], int(c.until-c.after))[:c.until-c.after] //nolint:gosec // there are mostChunk at the most
	for i := range c.places {
		c.places[i] = -1
	}
	q, _ := p.sel.Query() // there are events
	for name, err := range touched(ctx, p.s, q, c.after, c.until, maxTouchedBytes) {
		if err != nil {
			return nil, err
		}
		sel := Selection{Subject: Stream, Name: name, After: c.after, Until: c.until, Filter: p.sel.Filter}
		if err := p.fold(ctx, sel, 0, func(at store.Position) { c.places[at-c.after-1] = p.file.end() }); err != nil && (p.o.LeftOut == nil || !isGone(err)) { // its events are told of one by one
			return nil, err
		}
	}
	return c, nil
}

func (k *chunk) has(p store.Position) bool { return p > k.after && p <= k.until }

// of reads what an event changed. Of one that was not among those of the selection it finds that out.
func (k *chunk) of(ctx context.Context, c *Changed) error {
	if c.Event.Stream == "" {
		return nil
	}
	place := int64(-1)
	if k.has(c.Event.Position) {
		place = k.places[c.Event.Position-k.after-1]
	}
	if place < 0 {
		one := []Changed{*c}
		err := k.tell(ctx, one)
		*c = one[0]
		return err
	}
	text, err := k.read(place)
	if err != nil {
		return fmt.Errorf("read what events changed: %w", err)
	}
	same, err := parseChanged(text, c)
	if err == nil && !same {
		err = fmt.Errorf("read what events changed: the one at position %d is not where it was written", c.Event.Position)
	}
	return err
}

// read returns what stands at a place, which is valid until the next call.
func (k *chunk) read(place int64) ([]byte, error) {
	head, err := k.bytes(place, sizeBytes)
	if err != nil {
		return nil, err
	}
	return k.bytes(place+sizeBytes, int64(binary.LittleEndian.Uint32(head)))
}

// windowBytes is how much is read at a time, and where that begins: what follows an event in its state is likely to be asked for next, or what came before.
const windowBytes = 4 << 10

func (k *chunk) bytes(at, n int64) ([]byte, error) {
	if at < k.offset || at+n > k.offset+int64(len(k.window)) {
		k.offset = at - at%windowBytes
		size := min(max(at+n-k.offset, 2*windowBytes), k.file.size-k.offset)
		if at+n > k.offset+size {
			return nil, io.ErrUnexpectedEOF
		}
		k.window = slices.Grow(k.window[:0], int(size))[:size]
		if _, err := k.file.spill.ReadAt(k.window, k.offset); err != nil {
			return nil, err
		}
	}
	return k.window[at-k.offset:][:n], nil
}
