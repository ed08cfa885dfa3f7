package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
)

// How an event of a trace is linked to its parent.
const (
	ViaCausation   = "causation"
	ViaCorrelation = "correlation"
)

// MaxTraced is how many events a trace has at the most.
const MaxTraced = 100_000

// Traced is an event of a trace: a tree around the event that was asked about.
type Traced struct {
	Event Mention

	// Parent is the event one step nearer to the one that was asked about, 0 for that one itself. Depth counts the steps: above 0 for what it caused, below 0 for what led to it.
	Parent store.Position
	Via    string // one of the Via constants, empty for the event that was asked about
	Depth  int
}

// TraceOptions bound a trace. The zero value follows every link up to the head.
type TraceOptions struct {
	Depth        int            // how many steps are followed, either way; 0 is no limit
	After, Until store.Position // looks at no event outside of (After, Until]; Until 0 is the head

	// Truncated, unless nil, is told the first position left where older events were truncated away.
	Truncated func(store.Position)

	// Progress, unless nil, is told the position that was reached, from time to time.
	Progress func(store.Position)
}

// Trace returns, by position, what an event caused and what led to it, in whatever streams.
//
//   - What led to it by causation is the event with the id that its causationId names, the latest before it of those that have this id; and so on from there.
//   - What it caused is every later event whose causationId names its id, and so on from there.
//   - Events with its correlationId, the event whose id that is, and later events whose correlationId is its id belong to it by correlation, unless they do by causation: those after it as
//     what it caused, those before it as what led to it.
//
// Causes come before their effects, so that nothing leads in a circle. Events of system streams have no part in it. It reads each event after the first one once, and those before it too where it
// has a correlationId that is not its own id. More than [MaxTraced] events are [store.ErrTooLarge].
func Trace(ctx context.Context, s store.Store, root *store.Recorded, o TraceOptions) ([]Traced, error) {
	t := &tracer{o: o, root: root, links: LinksOf(root), byID: map[string]int{}, seen: map[store.Position]bool{}}
	if err := t.add(root, 0, "", 0); err != nil {
		return nil, err
	}
	if err := t.causes(ctx, s); err != nil {
		return nil, err
	}
	if root.ID != "" {
		t.byID[root.ID] = 0
	}
	after := root.Position
	if t.links.Correlation != "" && t.links.Correlation != root.ID {
		after = 0
	}
	if err := t.scan(ctx, s, max(after, o.After)); err != nil {
		return nil, err
	}
	slices.SortFunc(t.out, func(a, b Traced) int { return cmp.Compare(a.Event.Position, b.Event.Position) })
	return t.out, nil
}

// tracer builds a trace; the first event of out is the one that was asked about.
type tracer struct {
	o     TraceOptions
	root  *store.Recorded
	links Links // of the root
	out   []Traced
	byID  map[string]int // which of out has an id: the root and what it caused; the latest of those with the same one
	seen  map[store.Position]bool
	told  bool // that older events were truncated away
}

func (t *tracer) add(r *store.Recorded, parent store.Position, via string, depth int) error {
	if len(t.out) == MaxTraced {
		return &store.TooLargeError{What: "trace", Unit: "events", Got: MaxTraced + 1, Max: MaxTraced}
	}
	t.seen[r.Position] = true
	t.out = append(t.out, Traced{Event: MentionOf(r), Parent: parent, Via: via, Depth: depth})
	return nil
}

// deeper says whether a step to a depth is followed.
func (t *tracer) deeper(depth int) bool { return t.o.Depth == 0 || max(depth, -depth) <= t.o.Depth }

// causes adds what led to the root by causation.
func (t *tracer) causes(ctx context.Context, s store.Store) error {
	r, links := *t.root, t.links
	for depth := -1; links.Cause != "" && t.deeper(depth); depth-- {
		cause, found, err := causeOf(ctx, s, links.Cause, r.Position, t.o)
		if err != nil {
			return err
		}
		if !found {
			return t.lost(ctx, s)
		}
		if err := t.add(&cause, r.Position, ViaCausation, depth); err != nil {
			return err
		}
		r, links = cause, LinksOf(&cause)
	}
	return nil
}

