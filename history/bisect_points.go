package history

import (
	"cmp"
	"context"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// pointsOf returns the points of a selection. The whole store begins, where no start was asked for, with the first commit that was not truncated away: then left is
// its position, else 0.
func pointsOf(ctx context.Context, s store.Store, sel Selection) (p points, left store.Position, err error) {
	if sel.Subject != WholeStore {
		p, err = eventsOf(ctx, s, sel)
		return p, 0, err
	}
	if err := sel.CheckStart(ctx, s); err != nil {
		return nil, 0, err
	}
	if sel.After == 0 && !sel.Explicit {
		first, err := FirstLeft(ctx, s)
		if err != nil {
			return nil, 0, err
		}
		if first > 1 {
			sel.After, left = first, first
		}
	}
	start, err := CommitEnd(ctx, s, sel.After)
	if err != nil {
		return nil, 0, err
	}
	end, err := CommitEnd(ctx, s, sel.Until)
	if err != nil {
		return nil, 0, err
	}
	return &commitPoints{s: s, start: start, end: end}, left, nil
}

// eventPoints are the events of a stream or a tag: point n is the n-th of the selection, 0 the last one before it.
type eventPoints struct {
	sel       Selection
	from      Place // the last event before the selection
	positions []store.Position
}

func eventsOf(ctx context.Context, s store.Store, sel Selection) (*eventPoints, error) {
	p := &eventPoints{sel: sel, from: Place{Target: sel.Target()}}
	if sel.Subject == Stream {
		p.from.Stream = sel.Name
	}
	whole := sel
	whole.After, whole.Explicit, whole.Filter, whole.Whole = 0, false, nil, true
	if sel.Subject == Stream && sel.After > 0 && !sel.Empty() { // its versions say how many came before
		whole.After = sel.After
		for r, err := range Read(ctx, s, sel.subject(), store.ReadOptions{Until: sel.After, Backward: true, Limit: 1}, nil) {
			if err != nil {
				return nil, fmt.Errorf("read start of %s: %w", sel.Target(), err)
			}
			p.from.Version, p.from.Position = r.Version, r.Position
		}
	}
	var left store.Position // the first, where events before it are gone
	for r, err := range whole.Events(ctx, s, false, func(first store.Position) { left = first }) {
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", sel.Target(), err)
		}
		if sel.Subject == Tag && left > 0 {
			return nil, gone(sel.Target(), "", left, "events of "+sel.Target()+" may have been truncated away, and no state can be told without them")
		}
		if r.Position <= sel.After {
			p.from.Version++
			p.from.Position = r.Position
			continue
		}
		if sel.Subject == Stream && r.Version != p.from.Version+uint64(len(p.positions))+1 {
			return nil, gone(sel.Target(), sel.Name, cmp.Or(left, r.Position), fmt.Sprintf("events of %s before version %d were truncated away", sel.Target(), r.Version))
		}
		p.positions = append(p.positions, r.Position)
	}
	return p, nil
}

// first is 0 for what is before the selection; where that has an event of its own, [halving] still has to see it as a point that can be judged.
func (p *eventPoints) first() uint64 { return p.offset() }

// offset is by how much points are moved up, so that 0 means nothing at all.
func (p *eventPoints) offset() uint64 {
	if p.from.Version > 0 {
		return 1
	}
	return 0
}

func (p *eventPoints) last(context.Context) (uint64, error) {
	return uint64(len(p.positions)) + p.offset(), nil
}

func (p *eventPoints) at(_ context.Context, n uint64) (uint64, error) { return n, nil }

func (p *eventPoints) before(_ context.Context, n uint64) (uint64, error) { return n - 1, nil }

func (p *eventPoints) place(_ context.Context, n uint64) (Place, error) {
	if n <= p.offset() {
		return p.from, nil
	}
	i := n - p.offset() - 1
	out := p.from
	out.Version += i + 1
	out.Position = p.positions[i]
	return out, nil
}

// commitPoints are the ends of commits in a part of a store: points are positions.
type commitPoints struct {
	s          store.Store
	start, end store.Position // the selection lies after start and up to end
}

func (p *commitPoints) first() uint64 { return uint64(p.start) }

func (p *commitPoints) last(ctx context.Context) (uint64, error) {
	r, found, err := p.nearest(ctx, store.ReadOptions{Until: p.end, Backward: true, Limit: 1})
	if err != nil || !found {
		return 0, err
	}
	return uint64(r.Position), nil
}

func (p *commitPoints) at(ctx context.Context, n uint64) (uint64, error) {
	r, found, err := p.nearest(ctx, store.ReadOptions{After: store.Position(n - 1), Limit: 1})
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fmt.Errorf("read from position %d: %w", n, store.ErrNotFound)
	}
	end, err := CommitEnd(ctx, p.s, r.Position)
	return uint64(end), err
}

func (p *commitPoints) before(ctx context.Context, n uint64) (uint64, error) {
	r, _, err := p.nearest(ctx, store.ReadOptions{After: store.Position(n - 1), Limit: 1})
	if err != nil {
		return 0, err
	}
	r, _, err = p.nearest(ctx, store.ReadOptions{Until: r.Commit - 1, Backward: true, Limit: 1})
	return uint64(r.Position), err
}

func (p *commitPoints) place(_ context.Context, n uint64) (Place, error) {
	return Place{Position: store.Position(n)}, nil
}

// nearest returns the first event of a read; backward from 0 there is none.
func (p *commitPoints) nearest(ctx context.Context, o store.ReadOptions) (r store.Recorded, found bool, err error) {
	if o.Backward && o.Until == 0 {
		return r, false, nil
	}
	for r, err := range Read(ctx, p.s, nil, o, nil) {
		if err != nil {
			return r, false, fmt.Errorf("read ends of commits: %w", err)
		}
		return r, true, nil
	}
	return r, false, nil
}
