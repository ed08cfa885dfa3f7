package httpapi

import (
	"context"
	"net/http"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
)

// check walks everything and says what is wrong.
func (h *Handler) check(w http.ResponseWriter, r *http.Request, s store.Store) error {
	if err := noParameters(r); err != nil {
		return err
	}
	return h.walk(w, r, s, store.CheckOptions{})
}

// repair does so too, and heals what can be derived again: {"repair":true}.
func (h *Handler) repair(w http.ResponseWriter, r *http.Request, s store.Store) error {
	var body struct {
		Repair bool `json:"repair"`
	}
	b, err := h.readDocument(w, r)
	if err != nil {
		return err
	}
	defer b.free()
	if err := decodeStrictly(b.b, &body); err != nil {
		return err
	}
	return h.walk(w, r, s, store.CheckOptions{Repair: body.Repair})
}

func (h *Handler) walk(w http.ResponseWriter, r *http.Request, s store.Store, o store.CheckOptions) error {
	power, ok := store.As[store.Checker](s)
	if !ok {
		return unsupported("checking")
	}
	waiting, cancel := h.readContext(r, false)
	defer cancel()
	if err := h.o.Walks.enter(waiting); err != nil {
		return err
	}
	defer h.o.Walks.leave() // the answer is short
	report, err := power.Check(r.Context(), o)
	if err != nil {
		return err
	}
	return document(w, r, s, answers.NewCheck(&report))
}

// erasure is the body of /v1/erase.
type erasure struct {
	Positions []store.Position `json:"positions"`
	Reason    string           `json:"reason,omitempty"`
	Actor     string           `json:"actor,omitempty"`
}

func decodeErasure(b []byte) (store.Erasure, error) {
	var e erasure
	if err := decodeStrictly(b, &e); err != nil {
		return store.Erasure{}, err
	}
	out := store.Erasure(e)
	return out, out.Validate()
}

// erase takes payloads away for good.
func (h *Handler) erase(w http.ResponseWriter, r *http.Request, s store.Store) error {
	b, err := h.readDocument(w, r)
	if err != nil {
		return err
	}
	defer b.free()
	e, err := decodeErasure(b.b)
	if err != nil {
		return err
	}
	power, ok := store.As[store.Eraser](s)
	if !ok {
		return unsupported("erasing")
	}
	result, err := power.Erase(context.WithoutCancel(r.Context()), e)
	if err != nil {
		return err
	}
	return writeResult(w, r, &result)
}