// lost tells that a cause that was not found may have been truncated away, unless none is looked for there.
func (t *tracer) lost(ctx context.Context, s store.Store) error {
	first, err := FirstLeft(ctx, s)
	if err == nil && t.o.After+1 < first {
		t.truncated(first)
	}
	return err
}

// truncated tells once that older events were truncated away.
func (t *tracer) truncated(first store.Position) {
	if t.o.Truncated != nil && !t.told {
		t.o.Truncated(first)
	}
	t.told = true
}

// causeOf returns the latest event with an id before a position, by the power for ids where there is one.
func causeOf(ctx context.Context, s store.Store, id string, before store.Position, o TraceOptions) (cause store.Recorded, found bool, err error) {
	if before <= o.After+1 || !store.IsID(id) {
		return cause, false, nil
	}
	if ids, ok := store.As[store.IDs](s); ok {
		for r, err := range ids.ByID(ctx, id) {
			if err != nil {
				return cause, false, fmt.Errorf("look up id %s: %w", id, err)
			}
			if r.Position > o.After && r.Position < before && !store.IsSystem(r.Stream) {
				cause, found = r, true
			}
		}
		return cause, found, nil
	}
	for r, err := range Read(ctx, s, nil, store.ReadOptions{After: o.After, Until: before - 1, Backward: true}, nil) {
		if err != nil {
			return cause, false, fmt.Errorf("look for id %s: %w", id, err)
		}
		if r.ID == id && !store.IsSystem(r.Stream) {
			return r, true, nil
		}
	}
	return cause, false, nil
}

// traceProgress is after how many events progress is told.
const traceProgress = 1 << 14

// scan reads the events after a position and adds what belongs to the trace.
func (t *tracer) scan(ctx context.Context, s store.Store, after store.Position) error {
	wanted := func(text []byte) bool {
		_, known := t.byID[string(text)]
		return known || t.links.Correlation != "" && string(text) == t.links.Correlation
	}
	n := 0
	for r, err := range Read(ctx, s, nil, store.ReadOptions{After: after, Until: t.o.Until}, t.truncated) {
		if err != nil {
			return fmt.Errorf("look for what belongs to position %d: %w", t.root.Position, err)
		}
		if n++; n%traceProgress == 0 && t.o.Progress != nil {
			t.o.Progress(r.Position)
		}
		named := r.ID != "" && r.ID == t.links.Correlation
		if !named && !mayLink(r.Metadata, wanted) || store.IsSystem(r.Stream) || t.seen[r.Position] {
			continue
		}
		if err := t.judge(&r, named); err != nil {
			return err
		}
	}
	return nil
}

// judge adds an event if it belongs to the trace. Named says that the root's correlationId is its id.
func (t *tracer) judge(r *store.Recorded, named bool) error {
	links := LinksOf(r)
	correlated := links.Correlation != "" && (links.Correlation == t.links.Correlation || links.Correlation == t.root.ID)
	if r.Position < t.root.Position {
		if links.Correlation == t.links.Correlation || named {
			return t.add(r, t.root.Position, ViaCorrelation, -1)
		}
		return nil
	}
	parent, caused := t.byID[links.Cause]
	via, depth := ViaCausation, 1
	switch {
	case caused:
		depth = t.out[parent].Depth + 1
	case correlated || named:
		parent, via = 0, ViaCorrelation
	default:
		return nil
	}
	if !t.deeper(depth) {
		return nil
	}
	if err := t.add(r, t.out[parent].Event.Position, via, depth); err != nil {
		return err
	}
	if r.ID != "" {
		t.byID[r.ID] = len(t.out) - 1
	}
	return nil
}
