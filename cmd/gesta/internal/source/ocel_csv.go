package source

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/gestadb/gesta/store/eventjson"
)

// The columns of the CSV form of OCEL; all others are attributes.
const (
	ocelID       = "ocel:eid"
	ocelActivity = "ocel:activity"
	ocelTime     = "ocel:timestamp"
	ocelType     = "ocel:type:" // before the type of the objects that a column lists
)

// ocelCSV reads the CSV form of OCEL: a row is an event, and a column for each type lists the ids of its objects.
type ocelCSV struct {
	*ocelReader
	parser *csvParser
}

func (c *ocelCSV) read(ctx context.Context) error {
	o := *c.o
	o.Mapping.Type, o.Mapping.Time = ocelActivity, ocelTime
	if o.Mapping.Actor == DefaultActor {
		o.Mapping.Actor = "" // it need not be there
	}
	var err error
	if c.parser, err = newCSVParser(c.in, &o); err != nil {
		return err
	}
	if err := c.checkType(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		it, err := c.parser.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if err = c.judge(err); err != nil {
				return err
			}
			continue
		}
		e, err := c.event(it.record)
		if err != nil {
			err = c.bad(it.record.line, err)
		} else {
			err = c.take(e)
		}
		if err != nil {
			return err
		}
	}
}

// checkType sees to it that there are columns of objects, and one of those that are to be streams.
func (c *ocelCSV) checkType() error {
	var types []string
	found := c.objectType == ""
	for _, name := range c.parser.header {
		if typ, ok := strings.CutPrefix(name, ocelType); ok {
			types = append(types, typ)
			found = found || typ == c.objectType
		}
	}
	switch {
	case len(types) == 0:
		return &FieldError{For: "objects of an event", Field: ocelType + "…", Has: c.parser.header}
	case !found:
		return &ObjectTypeError{Type: c.objectType, Has: types}
	}
	return nil
}

// event takes a row apart.
func (c *ocelCSV) event(r *record) (*ocelEvent, error) {
	e := &ocelEvent{line: r.line, n: r.n}
	if err := checkText(r.fields); err != nil {
		return nil, err
	}
	id, at := find(r.fields, ocelID), find(r.fields, ocelTime)
	if id != nil && !blank(id.text) {
		e.fields = append(e.fields, field{name: "id", text: id.text, kind: kindOther})
	}
	e.time = at.text
	e.fields = append(e.fields, field{name: "time", text: at.text, kind: kindOther})
	e.related = append(e.related, '[')
	for i := range r.fields {
		f := &r.fields[i]
		typ, isObjects := strings.CutPrefix(f.name, ocelType)
		switch {
		case f.name == ocelID || f.name == ocelTime || blank(f.text):
		case f.name == ocelActivity:
			e.typ = f.text
		case isObjects:
			if err := e.relate(typ, f.text); err != nil {
				return nil, err
			}
		default:
			e.fields = append(e.fields, *f)
		}
	}
	e.related = append(e.related, ']')
	return e, nil
}

// relate adds the objects of one type that a field lists.
func (e *ocelEvent) relate(typ, text string) error {
	ids, ok := parseList(text)
	if !ok {
		if strings.HasPrefix(strings.TrimSpace(text), "[") {
			return problemf("%q is no list of objects such as ['a', 'b']", clip(text))
		}
		ids = []string{text}
	}
	for _, id := range ids {
		if blank(id) {
			continue
		}
		e.objects = append(e.objects, object{typ, id})
		if len(e.related) > 1 {
			e.related = append(e.related, ',')
		}
		e.related = appendRelated(e.related, typ, append(eventjson.AppendString([]byte(`{"objectId":`), id), '}'))
	}
	return nil
}
