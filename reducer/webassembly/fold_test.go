package webassembly_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/reducer/webassembly/testdata/account/bank"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// patches makes a history of merge patches, with nulls, lists, equal rewrites, and data that says nothing.
func patches(seed uint64, n int) []store.Recorded {
	r := rand.New(rand.NewPCG(seed, 1))
	var value func(depth int) string
	value = func(depth int) string {
		switch kind := r.IntN(9); {
		case kind < 3 && depth < 3:
			var members []string
			for _, i := range r.Perm(5)[:r.IntN(5)] {
				members = append(members, fmt.Sprintf(`"%c":%s`, 'a'+i, value(depth+1)))
			}
			return "{" + strings.Join(members, ",") + "}"
		case kind == 3 && depth < 3:
			var elements []string
			for range r.IntN(4) {
				elements = append(elements, value(depth+1))
			}
			return "[" + strings.Join(elements, ",") + "]"
		default:
			return []string{"null", "true", "1", "1.0", "38.50", `"text"`, `"<ä/&>"`, "12345678901234567890.5", "1e400"}[r.IntN(9)]
		}
	}
	var typesAndData []string
	for range n {
		data := value(0)
		for data[0] != '{' && r.IntN(10) > 0 {
			data = value(0)
		}
		typesAndData = append(typesAndData, "patched", data)
	}
	return history(typesAndData...)
}

// same holds two JSON texts against each other, whatever the order of members; numbers are their texts.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	decoded := func(text []byte) any {
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return v
	}
	return reflect.DeepEqual(decoded(a), decoded(b))
}

// TestMergePatch folds the same histories by the rule in Go and by the one in WebAssembly, which share no code.
func TestMergePatch(t *testing.T) {
	wasm := reducerOf(t, "merge")
	path, err := reducer.ParsePath("a.b")
	if err != nil {
		t.Fatal(err)
	}
	w := reducer.Want{Changes: true, Paths: []reducer.Path{path}}
	for seed := range uint64(12) {
		events := patches(seed, 60)
		native, guest, silent := begin(t, reducer.MergePatch()), begin(t, wasm), begin(t, wasm)
		type did struct {
			Applied bool
			Changes []string
			Value   string
		}
		steps := func(f reducer.Fold) []did {
			var out []did
			for step, err := range f.Steps(each(events), w) {
				if err != nil {
					t.Fatal(err)
				}
				d := did{Applied: step.Applied, Value: string(step.Values[0])}
				if len(d.Value) > 0 && d.Value[0] == '{' {
					d.Value = fmt.Sprint(len(d.Value)) // members stand in another order
				}
				for _, c := range step.Changes {
					d.Changes = append(d.Changes, fmt.Sprintf("%s %s %s -> %s", c.Op(), c.Path, c.Old, c.New))
				}
				out = append(out, d)
			}
			return out
		}
		want := steps(native)
		if diff := cmp.Diff(want, steps(guest)); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if n := run(t, silent, events, reducer.Want{}); n != len(slices.DeleteFunc(want, func(d did) bool { return !d.Applied })) {
			t.Errorf("seed %d: %d events were applied", seed, n)
		}
		state := native.AppendState(nil)
		if !same(t, state, guest.AppendState(nil)) || !same(t, state, silent.AppendState(nil)) {
			t.Errorf("seed %d: the states are\n%s\n%s\n%s", seed, state, guest.AppendState(nil), silent.AppendState(nil))
		}
	}
}

// accounts is a history that only the upcasters of the service understand.
func accounts() []store.Recorded {
	events := history("account.opened", `{"name":"ada"}`, "money.moved", `{"cents":500}`, "money.corrected", `{"out":500,"in":450}`,
		"money.corrected", `{"out":1,"in":1}`, "account.opened", `{"owner":"eve","currency":"USD"}`, "money.moved", ``)
	events[4].SchemaVersion = 2
	events[5].Erased = 99
	for i := range events {
		events[i].Stream = "account-1"
	}
	return events
}

