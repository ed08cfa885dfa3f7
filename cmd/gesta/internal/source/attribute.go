package source

import (
	"encoding/xml"
	"errors"

	"github.com/gestadb/gesta/store"
)

// attributeTypes are the elements that are attributes in XES, with what their texts stand for.
var attributeTypes = map[string]kind{
	"string": kindString, "date": kindOther, "id": kindOther,
	"int": kindNumber, "float": kindNumber, "boolean": kindBoolean,
	"list": kindRaw, "container": kindRaw,
}

func isAttribute(start *xml.StartElement) bool {
	_, ok := attributeTypes[start.Name.Local]
	return ok
}

// attribute reads an attribute to its end. A problem is returned then; any other error ends the reading.
func (x *xesParser) attribute(start *xml.StartElement) (field, error) {
	f := field{kind: attributeTypes[start.Name.Local]}
	var hasKey, hasValue bool
	for i := range start.Attr {
		switch a := &start.Attr[i]; a.Name.Local {
		case "key":
			f.name, hasKey = a.Value, true
		case "value":
			f.text, hasValue = a.Value, true
		}
	}
	children, values, err := x.children()
	switch {
	case err != nil:
		return f, err
	case !hasKey:
		return f, problemf("a <%s> has no key", start.Name.Local)
	}
	switch start.Name.Local {
	case "container":
		f.text = string(appendObject(nil, children))
		return f, nil
	case "list":
		if values == nil { // the items of older logs stand in the list itself
			values, children = children, nil
		}
		f.text = string(appendList(nil, values))
	default:
		if !hasValue {
			return f, problemf("the <%s> %q has no value", start.Name.Local, clip(f.name))
		}
	}
	if len(children) > 0 {
		text := appendValue([]byte(`{"value":`), &f)
		text = appendObject(append(text, `,"attributes":`...), children)
		f.text, f.kind = string(append(text, '}')), kindRaw
	}
	return f, nil
}

// children reads the attributes in the element that began last, to its end, and those in its <values>, which are nil
// where there is none.
func (x *xesParser) children() (children, values []field, err error) {
	depth := len(x.open)
	var bad error
	size := 0
	for {
		tok, err := x.token()
		if err != nil {
			return nil, nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			var got []field
			var p problem
			switch {
			case tok.Name.Local == "values":
				got, _, err = x.children()
				if values == nil {
					values = []field{}
				}
				values = append(values, got...)
			case isAttribute(&tok):
				got = make([]field, 1)
				if got[0], err = x.attribute(&tok); err == nil {
					children = append(children, got[0])
				}
			default:
				x.leftOut.Others++
				err = x.skip(nil)
			}
			if err != nil && !errors.As(err, &p) {
				return nil, nil, err
			}
			if size += sizeOf(got); size > store.MaxEventBytes {
				err = problemf("an attribute has more than %d bytes", store.MaxEventBytes)
				children, values = nil, nil
			}
			if bad == nil {
				bad = err
			}
		case xml.EndElement:
			if len(x.open) < depth {
				return children, values, bad
			}
		}
	}
}

// appendList appends fields as an array of objects with one member each.
func appendList(dst []byte, fields []field) []byte {
	dst = append(dst, '[')
	for i := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendObject(dst, fields[i:i+1])
	}
	return append(dst, ']')
}

func sizeOf(fields []field) int {
	n := 0
	for i := range fields {
		n += len(fields[i].name) + len(fields[i].text)
	}
	return n
}
