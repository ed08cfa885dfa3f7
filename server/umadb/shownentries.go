package umadb

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/store/eventjson"
)

// appendEntries appends the entries that an event with this metadata has, as fields of an Event.
func appendEntries(dst, metadata []byte) []byte {
	if len(metadata) == 0 || !isJSON(metadata) {
		return dst
	}
	kept := keptApart(metadata)
	index := 0
	for m := membersOf(metadata, '{'); m.next(); {
		name := unquoted(m.name)
		if reserved(name) {
			continue
		}
		for len(kept) > 0 && kept[0].index <= index {
			dst = appendEntry(dst, kept[0].entry)
			kept = kept[1:]
			index++
		}
		dst = appendEntry(dst, entry{key: name, value: shownValue(m.value)})
		index++
	}
	for _, k := range kept {
		dst = appendEntry(dst, k.entry)
	}
	return dst
}

// shownValue returns the text that a member's value shows as.
func shownValue(value []byte) []byte {
	if isText(value) {
		return unquoted(value)
	}
	compact, _ := eventjson.AppendCompact(nil, value)
	return compact
}

func appendEntry(dst []byte, n entry) []byte {
	dst = protowire.AppendTag(dst, 5, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(textSize(n.key)+textSize(n.value)))
	dst = appendText(dst, 1, n.key)
	return appendText(dst, 2, n.value)
}

// textSize returns the bytes of a field whose number is below 16; an empty text is left out.
func textSize(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	return 1 + protowire.SizeBytes(len(b))
}

func appendText(dst []byte, number protowire.Number, b []byte) []byte {
	if len(b) == 0 {
		return dst
	}
	return protowire.AppendBytes(protowire.AppendTag(dst, number, protowire.BytesType), b)
}

// keptEntry is an entry whose key is reserved.
type keptEntry struct {
	index int
	entry
}

// keptApart returns the entries that stand in the member [apart], in order: what another writer put there, in any other
// form, is none.
func keptApart(metadata []byte) []keptEntry {
	if !bytes.Contains(metadata, []byte(`"`+apart+`"`)) {
		return nil
	}
	var kept []keptEntry
	for m := membersOf(metadata, '{'); m.next(); {
		if string(unquoted(m.name)) != apart {
			continue
		}
		for item := membersOf(m.value, '['); item.next(); {
			if k, ok := keptOf(item.value); ok {
				kept = append(kept, k)
			}
		}
	}
	slices.SortStableFunc(kept, func(a, b keptEntry) int { return cmp.Compare(a.index, b.index) })
	return kept
}

func keptOf(item []byte) (k keptEntry, ok bool) {
	has := 0
	for m := membersOf(item, '{'); m.next(); {
		switch name := string(unquoted(m.name)); {
		case name == "index":
			n, err := strconv.Atoi(string(m.value))
			if err != nil || n < 0 {
				return k, false
			}
			k.index, has = n, has|1
		case name == "key" && isText(m.value):
			k.key, has = unquoted(m.value), has|2
		case name == "value" && isText(m.value):
			k.value, has = unquoted(m.value), has|4
		}
	}
	return k, has == 7
}
