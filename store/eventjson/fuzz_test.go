package eventjson_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// payloads are the kinds of bytes that must come back as they were.
var payloads = []string{
	``, `{}`, `null`, `{"b":1.50,"a":1e400,"b":2}`, `{"s":"<>&\u00e9é\/\ud800\u2028` + "\u2028" + `"}`, "{\n  \"a\": [1, 2],\n  \"b\": \" \"\n}\n",
	`123456789012345678901234567890.000`, `-0`, ` 1`, `not JSON`, "\xff\xfe", `"` + "\xff" + `"`, `{"a":1}{}`, "\x00", `"\u0000"`, `[[[[]]],{"":{}}]`,
}

// An event goes through its JSON form and comes back, byte for byte; and what is written is JSON.
func FuzzEvent(f *testing.F) {
	for _, p := range payloads {
		f.Add("order-1", "Placed", "order:1", "", uint32(0), int64(0), []byte(p), []byte(`{"actor":"ada"}`))
		f.Add("", "a\"b\\<>&\u2028é", "", "text/plain", uint32(7), int64(1_700_000_000_123_456), []byte("x"), []byte(p))
	}
	f.Fuzz(func(t *testing.T, stream, typ, tag, contentType string, schema uint32, effective int64, data, metadata []byte) {
		e := store.Event{Stream: stream, Type: typ, SchemaVersion: schema, ContentType: contentType, Data: data, Metadata: metadata}
		if tag != "" {
			e.Tags = []string{tag, tag}
		}
		if effective != 0 {
			e.EffectiveAt = time.UnixMicro(effective).UTC()
		}
		if e.Validate() != nil {
			t.Skip()
		}
		want := e
		if want.ContentType == eventjson.ContentType {
			want.ContentType = ""
		}
		text := eventjson.AppendNew(nil, &e)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		got, err := eventjson.DecodeEvent(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("new (-want +got):\n%s\n%s", diff, text)
		}
		r := store.Recorded{Event: e, Position: 9, Commit: 8, RecordedAt: recordedAt}
		if stream != "" {
			r.Version = 3
		}
		line, err := eventjson.DecodeExportLine(eventjson.AppendExported(nil, &r, typ, nil))
		if err != nil {
			t.Fatal(err)
		}
		r.Event = want
		if diff := cmp.Diff(r, line.Event.Recorded, cmpopts.EquateEmpty()); diff != "" || line.Event.Key != typ {
			t.Fatalf("recorded (-want +got):\n%s", diff)
		}
	})
}

