package source

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The fields that a mapping names when it is not told others: the names of the XES standard, and of the tools that write
// its logs as CSV.
const (
	DefaultType  = "concept:name"
	DefaultTime  = "time:timestamp"
	DefaultActor = "org:resource"

	// TraceName is the name of a trace, as a field of its events.
	TraceName = tracePrefix + DefaultType
)

// tracePrefix marks a field of a trace among those of its events.
const tracePrefix = "case:"

// Mapping names the fields of a source that become the envelope of an event. In XES, case:KEY is the attribute KEY of the
// trace.
type Mapping struct {
	// Category is the part before the hyphen of stream names. It is needed where events get a stream.
	Category string

	// Stream is the field whose text is the part after the hyphen; each white space in it becomes an underscore.
	// Defaults to [TraceName] in XES. Without it the events of a CSV file have no stream.
	Stream string

	Type  string // Defaults to [DefaultType].
	Time  string // Defaults to [DefaultTime].
	Actor string // Defaults to [DefaultActor]; a row where it is missing or empty has no actor.
	Tags  []TagField

	// Zone is the zone of times without one. Defaults to UTC.
	Zone *time.Location
}

// TagField gives each event the tag Name:TEXT of a field, or one for each member where the text is a list as JSON or
// Python writes it. A blank text gives none.
type TagField struct {
	Name, Field string
}

// FieldError says that a mapping names a field which the source does not have.
type FieldError struct {
	For   string // what the field was to become, such as type
	Field string
	Has   []string // the fields of the source, where they are known
}

func (e *FieldError) Error() string {
	text := fmt.Sprintf("no row has the field %q that is to be the %s", e.Field, e.For)
	if len(e.Has) > 0 {
		text += "; there are " + strings.Join(e.Has, ", ")
	}
	return text
}

// Is matches [store.ErrInvalid].
func (e *FieldError) Is(target error) bool { return target == store.ErrInvalid }

// mapper makes rows of records. It is used by one goroutine.
type mapper struct {
	m     *Mapping
	used  map[string]bool // the fields that some row had
	asked []FieldError    // the fields that some row should have
	kept  []field         // scratch
}

// newMapper fills in the defaults of m.
func newMapper(m *Mapping) *mapper {
	p := &mapper{m: m, used: map[string]bool{}}
	p.ask("stream", m.Stream)
	p.ask("type", m.Type)
	p.ask("time", m.Time)
	p.ask("actor", m.Actor)
	for _, t := range m.Tags {
		p.ask("tag "+t.Name, t.Field)
	}
	if m.Type == "" {
		m.Type = DefaultType
	}
	if m.Time == "" {
		m.Time = DefaultTime
	}
	if m.Actor == "" {
		m.Actor = DefaultActor
	}
	if m.Zone == nil {
		m.Zone = time.UTC
	}
	return p
}

func (p *mapper) ask(what, field string) {
	if field != "" {
		p.asked = append(p.asked, FieldError{For: what, Field: field})
	}
}

// unused returns an error for a field that was asked for and that no row had.
func (p *mapper) unused() error {
	for i := range p.asked {
		if !p.used[p.asked[i].Field] {
			return &p.asked[i]
		}
	}
	return nil
}

// field finds a field of a row, or nil.
func (p *mapper) field(r *record, name string) *field {
	f := find(r.fields, name)
	if f == nil && r.trace != nil {
		if key, ok := strings.CutPrefix(name, tracePrefix); ok {
			f = find(r.trace.fields, key)
		}
	}
	if f != nil && !p.used[name] {
		p.used[name] = true
	}
	return f
}

// row maps a record. Its errors are problems of the row.
func (p *mapper) row(r *record) (Row, error) {
	row := Row{Line: r.line, N: r.n}
	if err := checkText(r.fields); err != nil {
		return row, err
	}
	e := &row.Event
	typ := p.field(r, p.m.Type)
	if typ == nil || typ.text == "" {
		return row, problemf("the row has no %q, which is its type", p.m.Type)
	}
	e.Type = typ.text
	at := p.field(r, p.m.Time)
	if at == nil || blank(at.text) {
		return row, problemf("the row has no %q, which is its time", p.m.Time)
	}
	var err error
	if e.EffectiveAt, err = parseTime(at.text, p.m.Zone); err != nil {
		return row, err
	}
	stream, err := p.stream(r, e)
	if err != nil {
		return row, err
	}
	actor := p.field(r, p.m.Actor)
	if actor != nil && actor.text == "" {
		actor = nil
	}
	if actor != nil {
		e.Metadata = append(eventjson.AppendString([]byte(`{"actor":`), actor.text), '}')
	}
	e.Tags = p.tags(r)
	p.data(&row, r, typ, stream, actor)
	return row, nil
}

// stream sets the stream of e and returns the field that the name gives back exactly, or nil.
func (p *mapper) stream(r *record, e *store.Event) (*field, error) {
	if p.m.Stream == "" {
		return nil, nil
	}
	f := p.field(r, p.m.Stream)
	if f == nil || blank(f.text) {
		return nil, problemf("the row has no %q, which is its stream", p.m.Stream)
	}
	id := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return '_'
		}
		return c
	}, f.text)
	e.Stream = p.m.Category + "-" + id
	if id != f.text {
		f = nil
	}
	return f, nil
}

func (p *mapper) tags(r *record) []string {
	var tags []string
	for _, t := range p.m.Tags {
		f := p.field(r, t.Field)
		if f == nil || blank(f.text) {
			continue
		}
		members, ok := parseList(f.text)
		if !ok {
			members = []string{f.text}
		}
		for _, m := range members {
			if !blank(m) {
				tags = append(tags, t.Name+":"+m)
			}
		}
	}
	return tags
}

// data sets the data of a row: all fields but those of the envelope, a field named "case" last.
func (p *mapper) data(row *Row, r *record, envelope ...*field) {
	p.kept = p.kept[:0]
	var own []field
	for i := range r.fields {
		f := &r.fields[i]
		switch {
		case f.kind == kindString && slices.Contains(envelope, f):
		case f.name == "case" && r.trace != nil:
			own = append(own, *f)
		default:
			p.kept = append(p.kept, *f)
		}
	}
	data := appendObject(make([]byte, 0, 64*len(p.kept)+2), p.kept)
	if len(own) > 0 {
		data = data[:len(data)-1]
		if len(p.kept) > 0 {
			data = append(data, ',')
		}
		data = append(data, `"case":`...)
		row.caseN = len(data)
		data = append(appendValues(data, own), '}')
	}
	row.Event.Data = data
}
