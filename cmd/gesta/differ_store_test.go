package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// differBegin is when the stores of the differential test begin, differNow what everyone who asks takes for now.
var (
	differBegin = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	differNow   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

// What a random store is made of: names that read like something else stand beside plain ones.
var (
	differStreams = []string{
		"order-1", "order-1", "order-1", "order-2", "order-2", "order-10", "cart-1", "cart-1", "cart-x y", "stock-a/b%2F?c=d&e#f", "-dash-1", "--json", "HEAD", "7", "#5",
		"ünï-cödé 😀", "a-1@3", "a-1", "b-1..4", `"q"-1`, "tag:c-1", "stream:c-1", "*-?", "@{yesterday}", ".", "..", "plain", "order-", "+-=,;", "é-1", "é-1", "a\u202eb-1",
		"CON-1", "../order-1", "1:order-1", strings.Repeat("long", 60) + "-1",
	}
	differTypes = []string{"Placed", "Placed", "Paid", "Moved", "Moved", "Set", "Set", "Set", "With space", "A,B", "OR", "ünï😀", `"q"`, "$own", "*"}
	differTags  = []string{"c:7", "c:7", "c:8", "x y", "a,b", "OR", "order-1", "*", "-n", `"q"`, "é", "c:7@2", "tag:c:7", "HEAD"}
	differNames = []string{"due", "due", "due", "city", "city", "items", "items", "a", "a", "b", "", "x/y", "x~y", "x.y", "0", "[id=1]", "é", "\"", "id", "sku", "a b"}
	differLeaf  = []string{
		"0", "1", "2", "-1", "-0", "1.0", "1e0", "10E-1", "38.50", "38.5", "0.1", "9007199254740993", "1e400", "1E-400", "true", "false", `""`, `"paid"`, `"open"`, `"\u00e9"`, `"é"`, `"\ud83d\ude00"`,
		`"\ud800"`, `"a\/b"`, `"<&>\u2028"`, `"\u0000\n\t"`, "{}", "[]", "[null]", `"38.5"`, "123456789012345678901234567890",
	}
	differActors = []string{`"ada"`, `"ada"`, `"bob"`, `"B\u00f6b <b@x>"`, `""`, "7", `"\u001b[31m"`}
)

// differStore is a random store in a directory, and what a generator of questions has to know of it.
type differStore struct {
	t   *testing.T
	r   *rand.Rand
	dir string
	now time.Time

	store   *disk.Store
	head    store.Position
	events  []store.Recorded // all of them, as they are in the end
	streams map[string]uint64
	ids     []string
	idsOf   map[string][]string // by stream
	keys    []string
	first   store.Position // that is left
	large   bool           // some payloads are
	plain   bool           // there is neither an effective time nor one event that supersedes another
}

func oneOf[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// newDifferStore makes a store of about n events.
func newDifferStore(t *testing.T, r *rand.Rand, n int) *differStore {
	t.Helper()
	d := &differStore{
		large: n > 200,
		t:     t, r: r, dir: t.TempDir(), now: differBegin, first: 1, streams: map[string]uint64{}, idsOf: map[string][]string{}, plain: r.IntN(4) == 0,
	}
	s, err := disk.Open(d.dir, disk.Options{
		Sync: disk.SyncNever, SegmentBytes: int64(1+r.IntN(4)) << 10, IndexBytes: 4 << 10, Clock: func() time.Time { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.store = s
	names := make([]string, 3+r.IntN(8))
	for i := range names {
		names[i] = oneOf(r, differStreams)
	}
	for int(d.head) < n {
		d.commit(names)
	}
	d.damage()
	for e, err := range s.Read(t.Context(), nil, store.ReadOptions{After: d.first - 1}) {
		if err != nil {
			t.Fatal(err)
		}
		d.events = append(d.events, e)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

// commit appends a few events.
func (d *differStore) commit(names []string) {
	d.t.Helper()
	switch d.r.IntN(10) {
	case 0: // at the same time as the one before
	case 1:
		d.now = d.now.Add(-time.Minute) // the clock goes back
	default:
		d.now = d.now.Add(time.Duration(d.r.IntN(7_000_000_000)) * time.Microsecond)
	}
	c := store.Commit{Events: make([]store.Event, 1+max(0, d.r.IntN(6)-3))}
	if d.r.IntN(20) == 0 {
		c.Events = nil
	}
	for i := range c.Events {
		c.Events[i] = d.event(oneOf(d.r, names))
	}
	if d.r.IntN(4) == 0 && len(c.Events) > 0 {
		c.Key = fmt.Sprintf("key %d/é", len(d.keys))
		d.keys = append(d.keys, c.Key)
	}
	if d.r.IntN(6) == 0 || len(c.Events) == 0 {
		c.Tracking = &store.Tracking{Source: "billing/é", Position: uint64(d.head)*3 + uint64(len(d.keys)) + 1}
		if n, err := d.store.Tracked(d.t.Context(), c.Tracking.Source); err != nil {
			d.t.Fatal(err)
		} else if n >= c.Tracking.Position {
			c.Tracking.Position = n + 1
		}
	}
	result, err := d.store.Append(d.t.Context(), c)
	if err != nil {
		d.t.Fatal(err)
	}
	if len(c.Events) > 0 {
		d.head = result.Last
	}
	for _, e := range c.Events {
		d.streams[e.Stream]++
		if e.ID != "" {
			d.ids = append(d.ids, e.ID)
			d.idsOf[e.Stream] = append(d.idsOf[e.Stream], e.ID)
		}
	}
}

func (d *differStore) event(stream string) store.Event {
	e := store.Event{Stream: stream, Type: oneOf(d.r, differTypes), Data: d.payload()}
	if d.r.IntN(12) == 0 {
		e.Stream = ""
	}
	for range max(0, d.r.IntN(5)-2) {
		e.Tags = append(e.Tags, oneOf(d.r, differTags))
	}
	if d.r.IntN(5) > 0 {
		e.ID = uuid.UUID(fmt.Appendf(nil, "%016x", d.r.Uint64())).String()
		if d.r.IntN(25) == 0 && len(d.ids) > 0 {
			e.ID = oneOf(d.r, d.ids)
		}
	}
	if d.r.IntN(8) == 0 {
		e.SchemaVersion = uint32(1 + d.r.IntN(3))
	}
	if len(e.Data) > 0 && !json.Valid(e.Data) {
		e.ContentType = oneOf(d.r, []string{"text/plain", "application/octet-stream"})
	}
	if !d.plain && d.r.IntN(3) == 0 {
		e.EffectiveAt = d.now.Add(time.Duration(d.r.IntN(96)-72) * time.Hour)
	}
	e.Metadata = d.metadata(&e)
	return e
}

// payload is data: mostly a JSON object.
func (d *differStore) payload() []byte {
	switch d.r.IntN(20) {
	case 0:
		return nil
	case 1:
		return []byte(oneOf(d.r, []string{"just text", "\xff\x00\x01", "{", "\ufeff{}", `{"a":1}{"b":2}`}))
	case 3:
		if d.large {
			return []byte(`{"items":[` + strings.Repeat(`{"sku":"S-1","qty":1},`, d.r.IntN(20_000)) + `1]}`)
		}
	case 2:
		return []byte(oneOf(d.r, append([]string{"null", "[1,2]", ` {"due" : 1 } `, `{"due":1,"due":2}`, "{\n}"}, differLeaf...)))
	}
	return []byte(d.object(3))
}

// object is a merge patch, nested up to depth.
func (d *differStore) object(depth int) string {
	parts, seen := []string{}, map[string]bool{}
	for range d.r.IntN(4) {
		name := oneOf(d.r, differNames)
		if seen[name] {
			continue
		}
		seen[name] = true
		quoted, _ := json.Marshal(name) // a text can be encoded
		parts = append(parts, string(quoted)+":"+d.value(depth-1))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (d *differStore) value(depth int) string {
	switch n := d.r.IntN(10); {
	case n == 0:
		return "null"
	case n < 3 && depth > 0:
		return d.object(depth)
	case n < 5 && depth > 0:
		var parts []string
		for range d.r.IntN(4) {
			if d.r.IntN(2) == 0 {
				parts = append(parts, fmt.Sprintf(`{"sku":%s,"qty":%s}`, oneOf(d.r, []string{`"S-1"`, `"S-2"`, "1", "1.0"}), oneOf(d.r, differLeaf)))
			} else {
				parts = append(parts, d.value(depth-1))
			}
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return oneOf(d.r, differLeaf)
}

func (d *differStore) metadata(e *store.Event) []byte {
	switch d.r.IntN(12) {
	case 0:
		return nil
	case 1:
		return []byte(oneOf(d.r, []string{"not json", `"text"`, "[]", `{"actor":"ada","actor":"bob"}`, " {} "}))
	}
	var parts []string
	add := func(chance int, name, value string) {
		if d.r.IntN(chance) == 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", name, value))
		}
	}
	add(2, "actor", oneOf(d.r, differActors))
	add(4, oneOf(d.r, []string{"correlationId", "correlationId", "$correlationId"}), oneOf(d.r, []string{`"r-1"`, `"r-2"`, `"r-2"`, "3"}))
	if len(d.ids) > 0 {
		add(4, oneOf(d.r, []string{"causationId", "causationId", "$causationId"}), fmt.Sprintf("%q", oneOf(d.r, d.ids)))
	}
	add(30, "causationId", fmt.Sprintf("%q", e.ID))
	if own := d.idsOf[e.Stream]; len(own) > 0 && !d.plain {
		add(6, "supersedes", fmt.Sprintf("%q", oneOf(d.r, own)))
		add(12, "supersedes", fmt.Sprintf("[%q,%q]", oneOf(d.r, own), oneOf(d.r, d.ids)))
	}
	return []byte("{" + strings.Join(parts, ",") + "}")
}

// damage takes away payloads of some stores and the beginning of others.
func (d *differStore) damage() {
	d.t.Helper()
	if d.r.IntN(2) == 0 {
		erased := []store.Position{store.Position(1 + d.r.IntN(int(d.head)))}
		if p := store.Position(1 + d.r.IntN(int(d.head))); p != erased[0] {
			erased = append(erased, p)
		}
		slices.Sort(erased)
		d.now = d.now.Add(time.Minute)
		result, err := d.store.Erase(d.t.Context(), store.Erasure{Positions: erased, Reason: "asked", Actor: "eve"})
		if err != nil {
			d.t.Fatal(err)
		}
		d.head = result.Last
	}
	if d.r.IntN(4) == 0 {
		first, err := d.store.Truncate(d.t.Context(), d.head/3)
		if err != nil {
			d.t.Fatal(err)
		}
		d.first = first
	}
}
