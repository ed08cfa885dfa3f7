package umadb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gestadb/gesta/store"
)

// Each decoder is held against the descriptor of umadb.proto: what it takes, that takes too, and both read the same.

// read has a message read by the descriptor.
func read(t *testing.T, name protoreflect.Name, b []byte) protoreflect.Message {
	t.Helper()
	m := dynamic(t, name)
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatalf("%x was taken, but: %v", b, err)
	}
	return m
}

func get(m protoreflect.Message, name protoreflect.Name) protoreflect.Value {
	return m.Get(m.Descriptor().Fields().ByName(name))
}

func has(m protoreflect.Message, name protoreflect.Name) bool {
	return m.Has(m.Descriptor().Fields().ByName(name))
}

func strs(m protoreflect.Message, name protoreflect.Name) []string {
	var out []string
	for list, i := get(m, name).List(), 0; i < list.Len(); i++ {
		out = append(out, list.Get(i).String())
	}
	return out
}

func each(m protoreflect.Message, name protoreflect.Name, f func(i int, m protoreflect.Message)) {
	for list, i := get(m, name).List(), 0; i < list.Len(); i++ {
		f(i, list.Get(i).Message())
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(fmt.Sprintf("%q", want), fmt.Sprintf("%q", got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func sameQuery(t *testing.T, q *query, m protoreflect.Message) {
	t.Helper()
	same(t, "items", len(q.items), get(m, "items").List().Len())
	each(m, "items", func(i int, m protoreflect.Message) {
		same(t, "types", slices.Concat(q.items[i].Types), strs(m, "types"))
		same(t, "tags", slices.Concat(q.items[i].Tags), strs(m, "tags"))
	})
}

func sameOptional(t *testing.T, o optional, m protoreflect.Message, name protoreflect.Name) {
	t.Helper()
	same(t, string(name), []any{o.set, o.n}, []any{has(m, name), get(m, name).Uint()})
}

func seeds(f *testing.F, name string, texts ...string) {
	f.Helper()
	f.Add([]byte(nil))
	f.Add([]byte{0xff})
	for _, text := range texts {
		b := message(f, name, text)
		f.Add(b)
		f.Add(append(b, b...))
		f.Add(b[:len(b)/2])
	}
}

func FuzzAppendRequest(f *testing.F) {
	seeds(f, "AppendRequest",
		`{"events":[{"event_type":"T","tags":["a","b"],"data":"AAEC","uuid":"{0199A7C2-5b1e-7c3d-9f00-2f6d1c0a9b11}","metadata":[{"key":"k","value":"v"},{"key":"actor"}]}]}`,
		`{"events":[{"event_type":"T","data":"eyJuIjoxfQ=="},{}],"condition":{"fail_if_events_match":{"items":[{"types":["x","y"],"tags":["z"]},{}]},"after":7},"tracking_info":{"source":"s","position":3}}`,
		`{"events":[{"uuid":"x"}],"condition":{}}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decoded(b, newAppendRequest())
		defer r.release()
		if err != nil {
			return
		}
		m := read(t, "AppendRequest", b)
		same(t, "events", len(r.events), get(m, "events").List().Len())
		malformed := false
		each(m, "events", func(i int, m protoreflect.Message) {
			malformed = sameEvent(t, &r.events[i], m) || malformed
		})
		if malformed && r.malformed == "" {
			t.Error("a malformed uuid was taken")
		}
		same(t, "conditional", r.conditional, has(m, "condition"))
		c := get(m, "condition").Message()
		same(t, "after", r.condition.after, get(c, "after").Uint())
		sameQuery(t, &r.condition.query, get(c, "fail_if_events_match").Message())
		same(t, "tracks", r.tracks, has(m, "tracking_info"))
		tracking := get(m, "tracking_info").Message()
		same(t, "tracking", r.tracking, store.Tracking{Source: get(tracking, "source").String(), Position: get(tracking, "position").Uint()})
	})
}

// sameEvent compares an event, and that its entries come back; it says whether its uuid is malformed.
func sameEvent(t *testing.T, e *store.Event, m protoreflect.Message) (malformed bool) {
	t.Helper()
	same(t, "type", e.Type, get(m, "event_type").String())
	same(t, "tags", slices.Concat(e.Tags), strs(m, "tags"))
	same(t, "data", string(e.Data), string(get(m, "data").Bytes()))
	shown := dynamic(t, "Event")
	if err := proto.Unmarshal(appendEntries(nil, e.Metadata), shown); err != nil {
		t.Fatal(err)
	}
	same(t, "entries", entriesOf(shown), entriesOf(m))
	id := get(m, "uuid").String()
	want, err := uuid.Parse(id)
	if id == "" || err != nil || strings.HasPrefix(id, "URN") {
		same(t, "id", e.ID, "")
		return id != ""
	}
	if e.ID != "" { // uuid.Parse takes more than there is to take
		same(t, "id", e.ID, want.String())
	}
	return false
}

func entriesOf(m protoreflect.Message) (list []string) {
	each(m, "metadata", func(_ int, m protoreflect.Message) {
		list = append(list, get(m, "key").String(), get(m, "value").String())
	})
	return list
}

func FuzzReadRequest(f *testing.F) {
	seeds(f, "ReadRequest", `{"query":{"items":[{"types":["a"],"tags":["b","c"]}]},"start":3,"backwards":true,"limit":4,"subscribe":true,"batch_size":5}`,
		`{"start":"18446744073709551615","limit":0,"batch_size":4294967295}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decoded(b, new(readRequest))
		if err != nil {
			return
		}
		m := read(t, "ReadRequest", b)
		sameQuery(t, &r.query, get(m, "query").Message())
		sameOptional(t, r.start, m, "start")
		sameOptional(t, r.limit, m, "limit")
		sameOptional(t, r.batchSize, m, "batch_size")
		same(t, "flags", []bool{r.backwards, r.follow}, []bool{get(m, "backwards").Bool(), get(m, "subscribe").Bool()})
	})
}

func FuzzSubscribeRequest(f *testing.F) {
	seeds(f, "SubscribeRequest", `{"query":{"items":[{"types":["a"]}]},"after":3,"batch_size":5}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decoded(b, new(subscribeRequest))
		if err != nil {
			return
		}
		m := read(t, "SubscribeRequest", b)
		sameQuery(t, &r.query, get(m, "query").Message())
		sameOptional(t, r.after, m, "after")
		sameOptional(t, r.batchSize, m, "batch_size")
	})
}

func FuzzTrackingRequest(f *testing.F) {
	seeds(f, "TrackingRequest", `{"source":"s"}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := decoded(b, new(headRequest)); err == nil {
			read(t, "HeadRequest", b)
		}
		r, err := decoded(b, new(trackingRequest))
		if err != nil {
			return
		}
		same(t, "source", r.source, get(read(t, "TrackingRequest", b), "source").String())
	})
}

// FuzzShown has an event of any content shown.
func FuzzShown(f *testing.F) {
	f.Add("T", "a", []byte("data"), []byte(`{"k":"v","umadb":[{"index":1,"key":"actor","value":"\ud800"}],"n":[{}]}`), uint64(1), "s")
	f.Add("", "", []byte(nil), []byte(` { "a" : "\u00e9\\" , "b" : -1.5e3 } `), uint64(1<<53-1), "")
	f.Add("", "", []byte(nil), []byte("{\""+strings.Repeat("\xff", 999)+"\":\""+strings.Repeat("\xff", 999)+"\"}"), uint64(1), "")
	f.Add("", "", []byte(nil), []byte("{"+strings.Repeat(`"":1,"a":2,`, 999)+`"":1}`), uint64(1), "")
	f.Fuzz(func(t *testing.T, kind, tag string, data, metadata []byte, p uint64, source string) {
		for _, s := range []string{kind, tag, source} {
			if strings.ToValidUTF8(s, "") != s {
				return
			}
		}
		r := store.Recorded{Position: store.Position(p), Event: store.Event{Type: kind, Tags: []string{tag, tag}, Data: data, Metadata: metadata}}
		if source != "" {
			r.Tracking = &store.Tracking{Source: source, Position: p}
		}
		b := appendSequenced(nil, &r)
		if len(b) > mostSize(&r) {
			t.Errorf("%d bytes; want at most %d", len(b), mostSize(&r))
		}
		m := read(t, "ReadResponse", b)
		if len(m.GetUnknown()) > 0 {
			t.Error("there are unknown fields")
		}
		s := get(m, "events").List().Get(0).Message()
		e := get(s, "event").Message()
		same(t, "position", get(s, "position").Uint(), p)
		same(t, "type", get(e, "event_type").String(), kind)
		same(t, "tags", strs(e, "tags"), r.Tags)
		same(t, "data", string(get(e, "data").Bytes()), string(data))
		same(t, "tracked", has(s, "tracking_info"), source != "")
		tracking := get(s, "tracking_info").Message()
		same(t, "source", get(tracking, "source").String(), source)
	})
}