// No input makes the decoders panic, and what they take they write so that they take it again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(commitText))
	f.Add([]byte(`{"type":"A","data":{"a": 1}}`))
	f.Add([]byte(`{"export":{"format":1,"store":"x","head":9}}`))
	f.Add([]byte(`{"after":1,"recordedAt":"2026-11-01T10:06:00Z","tracking":{"source":"a","position":1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := eventjson.DecodeExportLine(b); err == nil && l.Event == nil && l.Header == nil && l.Empty == nil {
			t.Error("a line of an export that is nothing")
		}
		_, _ = eventjson.DecodeEvent(b)
		if valid := eventjson.Valid(b); valid && !json.Valid(b) {
			t.Errorf("Valid(%q), and it is not", b)
		}
		c, err := eventjson.DecodeLine(b)
		if err != nil {
			return
		}
		text := eventjson.AppendCommit(nil, &c)
		again, err := eventjson.DecodeCommit(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(c, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// Compact drops whitespace as the standard library does, and judges as it does but for UTF-8.
func FuzzCompact(f *testing.F) {
	for _, p := range payloads {
		f.Add([]byte(p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := eventjson.AppendCompact(nil, b)
		var want bytes.Buffer
		err := json.Compact(&want, b)
		if ok && err != nil {
			t.Fatalf("%q is taken as JSON: %v", b, err)
		}
		if !ok && err == nil && bytes.Equal(bytes.ToValidUTF8(b, nil), b) {
			t.Fatalf("%q is not taken as JSON", b)
		}
		if ok && !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("%q becomes %q, want %q", b, got, want.Bytes())
		}
	})
}

// A query that can be parsed prints a text that parses to the same query.
func FuzzQuery(f *testing.F) {
	f.Add(`type=Shipped,Cancelled tag=order:42 tag=eu OR category=stock`)
	f.Add(`tag="a\"b\\ " stream=x`)
	f.Add(`[{"types":["A"]},{}]`)
	f.Fuzz(func(t *testing.T, text string) {
		q, err := eventjson.ParseQuery(text)
		if err != nil || q.Validate() != nil {
			return
		}
		printed := eventjson.FormatQuery(q)
		again, err := eventjson.ParseQuery(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", text, printed, err)
		}
		if diff := cmp.Diff(q, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q prints as %q (-want +got):\n%s", text, printed, diff)
		}
	})
}

// A store that is written as export lines and restored from them is the same store, and is written as the same lines.
func FuzzExport(f *testing.F) {
	for i, p := range payloads {
		f.Add([]byte(p), []byte(payloads[len(payloads)-1-i]), "key \"1\"", uint64(i))
	}
	f.Fuzz(func(t *testing.T, data, metadata []byte, key string, track uint64) {
		first := newMemory(t)
		c := store.Commit{Key: key, Events: []store.Event{
			{Stream: "a-1", Type: "A", Data: data, Metadata: metadata}, {Type: "B", Tags: []string{"t"}, Data: metadata, ContentType: "text/x"},
		}}
		if track > 0 {
			c.Tracking = &store.Tracking{Source: "in", Position: track}
		}
		for _, c := range []store.Commit{c, {Tracking: &store.Tracking{Source: "other", Position: 1}}, {Events: c.Events[:1]}} {
			if _, err := first.Append(t.Context(), c); err != nil {
				t.Skip()
			}
		}
		if _, err := first.Erase(t.Context(), store.Erasure{Positions: []store.Position{2}, Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
		lines := export(t, first)
		second := newMemory(t)
		if err := second.Restore(t.Context(), commits(t, lines)); err != nil {
			t.Fatalf("%v\n%s", err, bytes.Join(lines, []byte("\n")))
		}
		if diff := cmp.Diff(dump(t, first), dump(t, second), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(store.RecordedCommit{}, "Salts")); diff != "" {
			t.Fatalf("stores differ (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(lines, export(t, second)); diff != "" {
			t.Fatalf("exports differ (-first +second):\n%s", diff)
		}
	})
}

func newMemory(t *testing.T) *memory.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func dump(t *testing.T, s store.Dumper) (out []store.RecordedCommit) {
	t.Helper()
	for c, err := range s.Dump(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func export(t *testing.T, s store.Dumper) (lines [][]byte) {
	t.Helper()
	for _, c := range dump(t, s) {
		if len(c.Events) == 0 {
			lines = append(lines, eventjson.AppendEmptyCommit(nil, &c))
		}
		for i := range c.Events {
			key, tracking := "", (*store.Tracking)(nil)
			if i == 0 {
				key, tracking = c.Key, c.Tracking
			}
			lines = append(lines, eventjson.AppendExported(nil, &c.Events[i], key, tracking))
		}
	}
	return lines
}

// commits reads lines of an export back into commits.
func commits(t *testing.T, lines [][]byte) iter.Seq2[store.RecordedCommit, error] {
	t.Helper()
	var all []store.RecordedCommit
	for _, line := range lines {
		l, err := eventjson.DecodeExportLine(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if l.Empty != nil {
			all = append(all, *l.Empty)
			continue
		}
		e := l.Event
		if n := len(all); n == 0 || len(all[n-1].Events) == 0 || all[n-1].Events[0].Commit != e.Commit {
			all = append(all, store.RecordedCommit{Key: e.Key, Tracking: e.Tracking, RecordedAt: e.RecordedAt})
		}
		last := &all[len(all)-1]
		last.Events = append(last.Events, e.Recorded)
	}
	return func(yield func(store.RecordedCommit, error) bool) {
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}
