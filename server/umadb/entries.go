package umadb

import (
	"bytes"
	"strconv"

	"github.com/gestadb/gesta/store/eventjson"
)

// entry is a MetadataEntry, in the memory of a message.
type entry struct{ key, value []byte }

// fewEntries is up to how many entries are compared each with each.
const fewEntries = 16

// repeats says whether two entries have the same key.
func repeats(list []entry) bool {
	if len(list) > fewEntries {
		return repeatsOfMany(list)
	}
	for i := range list {
		for j := range i {
			if bytes.Equal(list[i].key, list[j].key) {
				return true
			}
		}
	}
	return false
}

func repeatsOfMany(list []entry) bool {
	seen := make(map[string]bool, len(list))
	for _, n := range list {
		seen[string(n.key)] = true
	}
	return len(seen) < len(list)
}

// apart is the member of an event's metadata that has the entries with reserved keys.
const apart = "umadb"

// reserved says whether a member of this name is not an entry: gesta gives it a meaning of its own, or apart is its name.
func reserved(key []byte) bool {
	switch string(key) {
	case apart, "actor", "onBehalfOf", "correlationId", "causationId", "supersedes", "traceparent", "command", "import",
		"$correlationId", "$causationId":
		return true
	}
	return false
}

// appendMetadata appends the metadata that has these entries.
func appendMetadata(dst []byte, list []entry) []byte {
	start, kept := len(dst), 0
	for _, n := range list {
		if reserved(n.key) {
			kept++
			continue
		}
		dst = eventjson.AppendString(append(dst, ','), string(n.key))
		dst = eventjson.AppendString(append(dst, ':'), string(n.value))
	}
	if kept > 0 {
		dst = append(dst, `,"`+apart+`":`...)
		dst = appendApart(dst, list)
	}
	dst[start] = '{'
	return append(dst, '}')
}

func appendApart(dst []byte, list []entry) []byte {
	separator := byte('[')
	for i, n := range list {
		if !reserved(n.key) {
			continue
		}
		dst = append(append(dst, separator), `{"index":`...)
		dst = strconv.AppendInt(dst, int64(i), 10)
		dst = eventjson.AppendString(append(dst, `,"key":`...), string(n.key))
		dst = eventjson.AppendString(append(dst, `,"value":`...), string(n.value))
		dst = append(dst, '}')
		separator = ','
	}
	return append(dst, ']')
}
