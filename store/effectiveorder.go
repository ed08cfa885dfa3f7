package store

import (
	"sort"
	"time"
)

// EffectiveOrder is the rule of [Effective] for events that are looked at more than once in place of being kept: it takes 16 bytes for each event that holds, and 32 for each name of a
// superseded one. First every known event of the target is given to Add, in position order; Sort ends that. Then Position says which events hold, in their order, and
// Superseded, of an event that was read again, whether it is left out. Which claims to supersede do not count is found by giving Ignores every known event again; where nothing Claims, that can be
// left.
//
// What an event supersedes is read by Add, and again by Ignores: of an event whose metadata was erased between the two, Ignores does not tell. After Sort any number of
// goroutines may call Len, Position and Superseded.
type EffectiveOrder struct {
	at         int64 // microseconds
	held       heldEvents
	rising     bool // they are in order as they came
	superseded *supersededNames
	claims     bool
}

// NewEffectiveOrder begins an order of the events that hold at a time.
func NewEffectiveOrder(at time.Time) *EffectiveOrder {
	return &EffectiveOrder{at: Time(at).UnixMicro(), rising: true}
}

// Add takes the next known event in. It keeps nothing of its memory.
func (o *EffectiveOrder) Add(r *Recorded) {
	ids, said := supersedes(&r.Event)
	o.claims = o.claims || said
	for _, id := range ids {
		if o.superseded == nil {
			o.superseded = &supersededNames{}
		}
		o.superseded.add(r.Stream, id, r.Position)
	}
	h := heldEvent{position: r.Position, effective: r.Effective().UnixMicro()}
	if h.effective > o.at {
		return
	}
	if n := o.held.Len(); n > 0 && o.held.at(n-1).effective > h.effective {
		o.rising = false
	}
	o.held.add(h)
}

// Sort is called once, after the last event was added.
func (o *EffectiveOrder) Sort() {
	if !o.rising {
		sort.Sort(&o.held)
		o.rising = true
	}
	if o.superseded != nil {
		o.superseded.sort()
	}
}

// Len returns how many events hold, superseded ones included.
func (o *EffectiveOrder) Len() int { return o.held.Len() }

// Position returns where the i-th of them stands, ordered by (effective time, position).
func (o *EffectiveOrder) Position(i int) Position { return o.held.at(i).position }

// Superseded says whether a later event of its stream supersedes r, one of those that were added.
func (o *EffectiveOrder) Superseded(r *Recorded) bool {
	name := o.superseded.find(r.Stream, r.ID)
	return name != nil && name.by > r.Position
}

// Claims says whether any event that was added has the member "supersedes".
func (o *EffectiveOrder) Claims() bool { return o.claims }

// Ignores is given every event that was added, once more and in the same order, after Sort. It says whether the member "supersedes" of r does not count, as [IgnoredSupersedes] has it.
func (o *EffectiveOrder) Ignores(r *Recorded) bool {
	ids, said := supersedes(&r.Event)
	ignores := said && len(ids) == 0
	for _, id := range ids {
		name := o.superseded.find(r.Stream, id)
		ignores = ignores || name == nil || name.first == 0
	}
	if name := o.superseded.find(r.Stream, r.ID); name != nil && name.first == 0 {
		name.first = r.Position
	}
	return ignores
}

// heldEvent is what is kept of an event.
type heldEvent struct {
	position  Position
	effective int64 // microseconds
}

// heldChunk is how many events lie together: growing copies no more than these.
const heldChunk = 1 << 15

// heldEvents are events in chunks that are full, but for the last.
type heldEvents struct{ chunks [][]heldEvent }

func (h *heldEvents) add(e heldEvent) {
	last := len(h.chunks) - 1
	switch {
	case last < 0:
		h.chunks = append(h.chunks, nil)
		last = 0
	case len(h.chunks[last]) == heldChunk:
		h.chunks = append(h.chunks, make([]heldEvent, 0, heldChunk))
		last++
	}
	h.chunks[last] = append(h.chunks[last], e)
}

func (h *heldEvents) at(i int) *heldEvent { return &h.chunks[i/heldChunk][i%heldChunk] }

// Len, Less and Swap are those of sort.Interface.
func (h *heldEvents) Len() int {
	last := len(h.chunks) - 1
	if last < 0 {
		return 0
	}
	return last*heldChunk + len(h.chunks[last])
}

func (h *heldEvents) Less(i, j int) bool {
	a, b := h.at(i), h.at(j)
	return a.effective < b.effective || a.effective == b.effective && a.position < b.position
}

func (h *heldEvents) Swap(i, j int) {
	a, b := h.at(i), h.at(j)
	*a, *b = *b, *a
}
