package reducer

import (
	"context"
	"iter"

	"github.com/gestadb/gesta/store"
)

// MergePatchIdentity is the identity of [MergePatch].
const MergePatchIdentity = "mergepatch/1"

// MergePatch returns the reducer that takes each event's data as a JSON merge patch; the package doc has its rules.
func MergePatch() Reducer { return mergePatch{} }

type mergePatch struct{}

func (mergePatch) Identity() string { return MergePatchIdentity }

func (mergePatch) New(context.Context) (Fold, error) {
	return &patched{Document: Document{root: value{object: newObject(0)}}}, nil
}

// patched is the state that merge patches made: an object, empty at first.
type patched struct{ Document }

// Steps merges the data of each event into the state.
func (p *patched) Steps(events iter.Seq2[store.Recorded, error], w Want) iter.Seq2[*Step, error] {
	return func(yield func(*Step, error) bool) {
		p.Begin(w)
		var step Step
		for r, err := range events {
			if err != nil {
				yield(nil, err)
				return
			}
			applied := p.apply(&r)
			p.Finish(&step, r, applied)
			if !yield(&step, nil) {
				return
			}
		}
	}
}

// Close does nothing: the state is in memory.
func (p *patched) Close() error { return nil }

// apply returns false for an event that says nothing.
func (p *patched) apply(r *store.Recorded) bool {
	if r.Erased != 0 {
		return false
	}
	v, ok := parse(r.Data)
	if !ok || v.object == nil {
		return false
	}
	p.merge(p.root.object, v.object)
	return true
}

// merge applies patch to target: null removes a member, an object is merged, anything else replaces.
func (p *patched) merge(target, patch *object) {
	had := len(target.entries)
	for i := range patch.entries {
		e := &patch.entries[i]
		outer := p.differ.enter(e.name)
		p.member(target, e)
		p.differ.leave(outer)
	}
	if p.tracking {
		p.differ.emptied(had, len(target.entries))
	}
}

// member applies one member of a patch to target.
func (p *patched) member(target *object, e *entry) {
	was := target.get(e.name)
	if was != nil && was.object != nil && e.value.object != nil {
		p.merge(was.object, e.value.object)
		return
	}
	var old *value
	if was != nil {
		old = &value{scalar: was.scalar, list: was.list, object: was.object}
	}
	var now *value
	switch {
	case e.value.isNull():
		target.remove(e.name)
	case e.value.object != nil:
		now = target.set(e.name, e.spelling, value{object: withoutNulls(e.value.object)})
	default:
		now = target.set(e.name, e.spelling, e.value)
	}
	if p.tracking {
		p.differ.values(old, now)
	}
}

// withoutNulls returns what merging patch into nothing makes.
func withoutNulls(patch *object) *object {
	out := newObject(len(patch.entries))
	for i := range patch.entries {
		e := &patch.entries[i]
		switch {
		case e.value.isNull():
		case e.value.object != nil:
			out.set(e.name, e.spelling, value{object: withoutNulls(e.value.object)})
		default:
			out.set(e.name, e.spelling, e.value)
		}
	}
	return out
}
