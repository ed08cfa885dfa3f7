package javascript_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dop251/goja"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/store"
)

// acts is a file whose handler does what the data says, in ways in which handlers write.
const acts = `
const isList = Array.isArray, isObject = v => v !== null && typeof v === 'object';
function at(s, path) { for (const k of path) { if (!isObject(s) || !(k in s)) return undefined; s = s[k]; } return isObject(s) ? s : undefined; }
function reaches(a, b) { return a === b || isObject(a) && Object.keys(a).some(k => reaches(a[k], b)); }
function size(v) { return isObject(v) ? Object.keys(v).reduce((n, k) => n + size(v[k]), 1) : 1; }
const does = {
	set(c, a) { c[a.key] = a.value; },
	del(c, a) { if (!isList(c)) delete c[a.key]; },
	push(c, a) { if (isList(c)) c.push(a.value, a.key); },
	pop(c, a) { if (isList(c)) c.pop(); },
	shift(c, a) { if (isList(c)) c.shift(); },
	unshift(c, a) { if (isList(c)) c.unshift(a.value); },
	splice(c, a) { if (isList(c)) c.splice(a.n, a.m, a.value, 1); },
	sort(c, a) { if (isList(c)) c.sort((x, y) => JSON.stringify(x) < JSON.stringify(y) ? -1 : 1); },
	plainSort(c, a) { if (isList(c)) c.sort(); },
	reverse(c, a) { if (isList(c)) c.reverse(); },
	cut(c, a) { if (isList(c)) c.length = Math.min(a.n, c.length); },
	alias(c, a, s) { const o = at(s, a.from); if (o && !reaches(o, c)) { c[a.key] = o; c[a.key2] = o; if (isList(o)) o.push(a.n); else o.late = a.n; } },
	fresh(c, a) { const o = { x: a.value }; c[a.key] = o; o.y = 2; c[a.key2] = o; if (c[a.key2] === o) o.same = c[a.key] === o; o.list = [o.y]; o.list.push(3); },
	spread(c, a) { const v = c[a.key]; c[a.key] = isList(v) ? [...v, a.value] : isObject(v) ? { ...v, late: a.value } : { v }; },
	front(c, a) { const v = c[a.key]; c[a.key] = isList(v) ? [a.value, ...v] : isObject(v) ? { late: a.value, ...v } : [v]; },
	filter(c, a) { if (isList(c[a.key])) c[a.key] = c[a.key].filter((x, i) => i != a.n); },
	map(c, a) { if (isList(c[a.key])) c[a.key] = c[a.key].map((x, i) => i == a.n ? a.value : x); },
	copy(c, a) { if (isObject(c[a.key])) c[a.key] = JSON.parse(JSON.stringify(c[a.key])); },
	concat(c, a) { if (isList(c)) c[a.key] = c.concat([1], [[2]]).slice(0, 4).length; },
	move(c, a) { if (isList(c)) return; const t = c[a.key]; delete c[a.key]; if (t !== undefined) c[a.key2] = t; if (isObject(t)) t.moved = a.value; },
	back(c, a) { if (isList(c)) return; const t = c[a.key]; delete c[a.key]; if (t !== undefined) c[a.key] = t; },
	swap(c, a) { if (a.key in c && a.key2 in c) [c[a.key], c[a.key2]] = [c[a.key2], c[a.key]]; },
	undef(c, a) { c[a.key] = undefined; },
	odd(c, a) { c[a.key] = [undefined, , new Date(1000), new Number(3), new String('s'), new Boolean(false), Object.create(null)]; c[a.key2] = { left: undefined, toJSON() { return { of: this.left, late: [undefined] }; } }; },
	far(c, a) { if (isList(c)) c[c.length] = a.value; },
	assign(c, a) { if (isObject(a.value)) Object.assign(c, a.value); },
	define(c, a) { Object.defineProperty(c, a.key, { value: a.value, writable: true, enumerable: true, configurable: true }); },
	look(c, a, s) {
		const all = []; for (const k in c) all.push(k);
		s.seen = [Object.keys(c), all, isList(c), a.key in c, c.hasOwnProperty(a.key), c.length, JSON.stringify(c), c instanceof Array, Object.prototype.toString.call(c), typeof c,
			Object.entries(c).length, String(c), isList(c) ? [[...c].length, c.indexOf(a.value), c.includes(1), c.join('-')] : { ...c }.late];
		const { [a.key]: one, ...rest } = c; s.rest = [one === undefined, Object.keys(rest)];
	},
};
fromAll().foreachStream().when({
	$init: () => ({ a: { b: [1, { c: 2 }] }, list: [] }),
	Do(s, e) {
		for (const a of e.data) { const c = at(s, a.at); if (c) does[a.op](c, isList(c) ? { ...a, key: Math.min(a.n, c.length), key2: Math.min(a.m, c.length), value: a.op === 'assign' ? [a.value] : a.value } : a, s); }
		if (size(s) > 400) return { a: { b: [1, { c: 2 }] }, list: [] };
	},
	Copy(s, e) { return { ...s, late: e.data }; },
	Begin(s, e) { return e.data; },
	Same(s, e) { return s; },
});`

// plain runs the file without anything between: the state is what JSON makes of it after each event.
type plain struct {
	vm    *goja.Runtime
	call  goja.Callable
	state string
}

