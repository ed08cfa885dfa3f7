package reducer

import "github.com/gestadb/gesta/store"

// MergePatchIdentity is the identity of [MergePatch].
const MergePatchIdentity = "mergepatch/1"

// MergePatch returns the reducer that takes each event's data as a JSON merge patch; the package doc has its rules.
func MergePatch() Reducer { return mergePatch{} }

type mergePatch struct{}

func (mergePatch) Identity() string { return MergePatchIdentity }
func (mergePatch) New() Fold        { return &patched{state: newObject(0)} }

// patched is the state that merge patches made: an object, empty at first.
type patched struct{ state *object }

// Apply merges the data of r into the state.
func (p *patched) Apply(r *store.Recorded) (bool, error) {
	if r.Erased != 0 {
		return false, nil
	}
	v, ok := parse(r.Data)
	if !ok || v.object == nil {
		return false, nil
	}
	merge(p.state, v.object)
	return true, nil
}

// merge applies patch to target: null removes a member, an object is merged, anything else replaces.
func merge(target, patch *object) {
	for i := range patch.entries {
		e := &patch.entries[i]
		if e.value.isNull() {
			target.remove(e.name)
			continue
		}
		if e.value.object == nil {
			target.set(e.name, e.spelling, e.value)
			continue
		}
		inner := target.get(e.name)
		if inner == nil || inner.object == nil {
			// Also an object that is new is merged, into nothing: that takes its nulls out.
			inner = target.set(e.name, e.spelling, value{object: newObject(len(e.value.object.entries))})
		}
		merge(inner.object, e.value.object)
	}
}

func (p *patched) AppendState(dst []byte) []byte { return p.state.append(dst) }

func (p *patched) AppendAt(dst []byte, path Path) ([]byte, bool) {
	v := value{object: p.state}
	for _, name := range path {
		next := v.at(name)
		if next == nil {
			return dst, false
		}
		v = *next
	}
	return v.append(dst), true
}
