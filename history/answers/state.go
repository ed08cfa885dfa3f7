package answers

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// StateDocument is the document of a state, beside its basis.
type StateDocument struct {
	Target   string          `json:"target"`
	Stream   string          `json:"stream,omitempty"`
	Version  uint64          `json:"version"`
	Position store.Position  `json:"position"`
	Events   uint64          `json:"events"`
	Skipped  uint64          `json:"skipped"`
	State    json.RawMessage `json:"state,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"` // in place of State: a part of it

	// IgnoredSupersedes are the positions of events that claim to supersede what is no earlier event of their stream.
	IgnoredSupersedes []store.Position `json:"ignoredSupersedes,omitempty"`
}

// State folds the state of a target, whose reducer goes into the basis. It returns errors as of [Question.MayFold] and [history.FoldState].
func (q *Question) State(ctx context.Context, t Target) (*history.State, error) {
	if err := q.MayFold(ctx, t.Selection); err != nil {
		return nil, err
	}
	st, err := history.FoldState(ctx, q.Store, t.Selection, q.StateOptions())
	if err == nil {
		q.Basis.Reducer = st.Reducer
	}
	return st, err
}

// In returns the part of a target's state, as JSON. It returns [store.ErrNotFound] where there is none.
func (p *Part) In(st *history.State, t Target) ([]byte, error) {
	value, ok := st.Fold.AppendAt(nil, p.Path)
	if !ok {
		return nil, p.missing(t)
	}
	return value, nil
}

func (p *Part) missing(t Target) error {
	return &eventjson.Error{
		Code: eventjson.CodeNotFound, Message: fmt.Sprintf("the state of %s has nothing at %s", t.text, p.text),
		Hint: "gesta state " + t.text + " shows the whole",
	}
}

// Document returns the document of a state of which the part is the value.
func (p *Part) Document(st *history.State, value []byte) StateDocument {
	doc := StateDocument{
		Target: st.Target, Stream: st.Stream, Version: st.Version, Position: st.Position,
		Events: st.Events, Skipped: st.Skipped, State: value, IgnoredSupersedes: st.Ignored,
	}
	if len(p.Path) > 0 {
		doc.State, doc.Value = nil, value
	}
	return doc
}
