package history

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/expr"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The roots of a condition.
const (
	rootState  = "state"  // after the event
	rootBefore = "before" // the state before it
	rootEvent  = "event"
)

// eventMembers are the members of the root event.
var eventMembers = []string{
	"position", "commit", "id", "stream", "version", "type", "schemaVersion", "contentType", "tags", "recordedAt", "effectiveAt", "actor", "erased", "data", "metadata",
}

// Condition is an expression about an event, the state after it (state) and the state before it (before). Members of event are those of the document of an event, and actor; what a payload has
// that is no JSON, or was erased, is not there. effectiveAt is always there: that of recording where the event has none of its own. A Condition may be used by any number of goroutines.
type Condition struct {
	expr     *expr.Expr
	refs     []conditionRef
	paths    []reducer.Path // of states, each once
	presumed []bool         // of the paths: that there is something at it is taken for granted
	reads    []string       // the paths as JSON Pointers
	history  bool           // something of the state before is read
}

// conditionRef is where a value that the expression reads comes from.
type conditionRef struct {
	root string
	path reducer.Path // of rootEvent
	at   int          // of the others: which of the paths
}

// ParseCondition reads a condition. An error is [store.ErrInvalid].
func ParseCondition(text string) (*Condition, error) {
	parsed, err := expr.Parse(text, rootState, rootBefore, rootEvent)
	if err != nil {
		return nil, err
	}
	c := &Condition{expr: parsed}
	presumed := parsed.Presumed()
	for i, ref := range parsed.Refs() {
		if ref.Root == rootEvent {
			if len(ref.Path) > 0 && !slices.Contains(eventMembers, ref.Path[0]) {
				return nil, invalidf("an event has no member %q; it has %s", ref.Path[0], strings.Join(eventMembers, ", "))
			}
			c.refs = append(c.refs, conditionRef{root: ref.Root, path: ref.Path})
			continue
		}
		c.history = c.history || ref.Root == rootBefore
		at := slices.IndexFunc(c.paths, func(p reducer.Path) bool { return slices.Equal(p, ref.Path) })
		if at < 0 {
			at = len(c.paths)
			c.paths, c.reads, c.presumed = append(c.paths, ref.Path), append(c.reads, ref.Path.String()), append(c.presumed, true)
		}
		c.presumed[at] = c.presumed[at] && presumed[i]
		c.refs = append(c.refs, conditionRef{root: ref.Root, at: at})
	}
	return c, nil
}

// String returns the condition in one spelling.
func (c *Condition) String() string { return c.expr.String() }

// Reads says whether a change at a path of the state, a JSON Pointer, may be one that the condition looks at.
func (c *Condition) Reads(pointer string) bool {
	return slices.ContainsFunc(c.reads, func(path string) bool { return under(path, pointer) || under(pointer, path) })
}

// probe evaluates a condition along one fold.
type probe struct {
	*Condition
	values         [][]byte // of the refs
	before         [][]byte // of the paths, after the event before; nil where there was none
	kept           [][]byte // the memory of before
	seen           []bool   // of the paths: some state had something there
	data, metadata payload
}

// payload is a part of an event that is parsed once, if at all.
type payload struct {
	parsed, ok bool
	document   reducer.Document
}

func (c *Condition) probe() *probe {
	return &probe{
		Condition: c, values: make([][]byte, len(c.refs)), before: make([][]byte, len(c.paths)), kept: make([][]byte, len(c.paths)),
		seen: make([]bool, len(c.paths)),
	}
}

// after says whether the condition holds after an event; the steps come in the order of the fold.
func (p *probe) after(step *reducer.Step) bool {
	p.data.parsed, p.metadata.parsed = false, false
	for i := range p.refs {
		ref := &p.refs[i]
		switch ref.root {
		case rootState:
			p.values[i] = step.Values[ref.at]
		case rootBefore:
			p.values[i] = p.before[ref.at]
		default:
			p.values[i] = p.ofEvent(&step.Event, ref.path)
		}
	}
	for i, v := range step.Values {
		if v != nil {
			p.seen[i] = true
		}
	}
	holds := p.expr.Eval(p.values).Truth()
	if p.history {
		for i, v := range step.Values {
			p.before[i] = nil
			if v != nil {
				p.kept[i] = append(p.kept[i][:0], v...)
				p.before[i] = p.kept[i]
			}
		}
	}
	return holds
}

// ofEvent returns a part of an event as JSON, nil where there is none.
func (p *probe) ofEvent(r *store.Recorded, path reducer.Path) []byte {
	if len(path) == 0 {
		return eventjson.AppendEvent(nil, r)
	}
	switch path[0] {
	case "data":
		return p.data.at(r.Data, path[1:])
	case "metadata":
		return p.metadata.at(r.Metadata, path[1:])
	}
	value := memberOf(r, path[0])
	if value == nil || len(path) == 1 {
		return value
	}
	var member payload
	return member.at(value, path[1:])
}

func (p *payload) at(text []byte, path reducer.Path) []byte {
	if !p.parsed {
		p.parsed = true
		p.ok = len(text) > 0 && p.document.Replace(text) == nil
	}
	if !p.ok {
		return nil
	}
	value, ok := p.document.AppendAt(nil, path)
	if !ok {
		return nil
	}
	return value
}

// memberOf returns a member of an event, other than its payloads, as JSON; nil where it has none.
func memberOf(r *store.Recorded, name string) []byte {
	number := func(n uint64) []byte {
		if n == 0 {
			return nil
		}
		return strconv.AppendUint(nil, n, 10)
	}
	text := func(s string) []byte {
		if s == "" {
			return nil
		}
		return eventjson.AppendString(nil, s)
	}
	switch name {
	case "position":
		return number(uint64(r.Position))
	case "commit":
		return number(uint64(r.Commit))
	case "version":
		return number(r.Version)
	case "schemaVersion":
		return number(uint64(r.SchemaVersion))
	case "id":
		return text(r.ID)
	case "stream":
		return text(r.Stream)
	case "type":
		return text(r.Type)
	case "contentType":
		return text(r.ContentType)
	case "actor":
		return text(Actor(r))
	case "recordedAt":
		return eventjson.AppendTime(nil, r.RecordedAt)
	case "effectiveAt":
		return eventjson.AppendTime(nil, r.Effective())
	case "tags":
		return tagList(r.Tags)
	case "erased":
		if r.Erased != 0 {
			return append(strconv.AppendUint([]byte(`{"position":`), uint64(r.Erased), 10), '}')
		}
	}
	return nil
}

func tagList(tags []string) []byte {
	out := []byte{'['}
	for i, tag := range tags {
		if i > 0 {
			out = append(out, ',')
		}
		out = eventjson.AppendString(out, tag)
	}
	return append(out, ']')
}
