package history

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/gestadb/gesta/store"
)

// Verdict is what a judge says of a point of history.
type Verdict int

// The verdicts.
const (
	Good Verdict = iota
	Bad
	Skip // it cannot be judged
)

// SearchOptions say how a search goes about it.
type SearchOptions struct {
	// NoCheck takes the ends of the selection for good and bad, without asking the judge.
	NoCheck bool

	// Truncated, unless nil, is told the first position left where a range of the store without a start begins there, as older events were truncated away.
	Truncated func(store.Position)
}

// Search is what a binary search found.
type Search struct {
	From, To    Place // the ends: what is good, unless it is before the first event, and what is bad
	Evaluations int   // how many points were judged
	Skipped     []store.Position

	// First is the first event after which things are bad; of a whole store the last of its commit.
	First *store.Recorded

	// Suspects are, where skipped points lie before First, those points and First: any may be the first bad one. None otherwise.
	Suspects []store.Position

	// Assumed says that no point was judged to be bad: that the end is, was taken for granted.
	Assumed bool
}

// SearchFirst looks for the first bad point of a selection by halving it, taking for granted that what is bad stays bad. The points of a stream or a tag are its events, those of the store the ends
// of commits; the one before the selection has to be good, its last one bad. The store begins, where no start was asked
// for, with the first commit that was not truncated away: that has to be good then. Where the judge skips a point, its neighbors are tried. It returns [store.ErrInvalid] where the
// selection is empty or its ends are not as they have to be, [store.ErrTruncated] where it needs events that were truncated away, and errors of the judge and of the store. It holds 8 bytes for each event of a stream or tag.
func SearchFirst(ctx context.Context, s store.Store, sel Selection, judge func(context.Context, Place) (Verdict, error), o SearchOptions) (*Search, error) {
	points, left, err := pointsOf(ctx, s, sel)
	if err != nil {
		return nil, err
	}
	if left > 0 && o.Truncated != nil {
		o.Truncated(left)
	}
	h := &halving{points: points, judge: judge, left: left, skipped: map[uint64]bool{}, out: Search{Assumed: true}}
	last, err := points.last(ctx)
	if err != nil {
		return nil, err
	}
	first := points.first()
	if last <= first {
		return nil, invalidf("there is nothing to search: no event lies in %s", sel.described())
	}
	if h.out.From, err = points.place(ctx, first); err != nil {
		return nil, err
	}
	if h.out.To, err = points.place(ctx, last); err != nil {
		return nil, err
	}
	if !o.NoCheck {
		if err := h.check(ctx, first, last); err != nil {
			return nil, err
		}
	}
	bad, err := h.search(ctx, first, last)
	if err != nil {
		return nil, err
	}
	return h.result(ctx, s, bad)
}

func (sel *Selection) described() string {
	of := sel.Target()
	if of == "" {
		of = "the store"
	}
	return fmt.Sprintf("%s after position %d and up to %d", of, sel.After, sel.Until)
}

// points are what a search may judge. A point is a number; those of a history rise, though not always by one.
type points interface {
	first() uint64 // what is before the points; 0 where there is nothing before the first event
	last(ctx context.Context) (uint64, error)
	at(ctx context.Context, n uint64) (uint64, error)     // the first point that is n or more; there is one
	before(ctx context.Context, p uint64) (uint64, error) // the last one below p, first or less where there is none
	place(ctx context.Context, p uint64) (Place, error)
}

// halving is a search that is going on.
type halving struct {
	points
	judge   func(context.Context, Place) (Verdict, error)
	left    store.Position // the first position left, where the search begins there
	skipped map[uint64]bool
	out     Search
}

// ask judges a point.
func (h *halving) ask(ctx context.Context, p uint64) (Verdict, error) {
	place, err := h.place(ctx, p)
	if err != nil {
		return Skip, err
	}
	h.out.Evaluations++
	verdict, err := h.judge(ctx, place)
	if verdict == Bad {
		h.out.Assumed = false
	}
	return verdict, err
}

