package answers

import (
	"strconv"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// AppendMention appends the members by which an item names an event, without braces.
func AppendMention(dst []byte, m *history.Mention) []byte {
	dst = strconv.AppendUint(append(dst, `"position":`...), uint64(m.Position), 10)
	if m.ID != "" {
		dst = eventjson.AppendString(append(dst, `,"id":`...), m.ID)
	}
	if m.Stream != "" {
		dst = eventjson.AppendString(append(dst, `,"stream":`...), m.Stream)
		dst = strconv.AppendUint(append(dst, `,"version":`...), m.Version, 10)
	}
	dst = eventjson.AppendString(append(dst, `,"type":`...), m.Type)
	dst = eventjson.AppendTime(append(dst, `,"recordedAt":`...), m.RecordedAt)
	if !m.EffectiveAt.IsZero() {
		dst = eventjson.AppendTime(append(dst, `,"effectiveAt":`...), m.EffectiveAt)
	}
	if m.Actor != "" {
		dst = eventjson.AppendString(append(dst, `,"actor":`...), m.Actor)
	}
	return dst
}

// AppendLate appends, behind other members, that an event took effect before an earlier one of its stream; nothing where it did not.
func AppendLate(dst []byte, late bool) []byte {
	if !late {
		return dst
	}
	return append(dst, `,"late":true`...)
}

// AppendIgnored appends the positions of events that claim to supersede what they do not, as a member with a comma at its end; nothing of none.
func AppendIgnored(dst []byte, ignored []store.Position) []byte {
	if len(ignored) == 0 {
		return dst
	}
	dst = append(dst, `"ignoredSupersedes":[`...)
	for _, p := range ignored {
		dst = append(strconv.AppendUint(dst, uint64(p), 10), ',')
	}
	dst[len(dst)-1] = ']'
	return append(dst, ',')
}
