package history

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
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

	// MaxBytes is how much memory flips take at the most with what is told of them, where there is a Spill. Defaults to 24 MiB.
	MaxBytes int

	// Spill, unless nil, makes room for what is told of more flips than fit into MaxBytes, once. It is used until the flips have been yielded.
	Spill func() (Spill, error)

	Workers int // defaults to the number of cores that Go uses

	// Progress, unless nil, is told how many streams have been looked at, each time that it rises, by one goroutine at a time.
	Progress func(streams int)
}

// Bisection is what a condition was found to do.
type Bisection struct {
	Streams int    // how many streams were folded, or 1 for a tag
	Events  uint64 // how many events were folded: of a single state, up to the last flip that was asked for
	Found   uint64 // how many flips there are: of a single state as Events
	Kept    int    // how many of them [Bisection.Flips] yields

	// Truncated is how many of many streams were left out because their first events were truncated away. Then FirstLeft is the first position left.
	Truncated int
	FirstLeft store.Position

	// Streamless is how many events have no stream, and so no part in the state of any, where many streams were looked at and that was cheap to know; else 0.
	Streamless uint64

	// Ignored are those of all states, by position; see [State].
	Ignored []store.Position

	// Unseen are the paths of states that the condition takes for granted and that no state ever had. They are known where no flip was found.
	Unseen []Unseen

	flips *flips
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

	mu     sync.Mutex // guards what follows
	out    Bisection
	flips  flips
	unseen unseen
}

func newBisector(c *Condition, o BisectOptions) (*bisector, error) {
	if o.Limit < 0 || o.Limit > MaxFlips {
		return nil, invalidf("the number of flips is between 1 and %d, not %d", MaxFlips, o.Limit)
	}
	b := &bisector{condition: c, o: o, unseen: newUnseen(c)}
	b.flips.limit, b.flips.room = cmp.Or(o.Limit, MaxFlips), cmp.Or(o.MaxBytes, maxFlipBytes)
	b.flips.open = o.Spill
	return b, nil
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
		if err != nil && !b.single && isGone(err) {
			return b.leaveOut(err)
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
		if err := b.add(step, holds, isLate); err != nil {
			return err
		}
		found++
		if !b.o.All || b.single && inOrder && found == b.o.Limit {
			break
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.out.Found == 0 {
		b.unseen.add(p.seen, st)
	}
	b.out.Events += st.Events
	b.out.Ignored = append(b.out.Ignored, st.Ignored...)
	b.out.Streams++
	if b.o.Progress != nil {
		b.o.Progress(b.out.Streams)
	}
	return nil
}

// leaveOut counts a stream whose first events were truncated away.
func (b *bisector) leaveOut(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Truncated++
	b.out.FirstLeft = max(b.out.FirstLeft, eventjson.Describe(err).Position)
	return nil
}

// add keeps a flip, unless there are enough at lower positions.
func (b *bisector) add(step *reducer.Step, to, late bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Found++
	return b.flips.add(step, to, late)
}

// result returns what was found.
func (b *bisector) result() (*Bisection, error) {
	if b.o.Limit == 0 && b.out.Found > MaxFlips {
		return nil, &store.TooLargeError{What: "bisection without a limit", Unit: "flips", Got: int(b.out.Found), Max: MaxFlips} //nolint:gosec // counts of events fit
	}
	if err := b.flips.finish(); err != nil {
		return nil, err
	}
	slices.Sort(b.out.Ignored)
	b.out.flips, b.out.Kept = &b.flips, len(b.flips.places)
	if b.out.Found == 0 {
		b.out.Unseen = b.unseen.list()
	}
	return &b.out, nil
}

func cloneChanges(changes []reducer.Change) []reducer.Change {
	out := make([]reducer.Change, len(changes))
	for i := range changes {
		out[i] = reducer.Change{Path: changes[i].Path, Old: slices.Clone(changes[i].Old), New: slices.Clone(changes[i].New)}
	}
	return out
}
