package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/store/eventjson"
)

// maxObjectsBytes bounds the ids of objects, each counted with what a map needs beside it.
const (
	maxObjectsBytes = 512 << 20
	objectBytes     = 64
)

// ocelJSON reads OCEL 2.0 in JSON. Events wait in a spool where the types of their objects are not known yet.
type ocelJSON struct {
	*ocelReader
	s    *scanner
	seen map[string]bool // the members of the log that were there

	objects map[string]uint32 // of each object twice the index of its type, and 1 more once an event related to it
	types   []string
	index   map[string]uint32
	bytes   int // of the ids, as maxObjectsBytes counts

	events int
	spool  *sorter // of the texts of events, in the order of the log; nil where there is none
	buf    []byte
}

func (j *ocelJSON) read(ctx context.Context) (err error) {
	j.s, j.seen, j.index = newScanner(j.in, 1), map[string]bool{}, map[string]uint32{}
	defer func() {
		if j.spool != nil {
			err = errors.Join(err, j.spool.close())
		}
	}()
	err = j.s.object(func(name string) error { return j.member(ctx, name) })
	if err == nil {
		var c byte
		if c, err = j.s.token(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = problemf("%q after the end of the log", c)
		}
	}
	switch {
	case err != nil:
		return j.classify(err)
	case !j.seen["events"]:
		return j.fatal(j.s.line, `there is no "events": it is no OCEL 2.0 log`)
	}
	if err := j.unspool(ctx); err != nil {
		return err
	}
	for _, o := range j.objects {
		if o&1 == 0 {
			j.leftOut.Objects++
		}
	}
	if _, ok := j.index[j.objectType]; j.objectType != "" && !ok {
		return &ObjectTypeError{Type: j.objectType, Has: j.types[:min(len(j.types), 100)]}
	}
	return nil
}

// classify says what an error means that ended the walk through the log.
func (j *ocelJSON) classify(err error) error {
	_, isProblem := errors.AsType[problem](err)
	if isProblem || errors.Is(err, io.EOF) || errors.Is(err, errToken) || j.in.err != nil {
		return j.failure(j.s.line, err)
	}
	return err
}

// member reads a member of the log.
func (j *ocelJSON) member(ctx context.Context, name string) error {
	j.in.allow(j.in.total)
	if strings.HasPrefix(name, "ocel:") {
		return problemf("the member %q is of OCEL 1.0: convert the log to OCEL 2.0 JSON", clip(name))
	}
	each := func(take func(line int, text []byte) error) error {
		if j.seen[name] {
			return problemf("the member %q is there twice", name)
		}
		j.seen[name] = true
		return j.each(ctx, take)
	}
	switch name {
	case "events":
		return each(j.event)
	case "objects":
		return each(j.object)
	case "eventTypes":
		return each(func(int, []byte) error { j.leftOut.EventTypes++; return nil })
	case "objectTypes":
		return each(func(int, []byte) error { j.leftOut.ObjectTypes++; return nil })
	}
	j.leftOut.Members++
	j.in.limit = math.MaxInt64 // nothing of it is kept
	err := j.s.skip()
	j.in.allow(j.in.total)
	return err
}

// each reads an array and calls take for the text of each of its values, which is valid until the next.
func (j *ocelJSON) each(ctx context.Context, take func(line int, text []byte) error) error {
	n := 0
	return j.s.array(func() error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		j.in.allow(j.in.total)
		c, err := j.s.token()
		if err != nil {
			return err
		}
		j.s.unread(c)
		line := j.s.line
		if j.buf, err = j.s.value(j.buf[:0]); err != nil {
			return err
		}
		return take(line, j.buf)
	})
}

// object notes the type of an object.
func (j *ocelJSON) object(line int, text []byte) error {
	var id, typ string
	values, relations := 0, 0
	err := members(text, func(name string, s *scanner) (err error) {
		switch name {
		case "id":
			id, err = stringMember(s, name)
		case "type":
			typ, err = stringMember(s, name)
		case "attributes":
			err = s.array(func() error { values++; return s.skip() })
		case "relationships":
			err = s.array(func() error { relations++; return s.skip() })
		default:
			err = s.skip()
		}
		return err
	})
	before, known := j.objects[id]
	switch {
	case err != nil:
	case id == "" || typ == "":
		err = problemf("the object has no id or no type")
	case known && j.types[before>>1] != typ:
		err = problemf("the object has the type %q here, and %q before", clip(typ), clip(j.types[before>>1]))
	}
	if err != nil {
		return j.bad(line, numbered("object", len(j.objects)+1, id, err))
	}
	j.leftOut.Values += values
	j.leftOut.Relations += relations
	if known {
		return nil
	}
	at, ok := j.index[typ]
	if !ok {
		at = uint32(len(j.types))
		j.types, j.index[typ] = append(j.types, typ), at
		j.bytes += len(typ) + objectBytes
	}
	j.objects[id] = at << 1
	if j.bytes += len(id) + objectBytes; j.bytes > maxObjectsBytes {
		return j.fatal(line, "the ids of the log's objects take more than %d MiB", maxObjectsBytes>>20)
	}
	return nil
}

// event takes an event, now or once the objects are known.
func (j *ocelJSON) event(line int, text []byte) error {
	j.events++
	if j.seen["objects"] {
		return j.takeText(line, j.events, text)
	}
	if j.spool == nil {
		half := j.rows.sorter.limit / 2
		j.spool, j.rows.sorter.limit = newSorter(j.o.TempDir, half), half
	}
	return j.spool.add(key{seq: uint64(j.events)}, append(binary.AppendUvarint(nil, uint64(line)), text...))
}

