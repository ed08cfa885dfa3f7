package history

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// MaxFlips is how many flips one bisection keeps at the most.
const MaxFlips = 1_000_000

// Flip is an event after which a condition is another than before it.
type Flip struct {
	Event   Mention
	To      bool
	Changes []reducer.Change // what the event changed in the state, sorted by path

	// Late says that the event took effect before an earlier one of its stream. It is not known of the events of a tag.
	Late bool
}

// BisectOptions say which flips are looked for. The zero value looks for the first one to true in each state.
type BisectOptions struct {
	StateOptions
	ArrayKey string // that of reducer.Want
	All      bool   // every flip, to true and to false

	// Limit keeps those at the lowest positions, at most [MaxFlips]. With 0 all are kept, and more than MaxFlips are an error.
	Limit int

	Workers int // defaults to the number of cores that Go uses

	// Progress, unless nil, is told how many streams have been looked at, each time that it rises, by one goroutine at a time.
	Progress func(streams int)
}

// Bisection is what a condition was found to do.
type Bisection struct {
	Streams int    // how many streams were folded, or 1 for a tag
	Events  uint64 // how many events were folded: of a single state, up to the last flip that was asked for
	Flips   []Flip // by position
	Found   uint64 // how many flips there are: of a single state as Events
}

// Bisect folds the events of a stream or a tag from the first one on, and says after which of those in the selection the condition becomes another: before the first event of all
// it counts as false. Under an effective time the first flip is the first in the order of the fold. It returns errors as of [FoldState].
func Bisect(ctx context.Context, s store.Store, sel Selection, c *Condition, o BisectOptions) (*Bisection, error) {
	b, err := newBisector(c, o)
	if err != nil {
		return nil, err
	}
	b.single = true
	if err := b.fold(ctx, s, sel); err != nil {
		return nil, err
	}
	return b.result()
}

// bisector collects the flips of any number of folds.
type bisector struct {
	condition *Condition
	o         BisectOptions
	single    bool // there is one fold: it ends where nothing more is asked of it

	mu    sync.Mutex // guards what follows
	out   Bisection
	flips flipHeap
}

func newBisector(c *Condition, o BisectOptions) (*bisector, error) {
	if o.Limit < 0 || o.Limit > MaxFlips {
		return nil, invalidf("the number of flips is between 1 and %d, not %d", MaxFlips, o.Limit)
	}
	return &bisector{condition: c, o: o}, nil
}

// fold adds the flips of one state.
func (b *bisector) fold(ctx context.Context, s store.Store, sel Selection) error {
	st, err := newState(ctx, s, sel, b.o.StateOptions)
	if err != nil {
		return err
	}
	late, err := st.lateness(ctx, s)
	if err != nil {
		return err
	}
	held, p, found := false, b.condition.probe(), 0
	inOrder := b.o.EffectiveAt.IsZero()
	for step, err := range st.Steps(ctx, s, reducer.Want{Changes: true, ArrayKey: b.o.ArrayKey, Paths: b.condition.paths}) {
		if err != nil && !b.single && st.Position == 0 && isUnknown(err) {
			return nil // a stream that came later
		}
		if err != nil {
			return err
		}
		isLate := late.of(&step.Event)
		holds := p.after(step)
		flips := holds != held
		held = holds
		if !flips || step.Event.Position <= sel.After || !b.o.All && !holds {
			continue
		}
		b.add(step, holds, isLate)
		found++
		if !b.o.All || b.single && inOrder && found == b.o.Limit {
			break
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Events += st.Events
	b.out.Streams++
	if b.o.Progress != nil {
		b.o.Progress(b.out.Streams)
	}
	return nil
}

// add keeps a flip, unless there are enough at lower positions.
func (b *bisector) add(step *reducer.Step, to, late bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Found++
	limit := cmp.Or(b.o.Limit, MaxFlips)
	if len(b.flips) == limit && step.Event.Position > b.flips[0].Event.Position {
		return
	}
	heap.Push(&b.flips, Flip{Event: MentionOf(&step.Event), To: to, Late: late, Changes: cloneChanges(step.Changes)})
	if len(b.flips) > limit {
		heap.Pop(&b.flips)
	}
}

// result returns what was found.
func (b *bisector) result() (*Bisection, error) {
	if b.o.Limit == 0 && b.out.Found > MaxFlips {
		return nil, &store.TooLargeError{What: "bisection without a limit", Unit: "flips", Got: int(b.out.Found), Max: MaxFlips} //nolint:gosec // counts of events fit
	}
	slices.SortFunc(b.flips, func(a, b Flip) int { return cmp.Compare(a.Event.Position, b.Event.Position) })
	b.out.Flips = b.flips
	return &b.out, nil
}

func cloneChanges(changes []reducer.Change) []reducer.Change {
	out := make([]reducer.Change, len(changes))
	for i := range changes {
		out[i] = reducer.Change{Path: changes[i].Path, Old: slices.Clone(changes[i].Old), New: slices.Clone(changes[i].New)}
	}
	return out
}

// flipHeap has the flip at the highest position on top.
type flipHeap []Flip

func (h *flipHeap) Len() int           { return len(*h) }
func (h *flipHeap) Less(i, j int) bool { return (*h)[i].Event.Position > (*h)[j].Event.Position }
func (h *flipHeap) Swap(i, j int)      { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *flipHeap) Push(x any)         { *h = append(*h, x.(Flip)) } //nolint:errcheck,forcetypeassert // flips alone are pushed
func (h *flipHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = Flip{}
	*h = (*h)[:last]
	return x
}