func newPlain(t *testing.T, source string) *plain {
	t.Helper()
	p := &plain{vm: goja.New()}
	v, err := p.vm.RunString(`
		let handlers; const chain = { foreachStream: () => chain, when: h => { handlers = h; } }, fromAll = () => chain;
		function call(state, type, data) {
			let s = JSON.parse(state);
			const r = handlers[type](s, { data: JSON.parse(data) });
			return JSON.stringify(r === undefined ? s : r);
		}
		call`)
	if err != nil {
		t.Fatal(err)
	}
	p.call, _ = goja.AssertFunction(v)
	if _, err := p.vm.RunString(source); err != nil {
		t.Fatal(err)
	}
	init, err := p.vm.RunString("JSON.stringify(handlers.$init())")
	if err != nil {
		t.Fatal(err)
	}
	p.state = init.String()
	return p
}

func (p *plain) apply(t *testing.T, r *store.Recorded) {
	t.Helper()
	v, err := p.call(goja.Undefined(), p.vm.ToValue(p.state), p.vm.ToValue(r.Type), p.vm.ToValue(string(r.Data)))
	if err != nil {
		t.Fatalf("%v\nstate %s\ndata %s", err, p.state, r.Data)
	}
	p.state = v.String()
}

// randomEvents makes events of which the handlers of acts make something.
func randomEvents(r *rand.Rand, n int) []store.Recorded {
	pick := func(of ...any) any { return of[r.IntN(len(of))] }
	keys := []any{"a", "b", "c", "0", "1", "10", "late", "x/~y", "list"}
	var value func(depth int) any
	value = func(depth int) any {
		if depth == 0 {
			return pick(1, 2.5, "x", "é\"\n", nil, true, map[string]any{}, []any{}, math.Copysign(0, -1), 1e21, "\U0001F600")
		}
		if r.IntN(2) == 0 {
			return []any{value(0), value(depth - 1), map[string]any{"k": value(0)}}
		}
		return map[string]any{"a": value(depth - 1), "b": value(0), "7": 1}
	}
	path := func() any {
		return pick([]any{}, []any{"a"}, []any{"a", "b"}, []any{"list"}, []any{"a", "b", 1}, []any{"list", 0}, []any{"b"}, []any{"c"}, []any{"late"}, []any{"a", "late"})
	}
	ops := []any{
		"set", "set", "set", "del", "push", "push", "push", "pop", "shift", "unshift", "splice", "sort", "plainSort", "reverse", "cut", "alias", "alias", "fresh", "spread", "front", "filter", "map", "copy",
		"concat", "move", "back", "swap", "undef", "odd", "far", "assign", "define", "look",
	}
	var out []store.Recorded
	for i := range n {
		typ, data := "Do", any(nil)
		switch r.IntN(20) {
		case 0:
			typ, data = "Copy", value(1)
		case 1:
			typ = "Same"
		case 2:
			typ, data = "Begin", map[string]any{"list": []any{1, 2, value(1), 4, 5}, "a": map[string]any{"b": []any{value(2), value(1), value(1)}}}
		default:
			var acts []any
			for range 1 + r.IntN(4) {
				acts = append(acts, map[string]any{
					"op": pick(ops...), "at": path(), "from": path(), "key": pick(keys...), "key2": pick(keys...), "value": value(r.IntN(3)), "n": r.IntN(5), "m": r.IntN(3),
				})
			}
			data = acts
		}
		text, err := json.Marshal(data)
		if err != nil {
			panic(err)
		}
		out = append(out, event(i+1, typ, string(text)))
	}
	return out
}

// TestOracle holds the state and the changes of each event against those of the plain file.
func TestOracle(t *testing.T) {
	r := rule(t, acts, javascript.Options{})
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // no secret
		oracle, f, fast := newPlain(t, acts), begin(t, r), begin(t, r)
		all := randomEvents(random, 100)
		key := []string{"", "", "k"}[seed%3]
		i := 0
		for step, err := range f.Steps(sequence(all), reducer.Want{Changes: true, ArrayKey: key, Paths: []reducer.Path{nil}}) {
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			before := oracle.state
			oracle.apply(t, &all[i])
			if got := string(step.Values[0]); got != oracle.state {
				t.Fatalf("seed %d, event %d %s\nbefore %s\ngot    %s\nwant   %s", seed, i, all[i].Data, before, got, oracle.state)
			}
			if i == 0 {
				before = "" // the first event brings what the state began with
			}
			want, _ := reducer.Diff([]byte(before), []byte(oracle.state), key)
			if !slices.Equal(texts(want), texts(step.Changes)) {
				t.Fatalf("seed %d, event %d %s\nbefore %s\nafter %s\ngot  %q\nwant %q", seed, i, all[i].Data, before, oracle.state, texts(step.Changes), texts(want))
			}
			i++
		}
		run(t, fast, all, reducer.Want{})
		if got := string(fast.AppendState(nil)); got != oracle.state {
			t.Fatalf("seed %d\ngot  %s\nwant %s", seed, got, oracle.state)
		}
		if got := string(f.AppendState(nil)); got != oracle.state {
			t.Fatalf("seed %d\ngot  %s\nwant %s", seed, got, oracle.state)
		}
		if err := fast.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
