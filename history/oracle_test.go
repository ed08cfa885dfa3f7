package history_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// oracle answers by brute force: it keeps what the leaves of a state are after each event, as decoded JSON, and compares those.
type oracle struct {
	events []store.Recorded    // those folded, in the order in which they are
	leaves []map[string]string // after so many events
	states []any
}

// foldAll folds the events of one target that are known, at an effective time unless that is zero.
func foldAll(t *testing.T, known []store.Recorded, effective time.Time) *oracle {
	t.Helper()
	o := &oracle{leaves: []map[string]string{{}}, states: []any{map[string]any{}}}
	for _, r := range known {
		if effective.IsZero() {
			o.events = append(o.events, r)
			continue
		}
		if holdsAt(r, known, effective) {
			i := 0
			for i < len(o.events) && !effectiveOf(o.events[i]).After(effectiveOf(r)) {
				i++
			}
			o.events = slices.Insert(o.events, i, r)
		}
	}
	state := any(map[string]any{})
	for _, r := range o.events {
		var data any
		if r.Erased == 0 && json.Unmarshal(r.Data, &data) == nil {
			d := json.NewDecoder(bytes.NewReader(r.Data))
			d.UseNumber()
			if err := d.Decode(&data); err != nil {
				t.Fatal(err)
			}
			if patch, ok := data.(map[string]any); ok {
				state = mergeInto(state, patch)
			}
		}
		leaves := map[string]string{}
		listLeaves(leaves, "", state)
		o.leaves = append(o.leaves, leaves)
		o.states = append(o.states, state)
	}
	return o
}

func effectiveOf(r store.Recorded) time.Time {
	if r.EffectiveAt.IsZero() {
		return r.RecordedAt
	}
	return r.EffectiveAt
}

// holdsAt says whether an event holds at a time by what is known.
func holdsAt(r store.Recorded, known []store.Recorded, at time.Time) bool {
	if effectiveOf(r).After(at) {
		return false
	}
	for _, other := range known {
		var m struct {
			Supersedes string `json:"supersedes"`
		}
		if json.Unmarshal(other.Metadata, &m) == nil && other.Stream == r.Stream && other.Position > r.Position && r.ID != "" && m.Supersedes == r.ID {
			return false
		}
	}
	return true
}

// mergeInto is the merge patch as RFC 7396 writes it, on values that are not changed.
func mergeInto(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if was, ok := target.(map[string]any); ok {
		maps.Copy(out, was)
	}
	for name, v := range p {
		if v == nil {
			delete(out, name)
			continue
		}
		out[name] = mergeInto(out[name], v)
	}
	return out
}

func listLeaves(to map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			listLeaves(to, path+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), inner)
		}
		if len(v) > 0 || path == "" {
			return
		}
	case []any:
		for i, inner := range v {
			listLeaves(to, fmt.Sprintf("%s/%d", path, i), inner)
		}
		if len(v) > 0 {
			return
		}
	}
	to[path] = canonical(v)
}