// unspool takes the events that wait.
func (j *ocelJSON) unspool(ctx context.Context) error {
	if j.spool == nil {
		return nil
	}
	if err := j.spool.finish(); err != nil {
		return err
	}
	n := 0
	for e, err := range j.spool.all() {
		if err != nil {
			return fmt.Errorf("read events again: %w", err)
		}
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		d := decoder{rest: e.payload}
		line := d.number()
		if d.failed {
			return errRow
		}
		if err := j.takeText(int(line), n, d.rest); err != nil {
			return err
		}
	}
	return nil
}

// takeText takes an event of which the text is known.
func (j *ocelJSON) takeText(line, n int, text []byte) error {
	e, err := j.parse(line, n, text)
	if err != nil {
		return j.bad(line, numbered("event", n, e.id(), err))
	}
	return j.take(e)
}

// numbered says which event or object a problem is about.
func numbered(what string, n int, id string, err error) error {
	p, ok := errors.AsType[problem](err)
	switch {
	case !ok:
		return err
	case id != "":
		return problemf("%s %q: %s", what, clip(id), p)
	}
	return problemf("%s %d: %s", what, n, p)
}

// parse takes an event apart. With an error it returns what there is of the event.
func (j *ocelJSON) parse(line, n int, text []byte) (*ocelEvent, error) {
	e := &ocelEvent{line: line, n: strconv.Itoa(n), related: []byte("[]")}
	var id string
	var attributes []field
	seen := map[string]bool{}
	err := members(text, func(name string, s *scanner) (err error) {
		if seen[name] {
			return problemf("the member %q is there twice", clip(name))
		}
		seen[name] = true
		switch name {
		case "id":
			id, err = stringMember(s, name)
		case "type":
			e.typ, err = stringMember(s, name)
		case "time":
			e.time, err = stringMember(s, name)
		case "attributes":
			attributes, err = parseAttributes(s)
		case "relationships":
			err = j.relate(e, s)
		default:
			var value field
			value, err = valueField(s, name)
			e.rest = append(e.rest, value)
		}
		return err
	})
	if err == nil && id == "" {
		err = problemf("there is no id")
	}
	if id != "" {
		e.fields = append(e.fields, field{name: "id", text: id, kind: kindOther})
	}
	e.fields = append(e.fields, field{name: "time", text: e.time, kind: kindOther})
	e.fields = append(e.fields, attributes...)
	return e, err
}

// relate reads the relationships of an event.
func (j *ocelJSON) relate(e *ocelEvent, s *scanner) error {
	e.related = e.related[:1]
	err := s.array(func() error {
		text, err := s.value(nil)
		if err != nil {
			return err
		}
		var id string
		hasType := false
		err = members(text, func(name string, m *scanner) (err error) {
			hasType = hasType || name == "objectType"
			if name == "objectId" {
				id, err = stringMember(m, name)
				return err
			}
			return m.skip()
		})
		if err != nil {
			return err
		}
		known, ok := j.objects[id]
		if !ok {
			return problemf("it relates to the object %q, which the log does not have", clip(id))
		}
		j.objects[id] = known | 1
		typ := j.types[known>>1]
		e.objects = append(e.objects, object{typ, id})
		if len(e.related) > 1 {
			e.related = append(e.related, ',')
		}
		if text, _ = eventjson.AppendCompact(nil, text); hasType {
			e.related = append(e.related, text...)
		} else {
			e.related = appendRelated(e.related, typ, text)
		}
		return nil
	})
	e.related = append(e.related, ']')
	return err
}

// parseAttributes reads an array of {"name":…,"value":…}.
func parseAttributes(s *scanner) ([]field, error) {
	var fields []field
	err := s.array(func() error {
		text, err := s.value(nil)
		if err != nil {
			return err
		}
		var f field
		hasName, hasValue := false, false
		err = members(text, func(name string, m *scanner) (err error) {
			switch name {
			case "name":
				hasName = true
				f.name, err = stringMember(m, name)
			case "value":
				hasValue = true
				var value field
				value, err = valueField(m, "")
				f.text, f.kind = value.text, value.kind
			default:
				err = m.skip()
			}
			return err
		})
		if err == nil && (!hasName || !hasValue) {
			err = problemf("an attribute has no name or no value")
		}
		fields = append(fields, f)
		return err
	})
	return fields, err
}

// members calls each for the members of the text of an object; each has to read the value.
func members(text []byte, each func(name string, s *scanner) error) error {
	if !eventjson.Valid(text) || text[0] != '{' {
		return problemf("%s is no JSON object in UTF-8", clip(strings.ToValidUTF8(string(text[:min(len(text), 80)]), "\uFFFD")))
	}
	s := newScanner(bytes.NewReader(text), 1)
	return s.object(func(name string) error { return each(name, s) })
}

// stringMember reads a value that is a string.
func stringMember(s *scanner, name string) (string, error) {
	value, err := s.value(nil)
	if err != nil {
		return "", err
	}
	text, ok := jsonText(value)
	if !ok {
		return "", problemf("%s is %s, not a string", name, clip(string(value)))
	}
	return text, nil
}

// valueField reads any value.
func valueField(s *scanner, name string) (field, error) {
	value, err := s.value(nil)
	if err != nil {
		return field{}, err
	}
	if text, ok := jsonText(value); ok {
		return field{name: name, text: text}, nil
	}
	if isNumber(string(value)) {
		return field{name: name, text: string(value), kind: kindNumber}, nil
	}
	value, _ = eventjson.AppendCompact(nil, value)
	return field{name: name, text: string(value), kind: kindRaw}, nil
}