// check makes sure that the ends are what they have to be.
func (h *halving) check(ctx context.Context, first, last uint64) error {
	verdict, err := h.ask(ctx, last)
	switch {
	case err != nil:
		return err
	case verdict == Good:
		return invalidf("the end, %s, is good: there is nothing to look for", h.out.To.described())
	case verdict == Skip:
		return invalidf("the end, %s, was skipped: it has to be one that is bad", h.out.To.described())
	case first == 0:
		return nil
	}
	verdict, err = h.ask(ctx, first)
	switch {
	case err != nil:
		return err
	case verdict == Bad && h.left > 0:
		return gone("", "", h.left, fmt.Sprintf("%s is bad already, and what came before it was truncated away", h.out.From.described()))
	case verdict == Bad:
		return invalidf("the start, %s, is bad already: look before it", h.out.From.described())
	case verdict == Skip:
		return invalidf("the start, %s, was skipped: it has to be one that is good", h.out.From.described())
	}
	return nil
}

func (p *Place) described() string {
	if p.Target == "" {
		return fmt.Sprintf("position %d", p.Position)
	}
	return fmt.Sprintf("%s@%d", p.Target, p.Version)
}

// search returns the lowest point that is known to be bad when all between it and a good one were skipped.
func (h *halving) search(ctx context.Context, good, bad uint64) (uint64, error) {
	for {
		below, err := h.before(ctx, bad)
		if err != nil {
			return 0, err
		}
		p, found, err := h.pick(ctx, good, below)
		if err != nil {
			return 0, err
		}
		if !found {
			return bad, h.suspect(ctx, good, below, bad)
		}
		verdict, err := h.ask(ctx, p)
		if err != nil {
			return 0, err
		}
		switch verdict {
		case Good:
			good = p
		case Bad:
			bad = p
		case Skip:
			h.skipped[p] = true
		}
	}
}

// pick chooses a point above good, up to last, that was not skipped: the middle one, else one near it, else any.
func (h *halving) pick(ctx context.Context, good, last uint64) (p uint64, found bool, err error) {
	if last <= good {
		return 0, false, nil
	}
	middle := good + (last-good+1)/2
	for step := uint64(0); step <= last-good; step = max(1, 2*step) {
		for _, n := range []uint64{middle - min(middle, step), middle + step} {
			if n <= good || n > last {
				continue
			}
			if p, err := h.at(ctx, n); err != nil || !h.skipped[p] {
				return p, err == nil, err
			}
		}
	}
	for p, err := range h.between(ctx, good, last) {
		if err != nil || !h.skipped[p] {
			return p, err == nil, err
		}
	}
	return 0, false, nil
}

// between yields the points above good, up to last.
func (h *halving) between(ctx context.Context, good, last uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for n := good + 1; n <= last; n++ {
			p, err := h.at(ctx, n)
			if !yield(p, err) || err != nil {
				return
			}
			n = p
		}
	}
}

// suspect notes which points may be the first bad one.
func (h *halving) suspect(ctx context.Context, good, below, bad uint64) error {
	if below <= good {
		return nil
	}
	add := func(p uint64) error {
		place, err := h.place(ctx, p)
		h.out.Suspects = append(h.out.Suspects, place.Position)
		return err
	}
	for p, err := range h.between(ctx, good, below) {
		if err != nil {
			return err
		}
		if err := add(p); err != nil {
			return err
		}
	}
	return add(bad)
}

func (h *halving) result(ctx context.Context, s store.Store, bad uint64) (*Search, error) {
	for p := range h.skipped {
		place, err := h.place(ctx, p)
		if err != nil {
			return nil, err
		}
		h.out.Skipped = append(h.out.Skipped, place.Position)
	}
	slices.Sort(h.out.Skipped)
	place, err := h.place(ctx, bad)
	if err != nil {
		return nil, err
	}
	for r, err := range s.Read(ctx, nil, store.ReadOptions{After: place.Position - 1, Limit: 1}) {
		if err != nil {
			return nil, fmt.Errorf("read event at position %d: %w", place.Position, err)
		}
		h.out.First = &r
	}
	return &h.out, nil
}
