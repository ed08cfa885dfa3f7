package httpapi

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// CloudEvents 1.0, in structured JSON and in batches. An event and a CloudEvent are mapped so:
//
//	subject          stream; an event without a stream has none
//	type             type
//	id               id where it is a UUID, else kept in the metadata; of an event without an id, its position
//	source           out: urn:gesta:store:ID of the store; in: kept in the metadata
//	time             effectiveAt; out, of an event without one, recordedAt
//	datacontenttype  contentType
//	data             data; data_base64 is the exact bytes of what is not JSON
//	tags             tags, a JSON list as text: an extension of gesta, as are schemaversion, and out position, commit, streamversion and erased
//	recordedtime     out: recordedAt
//	actor, correlationid, causationid, traceparent   the members of the metadata of these names (correlationId, causationId)
//	metadata         out: the whole metadata as text, where it is JSON
//
// Everything else that comes in is kept in the metadata, under "cloudevents", with the names it had. A single CloudEvent that comes in
// without a key has its source and id as the key of its commit, which name an event for good: one that is delivered again is written once.
const (
	cloudType      = "application/cloudevents+json"
	cloudBatchType = "application/cloudevents-batch+json"
	cloudVersion   = "1.0"
	cloudSource    = "urn:gesta:store"
)

// cloudMetadata maps attributes to members of the metadata, in the order in which they are written.
var cloudMetadata = []struct{ attribute, member string }{
	{"actor", "actor"}, {"correlationid", "correlationId"}, {"causationid", "causationId"}, {"traceparent", "traceparent"},
}

// appendCloudEvent appends a recorded event as a CloudEvent.
func appendCloudEvent(dst []byte, storeID string, r *store.Recorded) []byte {
	text := func(name, value string) {
		dst = append(append(append(dst, ',', '"'), name...), '"', ':')
		dst = eventjson.AppendString(dst, value)
	}
	id, source := r.ID, cloudSource
	if id == "" {
		id = strconv.FormatUint(uint64(r.Position), 10)
	}
	if storeID != "" {
		source += ":" + storeID
	}
	dst = append(dst, `{"specversion":"`+cloudVersion+`"`...)
	text("id", id)
	text("source", source)
	text("type", r.Type)
	if r.Stream != "" {
		text("subject", r.Stream)
	}
	text("time", eventjson.FormatTime(r.Effective()))
	text("position", strconv.FormatUint(uint64(r.Position), 10)) // text: an Integer of CloudEvents has 32 bits
	text("commit", strconv.FormatUint(uint64(r.Commit), 10))
	if r.Version != 0 {
		text("streamversion", strconv.FormatUint(r.Version, 10))
	}
	text("recordedtime", eventjson.FormatTime(r.RecordedAt))
	if r.SchemaVersion != 0 {
		text("schemaversion", strconv.FormatUint(uint64(r.SchemaVersion), 10))
	}
	if len(r.Tags) > 0 {
		tags := []byte{'['}
		for i, t := range r.Tags {
			if i > 0 {
				tags = append(tags, ',')
			}
			tags = eventjson.AppendString(tags, t)
		}
		text("tags", string(append(tags, ']')))
	}
	if r.Erased != 0 {
		text("erased", strconv.FormatUint(uint64(r.Erased), 10))
	}
	if compact, ok := eventjson.AppendCompact(nil, r.Metadata); ok {
		dst = appendCloudMetadata(dst, compact)
		text("metadata", string(compact))
	}
	return append(appendCloudData(dst, r), '}')
}

// appendCloudMetadata appends the attributes that come from members of the metadata.
func appendCloudMetadata(dst, metadata []byte) []byte {
	var members map[string]jsontext.Value
	if json.Unmarshal(metadata, &members, jsontext.AllowDuplicateNames(true)) != nil {
		return dst // not an object
	}
	for _, m := range cloudMetadata {
		v, ok := members[m.member]
		if !ok {
			v = members["$"+m.member]
		}
		var s string
		if v.Kind() == '"' && json.Unmarshal(v, &s) == nil && s != "" {
			dst = append(append(append(dst, ',', '"'), m.attribute...), '"', ':')
			dst = eventjson.AppendString(dst, s)
		}
	}
	return dst
}

