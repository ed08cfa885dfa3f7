package history

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// maxFlipBytes is how much memory flips take with what is told of them, about. The place of one takes 32 bytes beside that.
const maxFlipBytes = 24 << 20

// Spill is where what there is no memory for is kept. It is written by one goroutine at a time, and read when all is written. Whoever made it closes it.
type Spill interface {
	io.Writer
	io.ReaderAt
}

// Flips yields the flips, by position. It may be asked for any number of times. An error is yielded once, last, with a nil Flip.
func (b *Bisection) Flips(ctx context.Context) iter.Seq2[*Flip, error] {
	return func(yield func(*Flip, error) bool) {
		var text []byte
		for i := range b.flips.places {
			place := &b.flips.places[i]
			flip, err := place.flip, ctx.Err()
			if flip == nil && err == nil {
				flip, text, err = b.flips.read(place, text)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(flip, nil) {
				return
			}
		}
	}
}

// flips are those at the lowest positions, as many as the limit.
type flips struct {
	limit  int
	places flipHeap
	room   int // for what is told of them, in bytes

	open   func() (Spill, error) // nil where all stays in memory
	spill  Spill                 // nil while there is room
	offset int64                 // how much was written
	text   []byte                // what comes next in the spill
}

// flipPlace is where a flip is, and where that is which is told of it: in memory, or else in the spill.
type flipPlace struct {
	position store.Position
	flip     *Flip
	offset   int64
	size     uint32
}

func (f *flips) add(step *reducer.Step, to, late bool) error {
	at := step.Event.Position
	if len(f.places) == f.limit && at > f.places[0].position {
		return nil
	}
	flip := &Flip{Event: MentionOf(&step.Event), To: to, Late: late, Changes: step.Changes}
	place := flipPlace{position: at}
	if f.spill != nil {
		if err := f.put(&place, flip); err != nil {
			return err
		}
	} else {
		flip.Changes = cloneChanges(step.Changes)
		place.flip = flip
		f.room -= flip.bytes()
	}
	heap.Push(&f.places, place)
	if len(f.places) > f.limit {
		gone, _ := heap.Pop(&f.places).(flipPlace)
		if gone.flip != nil {
			f.room += gone.flip.bytes()
		}
	}
	if f.room < 0 && f.spill == nil && f.open != nil {
		return f.spillAll()
	}
	return nil
}

// spillAll moves what is in memory out of it.
func (f *flips) spillAll() (err error) {
	if f.spill, err = f.open(); err != nil {
		return err
	}
	for i := range f.places {
		if err := f.put(&f.places[i], f.places[i].flip); err != nil {
			return err
		}
		f.places[i].flip = nil
	}
	return nil
}

// spillPage is how much is written at a time.
const spillPage = 64 << 10

// put writes what is told of a flip.
func (f *flips) put(place *flipPlace, flip *Flip) error {
	place.offset = f.offset + int64(len(f.text))
	before := len(f.text)
	f.text = flip.append(f.text)
	place.size = uint32(len(f.text) - before) //nolint:gosec // an event has 16 MiB
	if len(f.text) < spillPage {
		return nil
	}
	return f.flush()
}

func (f *flips) flush() error {
	n, err := f.spill.Write(f.text)
	f.offset += int64(n)
	f.text = f.text[:0]
	if err != nil {
		return fmt.Errorf("keep flips: %w", err)
	}
	return nil
}

// read reads what is told of a flip, into memory that it returns for the next one.
func (f *flips) read(place *flipPlace, text []byte) (*Flip, []byte, error) {
	text = slices.Grow(text[:0], int(place.size))[:place.size]
	if _, err := f.spill.ReadAt(text, place.offset); err != nil {
		return nil, text, fmt.Errorf("read flips that were kept: %w", err)
	}
	flip, ok := parseFlip(text)
	if !ok || flip.Event.Position != place.position {
		return nil, text, fmt.Errorf("read flips that were kept: the one at position %d is not what was written", place.position)
	}
	return flip, text, nil
}

// mentionBytes is about what a flip takes beside the texts in it.
const mentionBytes = 256

func (f *Flip) bytes() int {
	return mentionBytes + len(f.Event.ID) + len(f.Event.Stream) + len(f.Event.Type) + len(f.Event.Actor) + changesBytes(f.Changes)
}

// finish sorts the flips.
func (f *flips) finish() error {
	slices.SortFunc(f.places, func(a, b flipPlace) int { return cmp.Compare(a.position, b.position) })
	if f.spill == nil {
		return nil
	}
	return f.flush()
}

// flipHeap has the flip at the highest position on top.
type flipHeap []flipPlace

func (h *flipHeap) Len() int           { return len(*h) }
func (h *flipHeap) Less(i, j int) bool { return (*h)[i].position > (*h)[j].position }
func (h *flipHeap) Swap(i, j int)      { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *flipHeap) Push(x any)         { *h = append(*h, x.(flipPlace)) } //nolint:errcheck,forcetypeassert // flips alone are pushed
func (h *flipHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = flipPlace{}
	*h = (*h)[:last]
	return x
}
