package eventjson

import (
	"github.com/gestadb/gesta/store"
)

// ContentType is what an event's data is when its content type is left out.
const ContentType = "application/json"

// AppendEvent appends a recorded event.
func AppendEvent(dst []byte, r *store.Recorded) []byte {
	return append(appendRecorded(dst, r), '}')
}

// AppendExported appends a recorded event as an export has it: key and tracking are those of its commit, and are given for
// the first event of the commit alone.
func AppendExported(dst []byte, r *store.Recorded, key string, tracking *store.Tracking) []byte {
	dst = appendRecorded(dst, r)
	if key != "" {
		dst = append(dst, `,"key":`...)
		dst = AppendString(dst, key)
	}
	if tracking != nil {
		dst = append(dst, `,"tracking":`...)
		dst = AppendTracking(dst, tracking)
	}
	return append(dst, '}')
}

// appendRecorded appends all of r but the closing brace.
func appendRecorded(dst []byte, r *store.Recorded) []byte {
	dst = appendUint(append(dst, `{"position":`...), uint64(r.Position))
	dst = appendUint(append(dst, `,"commit":`...), uint64(r.Commit))
	if r.ID != "" {
		dst = append(dst, `,"id":`...)
		dst = AppendString(dst, r.ID)
	}
	if r.Stream != "" {
		dst = append(dst, `,"stream":`...)
		dst = AppendString(dst, r.Stream)
		dst = appendUint(append(dst, `,"version":`...), r.Version)
	}
	dst = append(dst, `,"type":`...)
	dst = AppendString(dst, r.Type)
	dst = appendForm(dst, &r.Event)
	dst = append(dst, `,"recordedAt":`...)
	dst = AppendTime(dst, r.RecordedAt)
	if !r.EffectiveAt.IsZero() {
		dst = append(dst, `,"effectiveAt":`...)
		dst = AppendTime(dst, r.EffectiveAt)
	}
	if r.Erased != 0 {
		dst = appendUint(append(dst, `,"erased":{"position":`...), uint64(r.Erased))
		return append(dst, '}')
	}
	dst = appendPayload(dst, "data", r.Data)
	return appendPayload(dst, "metadata", r.Metadata)
}

// appendForm appends what is said of the data's form, and the tags.
func appendForm(dst []byte, e *store.Event) []byte {
	if e.SchemaVersion != 0 {
		dst = appendUint(append(dst, `,"schemaVersion":`...), uint64(e.SchemaVersion))
	}
	if e.ContentType != "" && e.ContentType != ContentType {
		dst = append(dst, `,"contentType":`...)
		dst = AppendString(dst, e.ContentType)
	}
	if len(e.Tags) > 0 {
		dst = append(dst, `,"tags":`...)
		dst = appendStrings(dst, e.Tags)
	}
	return dst
}

// AppendNew appends an event that is to be appended to a store.
func AppendNew(dst []byte, e *store.Event) []byte {
	return append(appendNew(dst, e), '}')
}

func appendNew(dst []byte, e *store.Event) []byte {
	dst = append(dst, '{')
	if e.ID != "" {
		dst = append(dst, `"id":`...)
		dst = append(AppendString(dst, e.ID), ',')
	}
	if e.Stream != "" {
		dst = append(dst, `"stream":`...)
		dst = append(AppendString(dst, e.Stream), ',')
	}
	dst = append(dst, `"type":`...)
	dst = AppendString(dst, e.Type)
	dst = appendForm(dst, e)
	if !e.EffectiveAt.IsZero() {
		dst = append(dst, `,"effectiveAt":`...)
		dst = AppendTime(dst, e.EffectiveAt)
	}
	dst = appendPayload(dst, "data", e.Data)
	return appendPayload(dst, "metadata", e.Metadata)
}

// AppendTracking appends {"source":…,"position":…}.
func AppendTracking(dst []byte, t *store.Tracking) []byte {
	dst = append(dst, `{"source":`...)
	dst = AppendString(dst, t.Source)
	dst = appendUint(append(dst, `,"position":`...), t.Position)
	return append(dst, '}')
}