// TestDecider folds in the service and in WebAssembly.
func TestDecider(t *testing.T) {
	s := memory.New(memory.Options{})
	closeAfter(t, s)
	events := accounts()
	events = events[:5] // nothing has been erased in this store
	for _, r := range events {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{r.Event}}); err != nil {
			t.Fatal(err)
		}
	}
	db, err := gesta.New(s, bank.Model)
	if err != nil {
		t.Fatal(err)
	}
	service, err := bank.Account.Load(t.Context(), db, "1")
	if err != nil {
		t.Fatal(err)
	}
	var recorded []store.Recorded
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		recorded = append(recorded, r)
	}
	f := begin(t, reducerOf(t, "account"))
	if n := run(t, f, recorded, reducer.Want{}); n != 4 {
		t.Errorf("%d events were applied, and one of five says nothing", n)
	}
	var state bank.State
	if err := json.Unmarshal(f.AppendState(nil), &state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(service.State, state); diff != "" || state.Owner != "eve" || len(state.Moves) != 3 {
		t.Error(diff, state)
	}
}

func TestDeciderWithErasedAndUnknown(t *testing.T) {
	wasm := reducerOf(t, "account")
	f := begin(t, wasm)
	run(t, f, accounts(), reducer.Want{})
	if got, want := string(f.AppendState(nil)), `{"owner":"eve","currency":"USD","cents":450,"moves":[500,-500,450,0],"since":"2026-11-01T10:05:00Z","version":6}`; got != want {
		t.Errorf("state = %s, want %s", got, want)
	}
	erased := accounts()[:1]
	erased[0].Erased = 3
	wantError(t, begin(t, wasm), erased, `"account.opened"`)
	wantError(t, begin(t, wasm), history("account.closed", `{}`), `"account.closed"`)
	wantError(t, begin(t, wasm), history("money.moved", `{"cents":"many"}`), "cannot unmarshal string")
}

// failed is what an error says.
type failed struct {
	text string
	line int
}

// failure folds events of which the last one fails with a text, and returns the error.
func failure(t *testing.T, f reducer.Fold, events []store.Recorded, text string) failed {
	t.Helper()
	var got error
	n := 0
	for step, err := range f.Steps(each(events), reducer.Want{}) {
		if got = err; step != nil {
			n++
		}
	}
	last := events[len(events)-1]
	at, ok := errors.AsType[*reducer.EventError](got)
	if !ok || at.Position != last.Position || at.Stream != last.Stream || at.Type != last.Type || !strings.Contains(got.Error(), text) {
		t.Fatalf("after %d steps there is %v; want %q at position %d", n, got, text, last.Position)
	}
	return failed{got.Error(), at.Line}
}

func wantError(t *testing.T, f reducer.Fold, events []store.Recorded, text string) {
	t.Helper()
	failure(t, f, events, text)
}

// TestEvent has the module write down what it was shown.
func TestEvent(t *testing.T) {
	wasm := reducerOf(t, "odd")
	full := store.Recorded{
		Event: store.Event{
			ID: "018f3e2a-0000-7000-8000-000000000000", Stream: "odd-1", Type: "echo", SchemaVersion: 7, ContentType: "application/x", Tags: []string{"a:1", "", "ü"},
			Data: []byte{0, 1, 0xff}, Metadata: []byte(`{"actor":"ada"}`), EffectiveAt: time.Date(1969, 1, 2, 3, 4, 5, 6000, time.UTC),
		},
		Position: store.MaxPosition, Commit: 3, Version: 1 << 52, RecordedAt: time.Date(2026, 11, 1, 10, 0, 0, 123000, time.UTC), Tracking: &store.Tracking{Source: "in", Position: 5},
	}
	large := store.Recorded{Event: store.Event{Type: "echo", Data: []byte(strings.Repeat("x", 1<<20))}}
	for _, r := range []store.Recorded{full, {Event: store.Event{Type: "echo"}}, large, full} {
		f := begin(t, wasm)
		run(t, f, []store.Recorded{{Event: store.Event{Type: "ignored"}}, r}, reducer.Want{})
		var state struct{ Event store.Recorded }
		if err := json.Unmarshal(f.AppendState(nil), &state); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, state.Event); diff != "" {
			t.Error(diff)
		}
	}
}

// TestErasedIsSkipped does not show functions what is not there.
func TestErasedIsSkipped(t *testing.T) {
	f := begin(t, reducerOf(t, "odd"))
	events := history("fail", "")
	events[0].Erased = 5
	if n := run(t, f, events, reducer.Want{}); n != 0 || string(f.AppendState(nil)) != "{}" {
		t.Errorf("%d were applied: %s", n, f.AppendState(nil))
	}
}

