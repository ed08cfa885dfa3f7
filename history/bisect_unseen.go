package history

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

const (
	// unseenStates is how many states are searched for names that may have been meant by a path that none has.
	unseenStates = 16

	// unseenNames is how many names are kept of those.
	unseenNames = 1000
)

// Unseen is a path that no state has.
type Unseen struct {
	Path  reducer.Path
	Depth int      // how many of its names lead somewhere in a state
	Names []string // of what stands beside the next one there, in states of the few that were searched; sorted

	// Streams is how many streams were looked at by [Selection.Unseen], and Partly says that there are more; 0 for a single state.
	Streams int
	Partly  bool
}

// unseen finds out which paths no state of many folds ever had.
type unseen struct {
	paths    []reducer.Path
	presumed []bool // which of them count
	seen     []bool // which of them some state had
	found    []Unseen
	states   int // how many were searched for names
}

func newUnseen(c *Condition) unseen {
	return unseen{paths: c.paths, presumed: c.presumed, seen: make([]bool, len(c.paths)), found: make([]Unseen, len(c.paths))}
}

// add takes in which of the paths a fold has seen, and the state at its end.
func (u *unseen) add(seen []bool, st *State) {
	missing := false
	for i := range u.seen {
		u.seen[i] = u.seen[i] || seen[i]
		missing = missing || u.presumed[i] && !u.seen[i]
	}
	if !missing || u.states == unseenStates {
		return
	}
	u.states++
	for i := range u.seen {
		if u.presumed[i] && !u.seen[i] {
			u.found[i].look(u.paths[i], st.Fold)
		}
	}
}

// look adds the names in a state that stand beside the first one of the path that is not there.
func (u *Unseen) look(path reducer.Path, fold reducer.Fold) {
	for depth := len(path) - 1; depth >= u.Depth; depth-- {
		text, ok := fold.AppendAt(nil, path[:depth])
		if !ok {
			continue
		}
		var members map[string]json.RawMessage
		_ = json.Unmarshal(text, &members) // what is no object has none
		if depth > u.Depth {
			u.Depth, u.Names = depth, nil
		}
		for name := range members {
			if i, found := slices.BinarySearch(u.Names, name); !found && len(u.Names) < unseenNames {
				u.Names = slices.Insert(u.Names, i, name)
			}
		}
		return
	}
}

// list returns the paths that no state had.
func (u *unseen) list() []Unseen {
	var out []Unseen
	for i := range u.found {
		if u.presumed[i] && !u.seen[i] {
			u.found[i].Path = u.paths[i]
			out = append(out, u.found[i])
		}
	}
	return out
}

// Unseen looks for a path in the states that a selection is about: of a stream or a tag in that after each event, of the whole store in those of a few streams. It returns nil where one has
// it, where nothing can be said, and for the empty path and one with names of elements in it.
func (sel *Selection) Unseen(ctx context.Context, s store.Store, path reducer.Path, o StateOptions) (*Unseen, error) {
	if len(path) == 0 || path.ArrayKey() != "" {
		return nil, nil
	}
	u := &Unseen{Path: path}
	if sel.Subject != WholeStore {
		seen, err := u.visit(ctx, s, *sel, o)
		if err != nil || seen {
			return nil, err
		}
		return u, nil
	}
	for info, err := range Streams(ctx, s, store.StreamsOptions{Limit: unseenStates + 1}, 0) {
		if err != nil {
			return nil, err
		}
		if u.Streams == unseenStates {
			u.Partly = true
			break
		}
		seen, err := u.visit(ctx, s, Selection{Subject: Stream, Name: info.Stream, Until: sel.Until}, o)
		switch {
		case err != nil && (isGone(err) || isUnknown(err)):
			u.Partly = true
			continue
		case err != nil || seen:
			return nil, err
		}
		u.Streams++
	}
	if u.Streams == 0 {
		return nil, nil
	}
	return u, nil
}

// visit looks for the path in one state after the other, and for names beside it in the last.
func (u *Unseen) visit(ctx context.Context, s store.Store, sel Selection, o StateOptions) (seen bool, err error) {
	st, err := newState(ctx, s, sel, o)
	if err != nil {
		return false, err
	}
	for step, err := range st.Steps(ctx, s, reducer.Want{Paths: []reducer.Path{u.Path}}) {
		if err != nil {
			return false, err
		}
		if step.Values[0] != nil {
			return true, nil
		}
	}
	u.look(u.Path, st.Fold)
	return false, nil
}
