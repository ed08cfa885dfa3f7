package store

import (
	"encoding/json"
	"slices"
	"time"
)

// Effective is the rule for reading history by effective time: of the events of one target that are known, given in position order, it returns
// those that hold at time at or before it, ordered by (effective time, position), without those that a later event of
// the same stream names in the member "supersedes" of its metadata (an event id, or a list of them). A known correction
// counts whatever its own effective time. The result is a new slice; known is left as it is.
//
// Without an effective time history is read in position order, superseded events included.
func Effective(known []Recorded, at time.Time) []Recorded {
	superseded := supersededIDs(known)
	at = Time(at)
	var out []Recorded
	for i := range known {
		r := &known[i]
		if r.Effective().After(at) {
			continue
		}
		if by, ok := superseded[streamID{r.Stream, r.ID}]; ok && r.ID != "" && by > r.Position {
			continue
		}
		out = append(out, *r)
	}
	slices.SortStableFunc(out, func(a, b Recorded) int { return a.Effective().Compare(b.Effective()) })
	return out
}

type streamID struct{ stream, id string }

// supersededIDs maps each id that is named as superseded within a stream to the last position that names it.
func supersededIDs(known []Recorded) map[streamID]Position {
	out := map[streamID]Position{}
	for i := range known {
		for _, id := range Supersedes(&known[i].Event) {
			out[streamID{known[i].Stream, id}] = known[i].Position
		}
	}
	return out
}

// IgnoredSupersedes returns the positions of the known events, given in position order, whose member "supersedes" does not count for [Effective], or not in all of it: it is
// neither text nor a list of texts, or names what is no earlier event of the same stream.
func IgnoredSupersedes(known []Recorded) []Position {
	first := map[streamID]Position{}
	var ignored []Position
	for i := range known {
		r := &known[i]
		ids, said := supersedes(&r.Event)
		counts := !said || len(ids) > 0
		for _, id := range ids {
			_, there := first[streamID{r.Stream, id}]
			counts = counts && there
		}
		if !counts {
			ignored = append(ignored, r.Position)
		}
		if at := (streamID{r.Stream, r.ID}); first[at] == 0 {
			first[at] = r.Position
		}
	}
	return ignored
}

// Supersedes returns the ids that the metadata of e names as superseded: none when the metadata is not a JSON object or
// the member is neither text nor a list of texts.
func Supersedes(e *Event) []string {
	ids, _ := supersedes(e)
	return ids
}

// supersedes is Supersedes that tells whether there is such a member.
func supersedes(e *Event) (ids []string, said bool) {
	if len(e.Metadata) == 0 {
		return nil, false
	}
	var m map[string]json.RawMessage // a struct would match the member whatever its case
	if json.Unmarshal(e.Metadata, &m) != nil || len(m["supersedes"]) == 0 || string(m["supersedes"]) == "null" {
		return nil, false
	}
	var one string
	if json.Unmarshal(m["supersedes"], &one) == nil {
		if one == "" {
			return nil, true
		}
		return []string{one}, true
	}
	var many []string
	if json.Unmarshal(m["supersedes"], &many) != nil {
		return nil, true
	}
	return many, true
}