func appendCloudData(dst []byte, r *store.Recorded) []byte {
	if len(r.Data) == 0 {
		return dst
	}
	contentType := r.ContentType
	if contentType == "" {
		contentType = eventjson.ContentType
	}
	dst = eventjson.AppendString(append(dst, `,"datacontenttype":`...), contentType)
	if isJSONType(contentType) {
		if out, ok := eventjson.AppendCompact(append(dst, `,"data":`...), r.Data); ok {
			return out
		}
	}
	dst = append(dst, `,"data_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, r.Data), '"')
}

// isJSONType says whether data of this type is JSON.
func isJSONType(contentType string) bool {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	media = strings.TrimSpace(media)
	return media == eventjson.ContentType || strings.HasSuffix(media, "+json") || media == "text/json"
}

// decodeCloudEvent reads one CloudEvent as a commit.
func decodeCloudEvent(b []byte) (store.Commit, error) {
	var attributes map[string]jsontext.Value
	if err := decodeStrictly(b, &attributes); err != nil {
		return store.Commit{}, err
	}
	c := cloudEvent{attributes: attributes}
	e, err := c.event()
	if err != nil {
		return store.Commit{}, err
	}
	key := "cloudevent:" + c.source + " " + c.id
	if len(key) > store.MaxNameBytes {
		key = ""
	}
	return store.Commit{Key: key, Events: []store.Event{e}}, nil
}

// decodeCloudEvents reads a batch as a commit.
func decodeCloudEvents(b []byte) (store.Commit, error) {
	var batch []map[string]jsontext.Value
	var c store.Commit
	if err := decodeStrictly(b, &batch); err != nil {
		return c, err
	}
	for i, attributes := range batch {
		ce := cloudEvent{attributes: attributes}
		e, err := ce.event()
		if err != nil {
			return c, usagef("event %d: %s", i+1, eventjson.Describe(err).Message)
		}
		c.Events = append(c.Events, e)
	}
	return c, nil
}

// cloudEvent is a CloudEvent that is being read. Attributes are taken out of it one by one; what is left is kept.
type cloudEvent struct {
	attributes map[string]jsontext.Value
	id, source string
	err        error
}

// text takes out an attribute that is text, "" where it is not there.
func (c *cloudEvent) text(name string) string {
	v, ok := c.attributes[name]
	delete(c.attributes, name)
	if !ok || v.Kind() == 'n' {
		return ""
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil && c.err == nil {
		c.err = usagef("the attribute %s is not text", name)
	}
	return s
}

// required takes out an attribute that must be there.
func (c *cloudEvent) required(name string) string {
	s := c.text(name)
	if s == "" && c.err == nil {
		c.err = usagef("the attribute %s is missing", name)
	}
	return s
}

func (c *cloudEvent) event() (store.Event, error) {
	if v := c.required("specversion"); v != cloudVersion && c.err == nil {
		c.err = usagef("the attribute specversion is %q, %s is known", clip(v), cloudVersion)
	}
	c.id, c.source = c.required("id"), c.required("source")
	e := store.Event{Type: c.required("type"), Stream: c.text("subject"), ContentType: c.text("datacontenttype")}
	c.time(&e)
	c.extensions(&e)
	c.data(&e)
	if e.ContentType == eventjson.ContentType {
		e.ContentType = ""
	}
	if lower := strings.ToLower(c.id); store.IsID(lower) {
		e.ID = lower
	}
	if c.err == nil {
		e.Metadata, c.err = c.metadata(e.ID == "")
	}
	return e, c.err
}

func (c *cloudEvent) time(e *store.Event) {
	text := c.text("time")
	if text == "" {
		return
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if e.EffectiveAt = store.Time(t); (err != nil || e.EffectiveAt.IsZero()) && c.err == nil {
		c.err = usagef("the attribute time is %q, not a time such as 2026-11-01T10:06:00Z", clip(text))
	}
}

// extensions takes out those that gesta gives events.
func (c *cloudEvent) extensions(e *store.Event) {
	if text := c.text("tags"); text != "" {
		if err := json.Unmarshal([]byte(text), &e.Tags); err != nil && c.err == nil {
			c.err = usagef("the attribute tags is not a JSON list of texts, as text")
		}
	}
	if text := c.text("schemaversion"); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if e.SchemaVersion = uint32(min(n, math.MaxUint32)); err != nil && c.err == nil {
			c.err = usagef("the attribute schemaversion is %q, not a number", clip(text))
		}
	}
}

func (c *cloudEvent) data(e *store.Event) {
	data, hasData := c.attributes["data"]
	exact, hasExact := c.attributes["data_base64"]
	delete(c.attributes, "data")
	delete(c.attributes, "data_base64")
	switch {
	case hasData && hasExact:
		c.err = usagef("there are both data and data_base64")
	case hasExact:
		var s string
		err := json.Unmarshal(exact, &s)
		if err == nil {
			e.Data, err = base64.StdEncoding.Strict().DecodeString(s)
		}
		if err != nil && c.err == nil {
			c.err = usagef("data_base64 is not standard Base64")
		}
	case hasData && data.Kind() == '"' && e.ContentType != "" && !isJSONType(e.ContentType):
		var s string
		if err := json.Unmarshal(data, &s); err != nil && c.err == nil {
			c.err = usagef("data is no text: %s", err)
		}
		e.Data = []byte(s)
	case hasData:
		compact, ok := eventjson.AppendCompact(nil, data)
		if e.Data = compact; !ok && c.err == nil {
			c.err = usagef("data is not JSON")
		}
	}
	if len(e.Data) == 0 {
		e.Data = nil
	}
}

// metadata returns the metadata of what is left.
func (c *cloudEvent) metadata(withID bool) ([]byte, error) {
	out := []byte{'{'}
	for _, m := range cloudMetadata {
		if s := c.text(m.attribute); s != "" {
			out = append(eventjson.AppendString(out, m.member), ':')
			out = append(eventjson.AppendString(out, s), ',')
		}
	}
	out = eventjson.AppendString(append(out, `"cloudevents":{"source":`...), c.source)
	if withID {
		out = eventjson.AppendString(append(out, `,"id":`...), c.id)
	}
	for _, name := range slices.Sorted(maps.Keys(c.attributes)) {
		if strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
			return nil, usagef("the attribute %q has a name that CloudEvents does not allow", clip(name))
		}
		out = append(eventjson.AppendString(append(out, ','), name), ':')
		var ok bool
		if out, ok = eventjson.AppendCompact(out, c.attributes[name]); !ok {
			return nil, usagef("the attribute %s is not JSON", name)
		}
	}
	return append(out, '}', '}'), c.err
}
