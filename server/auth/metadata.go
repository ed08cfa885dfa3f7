package auth

import (
	"bytes"
	"encoding/json"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The members of metadata that a server has to do with.
const (
	actorMember       = "actor"
	onBehalfOfMember  = "onBehalfOf"
	traceparentMember = "traceparent"
)

// stamp writes into metadata who appends. It is made once a request.
type stamp struct {
	name   string
	moves  bool   // another actor may be moved, and onBehalfOf be sent
	actor  string // the member, as it is written
	parent string // the member traceparent, empty for none
	alone  []byte // what becomes of no metadata
}

// newStamp leaves a traceparent out that is none.
func newStamp(p *Principal, traceparent string) stamp {
	s := stamp{name: p.Name(), moves: p.Role() >= Operate, actor: p.actor}
	if isTraceparent(traceparent) {
		s.parent = `"` + traceparentMember + `":"` + traceparent + `"`
	}
	const around = 3 // braces and a comma
	b := append(make([]byte, 0, len(s.parent)+len(s.actor)+around), '{')
	if s.parent != "" {
		b = append(append(b, s.parent...), ',')
	}
	s.alone = append(append(b, s.actor...), '}')
	return s
}

// actorAs returns the member actor for a name.
func actorAs(name string) string {
	return string(eventjson.AppendString([]byte(`"`+actorMember+`":`), name))
}

// apply returns metadata with the stamp. The result may be shared between events. An error is [store.ErrInvalid] or has the code denied.
func (s *stamp) apply(metadata []byte) ([]byte, error) {
	if len(metadata) == 0 {
		return s.alone, nil
	}
	if !eventjson.Valid(metadata) {
		return nil, invalidf("metadata is no JSON object: who appends could not be written into it")
	}
	o, ok := scanObject(metadata)
	if !ok {
		return nil, invalidf("metadata is no JSON object: who appends could not be written into it")
	}
	if o.twice {
		return nil, invalidf("metadata has %s, %s or %s more than once", actorMember, onBehalfOfMember, traceparentMember)
	}
	other, err := s.other(metadata, &o)
	if err != nil {
		return nil, err
	}
	return s.write(metadata, &o, other), nil
}

// other returns the actor that was sent where it is another, as it is written.
func (s *stamp) other(metadata []byte, o *object) ([]byte, error) {
	if o.onBehalfOf.found() && !s.moves {
		return nil, deniedf("%s in metadata needs the role %s", onBehalfOfMember, Operate)
	}
	if !o.actor.found() {
		return nil, nil
	}
	value := metadata[o.actor.value:o.actor.end]
	var name *string
	if err := json.Unmarshal(value, &name); err == nil && name != nil && *name == s.name {
		return nil, nil
	}
	switch {
	case !s.moves:
		return nil, deniedf("another %s in metadata needs the role %s", actorMember, Operate)
	case o.onBehalfOf.found():
		return nil, invalidf("metadata has another %s, which would have to move to %s, and that is there as well", actorMember, onBehalfOfMember)
	}
	return value, nil
}

// write returns the bytes that were sent without the member actor, and with what is to be added before the last brace.
func (s *stamp) write(metadata []byte, o *object, other []byte) []byte {
	const room = 8 // for commas, quotes and colons
	out := make([]byte, 0, len(metadata)+len(s.parent)+len(s.actor)+len(onBehalfOfMember)+room)
	members := o.members
	if o.actor.found() {
		out = append(append(out, metadata[:o.actor.from]...), metadata[o.actor.to:o.close]...)
		members--
	} else {
		out = append(out, metadata[:o.close]...)
	}
	add := func(parts ...string) {
		if members > 0 {
			out = append(out, ',')
		}
		members++
		for _, p := range parts {
			out = append(out, p...)
		}
	}
	if other != nil {
		add(`"`+onBehalfOfMember+`":`, string(other))
	}
	if s.parent != "" && !o.traceparent.found() {
		add(s.parent)
	}
	add(s.actor)
	return append(out, metadata[o.close:]...)
}

// object is where in a JSON object the members of [stamp] are.
type object struct {
	actor, onBehalfOf, traceparent member

	members int
	close   int  // where the last brace is
	twice   bool // one of the three is there more than once
}

// member is where a member is: its value from value to end, and with the comma that goes with it from from to to.
type member struct{ from, value, end, to int }

func (m *member) found() bool { return m.end > 0 }

// scanObject looks through b, which is valid JSON. It returns false where that is no object.
func scanObject(b []byte) (object, bool) {
	i := space(b, 0)
	if b[i] != '{' {
		return object{}, false
	}
	var o object
	comma := -1 // before the member
	for i = space(b, i+1); b[i] != '}'; {
		m := member{from: i}
		i = skipText(b, i)
		name := b[m.from:i]
		m.value = space(b, space(b, i)+1) // the colon is between
		m.end = skip(b, m.value)
		i = space(b, m.end)
		m.to = m.end
		switch {
		case b[i] == ',':
			m.to = space(b, i+1)
		case comma >= 0:
			m.from = comma
		}
		if b[i] == ',' {
			comma = i
			i = m.to
		}
		o.members++
		o.take(name, m)
	}
	o.close = i
	return o, true
}

// take notes a member, by its name as it is written.
func (o *object) take(written []byte, m member) {
	name := written[1 : len(written)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		var plain string
		if json.Unmarshal(written, &plain) != nil {
			return // a name that cannot be read is none of the three
		}
		name = []byte(plain)
	}
	var at *member
	switch string(name) {
	case actorMember:
		at = &o.actor
	case onBehalfOfMember:
		at = &o.onBehalfOf
	case traceparentMember:
		at = &o.traceparent
	default:
		return
	}
	o.twice = o.twice || at.found()
	*at = m
}

// The functions below walk over JSON that was found valid.

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipText returns where the string that begins at i ends.
func skipText(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skip returns where the value that begins at i ends.
func skip(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipText(b, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // behind a number or a word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// isTraceparent says whether s is a traceparent of W3C Trace Context, version 00 or one that adds nothing to it. Another is to be passed over, says the standard.
func isTraceparent(s string) bool {
	const size = 55
	if len(s) != size || s[2] != '-' || s[35] != '-' || s[52] != '-' || s[:2] == "ff" {
		return false
	}
	trace, parent := false, false // not all zero
	for i := range len(s) {
		if i == 2 || i == 35 || i == 52 {
			continue
		}
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
		trace = trace || i < 35 && i > 2 && s[i] != '0'
		parent = parent || i < 52 && i > 35 && s[i] != '0'
	}
	return trace && parent
}

// stampErasure writes who erases into an erasure. Another actor that was sent goes to the end of the reason.
func (p *Principal) stampErasure(e *store.Erasure) {
	if e.Actor != "" && e.Actor != p.name {
		const words = "on behalf of "
		if e.Reason == "" {
			e.Reason = words + e.Actor
		} else {
			e.Reason += " (" + words + e.Actor + ")"
		}
	}
	e.Actor = p.name
}
