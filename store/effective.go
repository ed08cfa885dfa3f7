package store

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// Effective is the rule for reading history by effective time: of the events of one target that are known, given in position order, it returns
// those that hold at time at or before it, ordered by (effective time, position), without those that a later event of
// the same stream names in the member "supersedes" of its metadata (an event id, or a list of them). A known correction
// counts whatever its own effective time. The result is a new slice; known is left as it is. [EffectiveOrder] is the rule for events that are not all in memory.
//
// Without an effective time history is read in position order, superseded events included.
func Effective(known []Recorded, at time.Time) []Recorded {
	o := orderOf(known, at)
	var out []Recorded
	for i := range o.Len() {
		place, found := slices.BinarySearchFunc(known, o.Position(i), comparePosition)
		if found && !o.Superseded(&known[place]) {
			out = append(out, known[place])
		}
	}
	return out
}

// IgnoredSupersedes returns the positions of the known events, given in position order, whose member "supersedes" does not count for [Effective], or not in all of it: it is
// neither text nor a list of texts, or names what is no earlier event of the same stream.
func IgnoredSupersedes(known []Recorded) []Position {
	o := orderOf(known, time.Time{})
	var ignored []Position
	for i := range known {
		if o.Ignores(&known[i]) {
			ignored = append(ignored, known[i].Position)
		}
	}
	return ignored
}

func orderOf(known []Recorded, at time.Time) *EffectiveOrder {
	o := NewEffectiveOrder(at)
	for i := range known {
		o.Add(&known[i])
	}
	o.Sort()
	return o
}

func comparePosition(r Recorded, p Position) int {
	switch {
	case r.Position < p:
		return -1
	case r.Position > p:
		return 1
	}
	return 0
}

// Supersedes returns the ids that the metadata of e names as superseded: none when the metadata is not a JSON object or
// the member is neither text nor a list of texts.
func Supersedes(e *Event) []string {
	ids, _ := supersedes(e)
	return ids
}

// supersedesMember is the member of metadata that names superseded events.
const supersedesMember = "supersedes"

// supersedes is Supersedes that tells whether there is such a member.
func supersedes(e *Event) (ids []string, said bool) {
	if !bytes.Contains(e.Metadata, []byte(supersedesMember)) && bytes.IndexByte(e.Metadata, '\\') < 0 {
		return nil, false // without an escape a name is written as it is
	}
	var m map[string]json.RawMessage // a struct would match the member whatever its case
	if json.Unmarshal(e.Metadata, &m) != nil || len(m[supersedesMember]) == 0 || string(m[supersedesMember]) == "null" {
		return nil, false
	}
	var one string
	if json.Unmarshal(m[supersedesMember], &one) == nil {
		if one == "" {
			return nil, true
		}
		return []string{one}, true
	}
	var many []string
	if json.Unmarshal(m[supersedesMember], &many) != nil {
		return nil, true
	}
	return many, true
}
