package history

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// BlameOptions say which leaves are blamed on events.
type BlameOptions struct {
	StateOptions
	ArrayKey string       // that of reducer.Want
	Path     reducer.Path // only leaves at or below it

	// Reverse asks for the leaves that the state had and has no more: with their last values, and the events that removed them.
	Reverse bool
}

// Blamed is a leaf of a state and the event that is to blame for it.
type Blamed struct {
	Path  string // a JSON Pointer, as in reducer.Change
	Value []byte // as JSON
	Event *Mention

	// Late says that the event took effect before an earlier one of its stream. It is not known of the events of a tag.
	Late bool
}

// Blame is who made a state what it is.
type Blame struct {
	State  *State
	Leaves []Blamed // sorted by path
}

// FoldBlame folds the events of a stream or a tag, and says for each leaf of its state which event changed it last, in the order in which they are folded: an event that wrote an equal
// value changed nothing. It holds the state and one table of its leaves. It returns errors as of [FoldState].
func FoldBlame(ctx context.Context, s store.Store, sel Selection, o BlameOptions) (*Blame, error) {
	st, err := newState(ctx, s, sel, o.StateOptions)
	if err != nil {
		return nil, err
	}
	late, err := st.lateness(ctx, s)
	if err != nil {
		return nil, err
	}
	b := blamer{path: o.Path.String(), leaves: map[string]blamed{}, names: map[string]string{}, reverse: o.Reverse}
	for step, err := range st.Steps(ctx, s, reducer.Want{Changes: true, ArrayKey: o.ArrayKey}) {
		if err != nil {
			return nil, err
		}
		isLate := late.of(&step.Event)
		b.add(step, isLate)
	}
	leaves, err := b.result(st, o.ArrayKey)
	return &Blame{State: st, Leaves: leaves}, err
}

// blamer collects which event changed what last.
type blamer struct {
	path    string
	reverse bool
	leaves  map[string]blamed // by path: of the state, or those removed from it
	names   map[string]string // one text for all events of a type or a stream
}

type blamed struct {
	by    *blamedEvent
	value []byte // of a leaf that was removed
}

// blamedEvent is an event of which only the actor is still to be read.
type blamedEvent struct {
	Mention
	late     bool
	metadata []byte
	read     bool
}

func (b *blamer) add(step *reducer.Step, late bool) {
	var by *blamedEvent
	for i := range step.Changes {
		c := &step.Changes[i]
		if !under(b.path, c.Path) {
			continue
		}
		if (c.New == nil) != b.reverse {
			delete(b.leaves, c.Path)
			continue
		}
		if by == nil {
			by = b.event(&step.Event, late)
		}
		leaf := blamed{by: by}
		if b.reverse {
			leaf.value = bytes.Clone(c.Old)
		}
		b.leaves[c.Path] = leaf
	}
}

// event returns what is kept of an event, in memory of its own.
func (b *blamer) event(r *store.Recorded, late bool) *blamedEvent {
	return &blamedEvent{late: late, metadata: bytes.Clone(r.Metadata), Mention: Mention{
		Position: r.Position, ID: strings.Clone(r.ID), Stream: b.name(r.Stream), Version: r.Version, Type: b.name(r.Type),
		RecordedAt: r.RecordedAt, EffectiveAt: r.EffectiveAt,
	}}
}

// maxNames bounds the names that are kept: the events of a tag may be in any number of streams.
const maxNames = 1024

// name returns a name in memory of its own.
func (b *blamer) name(name string) string {
	kept, ok := b.names[name]
	if !ok {
		if len(b.names) == maxNames {
			clear(b.names)
		}
		kept = strings.Clone(name)
		b.names[kept] = kept
	}
	return kept
}

// result returns the leaves with their events, sorted by path.
func (b *blamer) result(st *State, arrayKey string) ([]Blamed, error) {
	if b.reverse {
		out := make([]Blamed, 0, len(b.leaves))
		for path, leaf := range b.leaves {
			out = append(out, leaf.by.blamed(path, leaf.value))
		}
		slices.SortFunc(out, func(a, b Blamed) int { return cmp.Compare(a.Path, b.Path) })
		return out, nil
	}
	leaves, ok := reducer.Diff(nil, st.text(), arrayKey)
	if !ok {
		return nil, fmt.Errorf("read state of %s: it is not JSON", st.Target)
	}
	out := make([]Blamed, 0, len(b.leaves))
	for i := range leaves {
		leaf := &leaves[i]
		if !under(b.path, leaf.Path) {
			continue
		}
		found, ok := b.leaves[leaf.Path]
		if !ok {
			return nil, fmt.Errorf("blame %s: no event is known to have set %s", st.Target, leaf.Path)
		}
		delete(b.leaves, leaf.Path)
		out = append(out, found.by.blamed(leaf.Path, leaf.New))
	}
	for _, path := range slices.Sorted(maps.Keys(b.leaves)) {
		return nil, fmt.Errorf("blame %s: %s is said to be set and is not there", st.Target, path)
	}
	return out, nil
}

func (e *blamedEvent) blamed(path string, value []byte) Blamed {
	if !e.read {
		e.read = true
		e.Actor = Actor(&store.Recorded{Event: store.Event{Metadata: e.metadata}})
		e.metadata = nil
	}
	return Blamed{Path: path, Value: value, Event: &e.Mention, Late: e.late}
}