// TestLeaving leaves the loop, goes on, and closes.
func TestLeaving(t *testing.T) {
	f := begin(t, reducerOf(t, "merge"))
	if got := string(f.AppendState(nil)); got != "{}" {
		t.Errorf("it begins with %s", got)
	}
	events := history("p", `{"a":1}`, "p", `{"a":2}`, "p", `{"a":3}`)
	for _, err := range f.Steps(each(events), reducer.Want{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if got := string(f.AppendState(nil)); got != `{"a":1}` && got != `{"a":2}` && got != `{"a":3}` {
		t.Errorf("after one step it is %s", got)
	}
	run(t, f, events[1:2], reducer.Want{})
	unread := errors.New("the store has gone")
	for step, err := range f.Steps(func(yield func(store.Recorded, error) bool) {
		if yield(events[2], nil) {
			yield(store.Recorded{}, unread)
		}
	}, reducer.Want{}) {
		if step == nil && !errors.Is(err, unread) {
			t.Error(err)
		}
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	path := reducer.Path{"a"}
	if got, ok := f.AppendAt(nil, path); !ok || string(got) != "3" {
		t.Errorf("closed, it is %s", f.AppendState(nil))
	}
	for _, err := range f.Steps(each(events), reducer.Want{}) {
		if err == nil {
			t.Error("a fold that is closed goes on")
		}
	}
}

// TestCancel gives up in an event that does not end.
func TestCancel(t *testing.T) {
	wasm := limited(t, "odd", webassembly.Options{EventTime: time.Minute})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	f, err := wasm.New(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, f)
	events := func(yield func(store.Recorded, error) bool) {
		go cancel(cause)
		yield(history("loop", "")[0], nil)
	}
	for _, err := range f.Steps(events, reducer.Want{}) {
		if _, ok := errors.AsType[*reducer.EventError](err); !errors.Is(err, cause) || ok {
			t.Error(err)
		}
	}
	if _, err := wasm.New(ctx); !errors.Is(err, cause) {
		t.Error(err)
	}
}

// TestDeterminism shows two folds at once, and one after, the same world.
func TestDeterminism(t *testing.T) {
	events := history("print", "", "world", "")
	wasm := reducerOf(t, "odd")
	states := make([]string, 3)
	var wg sync.WaitGroup
	for i := range states {
		f := begin(t, wasm)
		wg.Go(func() {
			for _, err := range f.Steps(each(events), reducer.Want{}) {
				if err != nil {
					t.Error(err)
				}
			}
			states[i] = string(f.AppendState(nil))
		})
		if i == 1 {
			wg.Wait()
		}
	}
	wg.Wait()
	if states[0] != states[1] || states[1] != states[2] {
		t.Errorf("the worlds are\n%s", strings.Join(states, "\n"))
	}
	var s struct {
		World struct {
			Now                           time.Time
			Home, File, Write, Net, Order string
			Args                          []string
			Random                        uint64
		}
	}
	if err := json.Unmarshal([]byte(states[0]), &s); err != nil {
		t.Fatal(err)
	}
	w := s.World
	if !w.Now.Equal(time.Unix(0, 0)) || w.Home != "" || len(w.Args) > 0 || w.File == "<nil>" || w.Write == "<nil>" || w.Net == "<nil>" || len(w.Order) != 5 || w.Random == 0 {
		t.Errorf("the world is %s", states[0])
	}
}

// TestIdentity is that of the module.
func TestIdentity(t *testing.T) {
	b := assemble(nil, "memory", byHand()...)
	var ids []string
	for _, m := range [][]byte{b, b, append(slices.Clone(b), 0, 3, 1, 'x', 1)} { // the last with a section of no meaning
		r, err := webassembly.New("made.wasm", m, webassembly.Options{})
		if err != nil {
			t.Fatal(err)
		}
		closeAfter(t, r)
		ids = append(ids, r.Identity())
	}
	if ids[0] != ids[1] || ids[0] == ids[2] || ids[0] != webassembly.Identity(b) || !strings.HasPrefix(ids[0], "webassembly/1:") || len(ids[0]) != len("webassembly/1:")+64 {
		t.Errorf("identities are %v", ids)
	}
}