// canonical is one text for all spellings of a value.
func canonical(v any) string {
	switch v := v.(type) {
	case json.Number:
		n, ok := new(big.Rat).SetString(string(v))
		if !ok {
			return "not a number: " + string(v)
		}
		return n.RatString()
	case []any:
		texts := []string{}
		for _, inner := range v {
			texts = append(texts, canonical(inner))
		}
		return "[" + strings.Join(texts, ",") + "]"
	case map[string]any:
		texts := []string{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			texts = append(texts, fmt.Sprintf("%q:%s", name, canonical(v[name])))
		}
		return "{" + strings.Join(texts, ",") + "}"
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func canonicalText(t *testing.T, text []byte) string {
	t.Helper()
	return canonical(decode(t, text))
}

// decode decodes JSON and keeps the digits of numbers.
func decode(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return v
}

// between returns how leaves differ after so many events and so many, one line a path.
func (o *oracle) between(from, to int) []string { return leafLines(o.leaves[from], o.leaves[to]) }

func leafLines(from, to map[string]string) (out []string) {
	paths := maps.Clone(from)
	maps.Copy(paths, to)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		was, had := from[path]
		is, has := to[path]
		switch {
		case had && !has:
			out = append(out, fmt.Sprintf("remove %s %s", path, was))
		case has && !had:
			out = append(out, fmt.Sprintf("add %s %s", path, is))
		case was != is:
			out = append(out, fmt.Sprintf("replace %s %s %s", path, was, is))
		}
	}
	return out
}

// changeLines writes changes as between does.
func changeLines(t *testing.T, changes []reducer.Change) (out []string) {
	t.Helper()
	for _, c := range changes {
		line := c.Op() + " " + c.Path
		if c.Old != nil {
			line += " " + canonicalText(t, c.Old)
		}
		if c.New != nil {
			line += " " + canonicalText(t, c.New)
		}
		out = append(out, line)
	}
	return out
}

// blame returns for each leaf at the end where it was set, or for each that there was and is not where it was removed, one line a path.
func (o *oracle) blame(reverse bool) []string {
	lines := map[string]string{}
	for i, r := range o.events {
		for path, is := range o.leaves[i+1] {
			if was, had := o.leaves[i][path]; !had || was != is {
				lines[path] = fmt.Sprintf("%s %s #%d", path, is, r.Position)
			}
			if reverse {
				delete(lines, path)
			}
		}
		for path, was := range o.leaves[i] {
			if _, has := o.leaves[i+1][path]; !has {
				delete(lines, path)
				if reverse {
					lines[path] = fmt.Sprintf("%s %s #%d", path, was, r.Position)
				}
			}
		}
	}
	var out []string
	for _, path := range slices.Sorted(maps.Keys(lines)) {
		out = append(out, lines[path])
	}
	return out
}

// at returns the value at a path after so many events, "" for none.
func (o *oracle) at(n int, path reducer.Path) string {
	v := o.states[n]
	for _, token := range path {
		switch inner := v.(type) {
		case map[string]any:
			next, ok := inner[token]
			if !ok {
				return ""
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscanf(token, "%d", &i); err != nil || i >= len(inner) {
				return ""
			}
			v = inner[i]
		default:
			return ""
		}
	}
	return canonical(v)
}

// pick returns where the value at a path changed, with value only where it came to be that or ceased to be.
func (o *oracle) pick(path reducer.Path, value string) (out []store.Position) {
	for i, r := range o.events {
		was, is := o.at(i, path), o.at(i+1, path)
		if was != is && (value == "" || was == value || is == value) {
			out = append(out, r.Position)
		}
	}
	slices.Sort(out)
	return out
}

// wild makes a store of a random history.
type wild struct {
	*memory.Store
	t     *testing.T
	rnd   *rand.Rand
	clock int

	punctual bool // what is effective when it is recorded, and supersedes nothing
	ids      []string
}

func newWild(t *testing.T, seed uint64, events int, punctual bool) *wild {
	t.Helper()
	w := &wild{t: t, rnd: rand.New(rand.NewPCG(seed, 6)), punctual: punctual}
	w.Store = memory.New(memory.Options{Clock: w.now})
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	for n := 0; n < events; {
		var commit store.Commit
		if w.rnd.IntN(5) > 0 || w.clock == 0 {
			w.clock++
		}
		for range 1 + w.rnd.IntN(3) {
			commit.Events = append(commit.Events, w.event())
			n++
		}
		if _, err := w.Append(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Erase(t.Context(), store.Erasure{Positions: []store.Position{3, 8}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// now is the minute of the commit.
func (w *wild) now() time.Time { return minute(w.clock) }

func minute(n int) time.Time { return day(1).Add(time.Duration(n) * time.Minute) }

func (w *wild) event() store.Event {
	e := store.Event{
		ID: fmt.Sprintf("00000000-0000-0000-0000-%012x", len(w.ids)), Type: w.one("Made", "Moved", "Paid"),
		Stream: w.one("", "a-1", "a-1", "a-1", "a-2", "a-2", "b-1"), Data: []byte(w.data()),
	}
	if w.rnd.IntN(3) == 0 {
		e.Tags = []string{"t"}
	}
	metadata := map[string]string{"actor": w.one("ada", "bob")}
	if !w.punctual && w.rnd.IntN(3) == 0 {
		e.EffectiveAt = minute(w.clock + w.rnd.IntN(20) - 12)
	}
	if !w.punctual && len(w.ids) > 0 && w.rnd.IntN(4) == 0 {
		metadata["supersedes"] = w.ids[w.rnd.IntN(len(w.ids))]
	}
	if w.punctual && w.rnd.IntN(2) == 0 {
		e.EffectiveAt = minute(w.clock)
	}
	e.Metadata, _ = json.Marshal(metadata) // texts can be encoded
	w.ids = append(w.ids, e.ID)
	return e
}

func (w *wild) one(of ...string) string { return of[w.rnd.IntN(len(of))] }

func (w *wild) data() string {
	if w.rnd.IntN(12) == 0 {
		return w.one("", "7", `["a"]`, "no JSON", `"a"`, "null")
	}
	return w.object(3)
}

func (w *wild) object(depth int) string {
	var members []string
	for range w.rnd.IntN(4) {
		members = append(members, fmt.Sprintf("%q: %s", w.one("a", "ab", "b", "c", "d/~"), w.value(depth-1)))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func (w *wild) value(depth int) string {
	switch k := w.rnd.IntN(10); {
	case k == 0:
		return "null"
	case k < 4 && depth > 0:
		return w.object(depth)
	case k < 6 && depth > 0:
		var elements []string
		for range w.rnd.IntN(4) {
			elements = append(elements, w.value(depth-1))
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	return w.one("1", "1.0", "10e-1", "38.5", "38.50", "-0", "0", `"x"`, `"\u0078"`, `"y"`, "true", "{}", "[]", "9007199254740993", "9007199254740992")
}

// known returns the events of a target up to a position.
func (w *wild) known(sel *history.Selection, until store.Position) (out []store.Recorded) {
	w.t.Helper()
	for r, err := range w.Read(w.t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		ours := sel.Subject == history.Stream && r.Stream == sel.Name || sel.Subject == history.Tag && slices.Contains(r.Tags, sel.Name)
		if ours && r.Position <= until {
			out = append(out, r)
		}
	}
	return out
}

// head returns the last position.
func (w *wild) head() store.Position {
	w.t.Helper()
	head, err := w.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return head
}

// targets are what the histories are asked about.
var targets = []history.Selection{
	{Subject: history.Stream, Name: "a-1"}, {Subject: history.Stream, Name: "a-2"}, {Subject: history.Stream, Name: "b-1"}, {Subject: history.Tag, Name: "t"},
}
