package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// OCELOptions say how an object-centric event log is read. Of the mapping Category, Actor, Tags and Zone are used; the
// last three name attributes of events.
type OCELOptions struct {
	Options

	// ObjectType is the type of the objects whose ids become names of streams. An event that relates to none of them has no
	// stream. Defaults to none.
	ObjectType string
}

// OCELLeftOut counts what a log says about objects and is therefore in no event.
type OCELLeftOut struct {
	EventTypes  int `json:"eventTypes"`
	ObjectTypes int `json:"objectTypes"`
	Objects     int `json:"objects"`   // that no event relates to
	Values      int `json:"values"`    // of attributes of objects
	Relations   int `json:"relations"` // between objects
	Members     int `json:"members"`   // of the log that OCEL does not know
}

// ObjectTypeError says that a log has no object of a type.
type ObjectTypeError struct {
	Type string
	Has  []string // the types of its objects
}

func (e *ObjectTypeError) Error() string {
	text := fmt.Sprintf("the log has no object of the type %q", e.Type)
	if len(e.Has) > 0 {
		text += "; there are " + strings.Join(e.Has, ", ")
	}
	return text
}

// Is matches [store.ErrInvalid].
func (e *ObjectTypeError) Is(target error) bool { return target == store.ErrInvalid }

// ReadOCEL reads an object-centric event log to its end: OCEL 2.0 in JSON, or the CSV form with columns such as
// ocel:activity and ocel:type:order. Errors are those of [ReadXES], and an [*ObjectTypeError].
//
// An event has the tag TYPE:ID for each of its objects. Its data has id and time as they stand in the log, its attributes, and
// relationships, an array with an object for each of them: objectId and whatever else the log has there, such as a qualifier,
// and objectType. A name that occurs twice, as that of an attribute named id does, has an array of its values, that of the event
// first. Two events with one id are an error, which no event is left out for. Of a CSV file blank fields are left out.
//
// Memory is bounded as for [ReadXES], but for the ids of the objects of a JSON log, which are held in memory up to 512 MiB. A JSON log whose
// events come before its objects goes through temporary files.
func ReadOCEL(ctx context.Context, r io.Reader, o OCELOptions) (*Rows, OCELLeftOut, error) {
	rd, err := newRowReader(r, &o.Options)
	if err != nil {
		return nil, OCELLeftOut{}, err
	}
	few := o.MemoryBytes / 8
	rd.rows.sorter.limit = o.MemoryBytes - few
	x := &ocelReader{rowReader: rd, objectType: o.ObjectType, ids: newEventIDs(o.TempDir, few)}
	err = x.readAll(ctx)
	if err == nil {
		err = x.checkIDs(ctx)
	}
	rows, err := rd.end(errors.Join(err, x.ids.close()))
	return rows, x.leftOut, err
}

// ocelReader makes rows of events that relate to objects.
type ocelReader struct {
	*rowReader
	objectType string
	leftOut    OCELLeftOut
	ids        *eventIDs
}

// checkIDs refuses a log in which two events have one id: it is not known which of them others mean.
func (x *ocelReader) checkIDs(ctx context.Context) error {
	id, first, second, found, err := x.ids.repeated(ctx)
	if err != nil {
		return fmt.Errorf("look for ids that repeat: %w", err)
	}
	if found {
		return x.fatal(second, "event %q: its id is that of the event at line %d, and ids of events are unique", clip(id), first)
	}
	return nil
}

func (x *ocelReader) readAll(ctx context.Context) error {
	head, err := x.in.r.Peek(512)
	if len(head) == 0 && err != nil {
		x.in.note(err)
		return x.failure(1, err)
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("SQLite format 3\x00")):
		return x.fatal(1, "the log is in SQLite: convert it to OCEL 2.0 JSON")
	case bytes.HasPrefix(text, []byte("<")):
		return x.fatal(1, "the log is in XML: convert it to OCEL 2.0 JSON")
	case bytes.HasPrefix(text, []byte("{")):
		j := &ocelJSON{ocelReader: x, objects: map[string]uint32{}}
		return j.read(ctx)
	}
	c := &ocelCSV{ocelReader: x}
	return c.read(ctx)
}

// object is what an event relates to.
type object struct {
	typ, id string
}

// ocelEvent is an event as it stands in a log.
type ocelEvent struct {
	line    int
	n       string
	typ     string
	time    string
	fields  []field // id, time and attributes
	objects []object
	related []byte // a JSON array
	rest    []field
}

// id is the event's, or "" where it has none.
func (e *ocelEvent) id() string {
	if len(e.fields) > 0 && e.fields[0].name == "id" {
		return e.fields[0].text
	}
	return ""
}

// take makes a row of an event, unless it is a bad one that is left out.
func (x *ocelReader) take(e *ocelEvent) error {
	err := x.row(e)
	if err == nil {
		err = x.ids.add(e.id(), e.line)
	}
	return x.bad(e.line, named("event", e.id(), x.placed(e.line, err)))
}

// row makes a row of an event. Its errors are problems of the row, or those of the sorter.
func (x *ocelReader) row(e *ocelEvent) error {
	row := Row{Line: e.line, N: e.n}
	rec := &record{line: e.line, n: e.n, fields: e.fields}
	if err := checkText(e.fields); err != nil {
		return err
	}
	if e.typ == "" {
		return problemf("the event has no type")
	}
	row.Event.Type = e.typ
	if blank(e.time) {
		return problemf("the event has no time")
	}
	var err error
	if row.Event.EffectiveAt, err = parseTime(e.time, x.mapper.m.Zone); err != nil {
		return err
	}
	actor := x.mapper.field(rec, x.mapper.m.Actor)
	if actor != nil && (actor.text == "" || actor.kind == kindRaw) {
		actor = nil
	}
	if actor != nil {
		row.Event.Metadata = append(eventjson.AppendString([]byte(`{"actor":`), actor.text), '}')
	}
	size := 0
	for _, o := range e.objects {
		if tag := o.typ + ":" + o.id; !slices.Contains(row.Event.Tags, tag) {
			row.Event.Tags = append(row.Event.Tags, tag)
			if size += len(tag); size > store.MaxEnvelopeBytes {
				break // add will refuse it
			}
		}
		if row.Event.Stream == "" && x.objectType != "" && o.typ == x.objectType {
			row.Event.Stream = streamName(x.mapper.m.Category, o.id)
		}
	}
	row.Event.Tags = append(row.Event.Tags, x.mapper.tags(rec)...)
	rec.fields = append(rec.fields, field{name: "relationships", text: string(e.related), kind: kindRaw})
	rec.fields = append(rec.fields, e.rest...)
	if actor != nil { // the slice may have moved
		actor = find(rec.fields, x.mapper.m.Actor)
	}
	x.mapper.data(&row, rec, actor)
	return x.add(&row)
}

// streamName joins a category and an id, in which white space becomes an underscore.
func streamName(category, id string) string {
	return category + "-" + strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return '_'
		}
		return c
	}, id)
}

// appendRelated appends {"objectType":TYPE, and the members of object, a JSON object.
func appendRelated(dst []byte, typ string, object []byte) []byte {
	dst = eventjson.AppendString(append(dst, `{"objectType":`...), typ)
	if len(object) > len("{}") {
		dst = append(dst, ',')
	}
	return append(dst, object[1:]...)
}
