package javascript_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
)

const orders = `fromCategory('order').foreachStream().when({
	$init() { return { items: [], due: 0 } },
	OrderPlaced(s, e) { s.customer = e.data.customer },
	ItemAdded(s, e) { s.items.push({ sku: e.data.sku, qty: e.data.qty }); s.due += e.data.qty * e.data.price },
	ItemRemoved(s, e) { s.items = s.items.filter(i => i.sku !== e.data.sku) },
	Renamed(s, e) { return { ...s, customer: e.body.customer } },
	$any(s, e) { s.last = e.eventType },
}).outputState();`

func TestChanges(t *testing.T) {
	f := begin(t, rule(t, orders, javascript.Options{}))
	var got [][]string
	for step, err := range f.Steps(sequence(events(
		"OrderPlaced", `{"customer":"ann"}`,
		"ItemAdded", `{"sku":"a","qty":2,"price":1.5}`,
		"ItemAdded", `{"sku":"b","qty":1,"price":10}`,
		"ItemAdded", `{"sku":"c","qty":1,"price":0}`,
		"ItemRemoved", `{"sku":"c"}`,
		"ItemRemoved", `{"sku":"a"}`,
		"Renamed", `{"customer":"bea"}`,
		"Shipped", `{}`,
		"Shipped", `{}`,
	)), reducer.Want{Changes: true, Paths: []reducer.Path{{"due"}}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, append(texts(step.Changes), string(step.Values[0])))
	}
	want := [][]string{
		{`add /customer  -> "ann"`, "add /due  -> 0", "add /items  -> []", "0"}, // with what the state began with
		{"replace /due 0 -> 3", "remove /items [] -> ", "add /items/0/qty  -> 2", `add /items/0/sku  -> "a"`, "3"},
		{"replace /due 3 -> 13", "add /items/1/qty  -> 1", `add /items/1/sku  -> "b"`, "13"},
		{"add /items/2/qty  -> 1", `add /items/2/sku  -> "c"`, "13"},
		{"remove /items/2/qty 1 -> ", `remove /items/2/sku "c" -> `, "13"},
		{"replace /items/0/qty 2 -> 1", `replace /items/0/sku "a" -> "b"`, "remove /items/1/qty 1 -> ", `remove /items/1/sku "b" -> `, "13"},
		{`replace /customer "ann" -> "bea"`, "13"},
		{`add /last  -> "Shipped"`, "13"},
		{"13"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := string(f.AppendState(nil)), `{"items":[{"sku":"b","qty":1}],"due":13,"customer":"bea","last":"Shipped"}`; got != want {
		t.Errorf("state = %s, want %s", got, want)
	}
}

// TestEvent looks at what handlers see of events.
func TestEvent(t *testing.T) {
	all := events("A", `{"n":1.50,"t":"é"}`, "B", `not JSON`, "C", ``, "D", `[1,"\ud83d\ude00"]`, "E", `{}`, "F", `{}`)
	all[0].Metadata = []byte(`{"by":"ann"}`)
	all[3].ContentType = "application/vnd.x+json; charset=utf-8"
	all[4].ContentType = "text/plain"
	all[5].Stream, all[5].Version = "", 0
	got := state(t, `when({
		$init: () => [],
		$any(s, e) {
			const { eventType, data } = e;
			s.push([eventType, data, e.data === e.body, e.isJson, e.metadata, e.streamId, e.sequenceNumber, e.created, Object.keys(e).length, 'data' in e, 'other' in e, { ...e }.sequenceNumber]);
		},
	})`, all)
	want := compact(t, []byte(`[
		["A",{"n":1.5,"t":"é"},true,true,{"by":"ann"},"order-1",0,"2026-11-21T10:00:01.000120Z",8,true,false,0],
		["B",null,true,false,null,"order-1",1,"2026-11-21T10:00:02.000120Z",8,true,false,1],
		["C",null,true,false,null,"order-1",2,"2026-11-21T10:00:03.000120Z",8,true,false,2],
		["D",[1,"😀"],true,true,null,"order-1",3,"2026-11-21T10:00:04.000120Z",8,true,false,3],
		["E",null,true,false,null,"order-1",4,"2026-11-21T10:00:05.000120Z",8,true,false,4],
		["F",{},true,true,null,null,null,"2026-11-21T10:00:06.000120Z",6,true,false,null]]`))
	if got != want {
		t.Errorf("state = %s\nwant    %s", got, want)
	}
}

// TestStates folds one event by each file, and some more events by some.
func TestStates(t *testing.T) {
	for _, tt := range []struct{ name, source, want string }{
		{"no $init", `fromAll().when({ $any(s) { s.n = 1 } })`, `{"n":1}`},
		{"$init of nothing", `fromAll().when({ $init() {}, $any(s) { s.n = 1 } })`, `{"n":1}`},
		{"returned", `fromAll().when({ $any: (s, e) => ({ n: e.data.n }) })`, `{"n":2}`},
		{"returned null", `fromAll().when({ $any: () => null })`, `null`},
		{"returned a number", `fromAll().when({ $init: () => 1, $any: (s, e) => s + e.data.n })`, `3`},
		{"named before any", `fromAll().when({ $any(s) { s.any = 1 }, A(s) { s.a = 1 } })`, `{"a":1}`},
		{"only another type", `fromAll().when({ B(s) { s.b = 1 } })`, `{}`},
		{"all that does nothing", `options({ resultStreamName: 'x' }); fromStreams('a', 'b').when({ $any(s) { log('x'); s.n = 1 } }).outputState().outputTo('x')`, `{"n":1}`},
		{
			"dates in UTC", `fromCategory('a').when({ $any(s, e) { s.d = new Date(e.created); s.h = s.d.getHours(); s.o = new Date(0).getTimezoneOffset(); s.t = String(new Date(0)) } })`,
			`{"d":"2026-11-21T10:00:01.000Z","h":10,"o":0,"t":"Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)"}`,
		},
		{
			"left out", `when({ $any(s) { s.a = undefined; s.b = [undefined, , 1]; s.c = { d: undefined, e: 1 }; s.late = 1; s.late = undefined } })`,
			`{"b":[null,null,1],"c":{"e":1}}`,
		},
		{
			"as JSON has it", `when({ $any(s) { s.a = [new Number(1), new String('x'), new Boolean(true)]; s.b = new Date(0); s.c = { toJSON(name) { return [name, { toJSON: () => 1 }] } };
				class Own { #n = 1; toJSON() { return { n: this.#n } } } s.d = new Own(); s.e = Object.assign(Object.create(null), { x: 1 }); s.f = 'abc'.match(/b/); s.g = undefined } })`,
			`{"a":[1,"x",true],"b":"1970-01-01T00:00:00.000Z","c":["c",1],"d":{"n":1},"e":{"x":1},"f":["b"]}`,
		},
		{
			"for a while", `when({ $any(s) { s.x = new Set([1]); s.x.add(2); s.x = [...s.x]; s.y = NaN; s.y = 1; s.z = new Map(); delete s.z } })`,
			`{"x":[1,2],"y":1}`,
		},
		{"what a promise does at once", `when({ $any(s) { Promise.resolve(1).then(n => { s.n = n }); (async () => { throw 1 })().catch(n => { s.m = n }) } })`, `{"n":1,"m":1}`},
		{
			"numbers", `when({ $any(s) { s.n = [-0, 0.1 + 0.2, 1e21, 1e-7, 123456789012345680000, 5e-324, 2 ** 53, -1.5e300, 1 / 3] } })`,
			`{"n":[0,0.30000000000000004,1e+21,1e-7,123456789012345680000,5e-324,9007199254740992,-1.5e+300,0.3333333333333333]}`,
		},
		{
			"texts", `when({ $any(s) { s.t = ['"\\\b\f\n\r\t\u0001\u2028</é', '\ud83d', '\ude00\ud83d', 'a\ud83d\ude00b', '\ufffd'] } })`,
			`{"t":["\"\\\b\f\n\r\t\u0001` + "\u2028" + `</é","\ud83d","\ude00\ud83d","a😀b","` + "\ufffd" + `"]}`,
		},
		{"names", `when({ $any(s) { s.b = 1; s[10] = 1; s[9] = 1; s['\u0001"'] = 1; s[''] = 1; s['__proto__x'] = 1 } })`, `{"9":1,"10":1,"b":1,"\u0001\"":1,"":1,"__proto__x":1}`},
		{"what it keeps is not the state", `let kept; when({ $any(s, e) { if (kept) kept.n++; kept = s.x = { n: e.sequenceNumber } } })`, `{"x":{"n":0}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := state(t, tt.source, events("A", `{"n":2}`)); got != tt.want {
				t.Errorf("state = %s\nwant    %s", got, tt.want)
			}
			f := begin(t, rule(t, tt.source, javascript.Options{}))
			run(t, f, events("A", `{"n":2}`), reducer.Want{Changes: true})
			if got := string(f.AppendState(nil)); got != tt.want {
				t.Errorf("state with changes = %s\nwant    %s", got, tt.want)
			}
		})
	}
}

// TestBetweenEvents writes to objects that were put into the state at an earlier event: these are not the state's.
func TestBetweenEvents(t *testing.T) {
	got := state(t, `let o = { n: 1 }, list;
		when({
			A(s) { s.o = o; s.p = o; s.list = [1]; list = s.list; list.push(2) },
			B(s) { o.n = 7; s.o.n = 2; list.push(3); s.list.push(4) },
			C(s) { s.list = [5]; list.push(6) },
		})`, events("A", "{}", "B", "{}", "C", "{}"))
	if want := `{"o":{"n":2},"p":{"n":1},"list":[5]}`; got != want {
		t.Errorf("state = %s, want %s", got, want)
	}
}

// TestSkipped counts what no handler was called for.
func TestSkipped(t *testing.T) {
	all := events("A", `{}`, "B", `{}`, "A", `{}`, "A", `{}`)
	all[2].Data, all[2].Erased = nil, 9
	for _, w := range []reducer.Want{{}, {Changes: true}} {
		f := begin(t, rule(t, `when({ $init: () => ({ n: 0 }), A(s) { s.n++ } })`, javascript.Options{}))
		if n := run(t, f, all, w); n != 2 || string(f.AppendState(nil)) != `{"n":2}` {
			t.Errorf("%d applied, state = %s", n, f.AppendState(nil))
		}
	}
}

func TestNumbers(t *testing.T) {
	source := `when({ $any(s, e) { s.n = e.data } })`
	for _, ok := range []string{`38.50`, `1e3`, `-0.0`, `9007199254740992`, `[0.1,123456789.125]`} {
		state(t, source, events("A", ok))
	}
	lossy := "// a comment\n  //  gesta: lossy-numbers\n" + source
	if got := state(t, lossy, events("A", `[9007199254740993,1e-400,0.1000000000000000055]`)); got != `{"n":[9007199254740992,0,0.1]}` {
		t.Errorf("state = %s", got)
	}
	// Who does not read the data loses nothing.
	if got := state(t, `when({ $any(s, e) { s.n = e.eventType } })`, events("A", `9007199254740993`)); got != `{"n":"A"}` {
		t.Errorf("state = %s", got)
	}
}

func TestIdentity(t *testing.T) {
	a, b := rule(t, "a", javascript.Options{}), rule(t, "b", javascript.Options{})
	if got, want := a.Identity(), "javascript/1:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"; got != want || a.Identity() == b.Identity() {
		t.Errorf("identities = %s and %s", got, b.Identity())
	}
}
