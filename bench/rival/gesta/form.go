package gesta

import (
	"encoding/hex"
	"sync"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/store"
)

// form is memory in which a commit is put into gesta's form: the store keeps nothing of what it is given.
type form struct {
	commit store.Commit
	tags   []string
	ids    []byte
}

var forms = sync.Pool{New: func() any { return new(form) }}

// fill returns the commit with a guard for each stream that it begins to touch. It is valid until the next fill.
func (f *form) fill(commit []rival.Event) store.Commit {
	f.commit.Events, f.commit.Guards, f.tags, f.ids = f.commit.Events[:0], f.commit.Guards[:0], f.tags[:0], f.ids[:0]
	for i := range commit {
		f.tags = append(f.tags, commit[i].Tag)
		f.ids = appendUUID(f.ids, &commit[i].ID)
	}
	ids := string(f.ids)
	for i := range commit {
		e := &commit[i]
		f.commit.Events = append(f.commit.Events, store.Event{
			ID: ids[i*uuidBytes:][:uuidBytes], Stream: e.Stream, Type: e.Type, Tags: f.tags[i : i+1 : i+1], Data: e.Data,
		})
		// A stream's first event in the commit is the one that no event before it in the commit continues.
		if i == 0 || e.Stream != commit[i-1].Stream && !touched(commit[:i], e) {
			f.commit.Guards = append(f.commit.Guards, store.StreamAt{Stream: e.Stream, Version: e.Version - 1})
		}
	}
	return f.commit
}

// touched says whether the stream of e has an event in a part of the commit that comes before e; its version is lower.
func touched(part []rival.Event, e *rival.Event) bool {
	for i := range part {
		if part[i].Version < e.Version && part[i].Stream == e.Stream {
			return true
		}
	}
	return false
}

const uuidBytes = 36

// appendUUID writes an id as gesta takes it.
func appendUUID(b []byte, id *[16]byte) []byte {
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		from := 0
		if i > 0 {
			b = append(b, '-')
			from = [...]int{0, 4, 6, 8, 10}[i]
		}
		b = hex.AppendEncode(b, id[from:end])
	}
	return b
}
