package history

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
)

// backward are changes of the events of one state, which are asked for the other way round than they were folded. They are read from the end of the spill, so that nothing has to be known of where they are.
type backward struct {
	file   *spillFile
	offset int64  // what is before it was not read yet
	page   []byte // what stands before it
}

// backward folds the events of the state up to one.
func (p *spiller) backward(ctx context.Context, last store.Position) (*backward, error) {
	sel := p.sel
	if p.o.EffectiveAt.IsZero() {
		sel.Until = last
	}
	if err := p.fold(ctx, sel, last, func(store.Position) {}); err != nil {
		return nil, err
	}
	return &backward{file: p.file, offset: p.file.end()}, nil
}

func (b *backward) has(store.Position) bool { return true }

// of reads on, towards the beginning, until it comes to an event.
func (b *backward) of(_ context.Context, c *Changed) error {
	for {
		text, err := b.last()
		if err != nil {
			return fmt.Errorf("read what events changed: %w", err)
		}
		if same, err := parseChanged(text, c); same || err != nil {
			return err
		}
	}
}

var errNotSpilled = errors.New("an event is not one of those that were folded, or came out of order")

// last takes the last event off, which is valid until the next call.
func (b *backward) last() ([]byte, error) {
	if err := b.have(sizeBytes); err != nil {
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(b.page[len(b.page)-sizeBytes:]))
	if err := b.have(size + 2*sizeBytes); err != nil {
		return nil, err
	}
	start := len(b.page) - size - 2*sizeBytes
	text := b.page[start+sizeBytes:][:size]
	b.page = b.page[:start]
	return text, nil
}

// have reads what comes before, so that there are n bytes at least.
func (b *backward) have(n int) error {
	if n <= len(b.page) {
		return nil
	}
	more := min(max(spillPage, n-len(b.page)), int(b.offset))
	if more+len(b.page) < n {
		return errNotSpilled
	}
	b.page = slices.Insert(b.page, 0, make([]byte, more)...)
	b.offset -= int64(more)
	_, err := b.file.spill.ReadAt(b.page[:more], b.offset)
	return err
}
