package history

import (
	"bytes"
	"encoding/json"

	"github.com/gestadb/gesta/store"
)

// Links are what the metadata of an event say of where it comes from; empty where they say nothing.
type Links struct {
	Cause       string // the id of the event that caused it
	Correlation string // what all that belongs together has in common
}

// LinksOf reads the metadata of an event. $causationId and $correlationId are read as the names without the sign.
func LinksOf(r *store.Recorded) Links {
	if !bytes.Contains(r.Metadata, linkName) && bytes.IndexByte(r.Metadata, '\\') < 0 {
		return Links{}
	}
	var m map[string]json.RawMessage // a struct would match the member whatever its case
	if json.Unmarshal(r.Metadata, &m) != nil {
		return Links{}
	}
	return Links{Cause: textMember(m, "causationId"), Correlation: textMember(m, "correlationId")}
}

// textMember returns a member that is a text, empty where there is none.
func textMember(m map[string]json.RawMessage, name string) string {
	raw, ok := m[name]
	if !ok {
		raw = m["$"+name]
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// linkName is how the names of both links end, with the quote after them.
var linkName = []byte(`ationId"`)

// mayLink says, without reading metadata as JSON, whether one of its links may be among the wanted. It is never wrong when it says no.
func mayLink(metadata []byte, wanted func(text []byte) bool) bool {
	at := bytes.Index(metadata, linkName)
	if bytes.IndexByte(metadata, '\\') >= 0 { // a name or a value may be written in another way
		return true
	}
	for ; at >= 0; at = bytes.Index(metadata, linkName) {
		metadata = bytes.TrimLeft(metadata[at+len(linkName):], " \t\r\n:")
		if len(metadata) == 0 || metadata[0] != '"' {
			continue
		}
		metadata = metadata[1:]
		end := bytes.IndexByte(metadata, '"')
		if end >= 0 && wanted(metadata[:end]) {
			return true
		}
	}
	return false
}
