package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
)

// What answers say of each other must hold on any store, whatever the answers are.
func TestDifferentialRelations(t *testing.T) {
	rounds, _, first := differRounds(t)
	for i := range rounds {
		t.Run(strconv.FormatUint(first+uint64(i), 10), func(t *testing.T) {
			d := newDiffer(t, 2000+first+uint64(i))
			d.exact = true
			for _, target := range d.targets() {
				options := []string{}
				d.may(&options, 3, "--effective-at", d.time())
				d.may(&options, 6, "--reducer", "fold.js")
				d.blameIsTheSumOfChanges(target, options)
				d.blameIsWhatThePickaxeFinds(target, options)
				d.differencesTurnRound(target, options)
				d.bisectFindsEveryFlip(target)
				d.pointsAreTheirEvents(target)
				d.timesAgree(target)
			}
			for range 10 {
				d.numbersAreBeginnings()
				d.knownAtTheHead()
			}
			d.differencesTurnRound("", nil)
			d.countsAgree()
			if d.first == 1 {
				d.listsList()
			}
		})
	}
}

// targets are the streams and tags of the store, as addresses.
func (d *differ) targets() []string {
	var out []string
	quoted := func(name string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"` }
	for _, name := range d.names {
		out = append(out, quoted(name))
	}
	seen := map[string]bool{}
	for i := range d.events {
		for _, tag := range d.events[i].Tags {
			if !seen[tag] && !store.IsSystem(d.events[i].Stream) {
				seen[tag] = true
				out = append(out, "tag:"+quoted(tag))
			}
		}
	}
	return out
}

// relDoc is what the relations look at, of any document.
type relDoc struct {
	Items   []relItem
	State   json.RawMessage
	Version uint64
	Events  uint64
	Streams uint64
	Late    uint64
}

type relItem struct {
	Path              string
	Value             json.RawMessage
	Position, Commit  uint64
	Version           uint64
	Late              bool
	Stream, Type      string
	To                json.RawMessage
	From              json.RawMessage
	Events            uint64
	LastPosition      uint64
	Changes           []relChange
	IgnoredSupersedes json.RawMessage
}

type relChange struct {
	Op, Path string
	Old, New json.RawMessage
}

// ask runs a line on the directory, and returns false where it ends with an error.
func (d *differ) ask(line ...string) (doc relDoc, ok bool) {
	d.t.Helper()
	got := d.run(d.differStore.dir, line...)
	if got.Code != exitOK {
		if got.Code == exitInternal || got.Code == exitDamaged {
			d.t.Errorf("%s: exit code %d: %s", shown(line), got.Code, got.Stderr)
		}
		return doc, false
	}
	if err := json.Unmarshal([]byte(got.Stdout), &doc); err != nil {
		d.t.Fatalf("%s: %v: %s", shown(line), err, got.Stdout)
	}
	return doc, true
}

// about is a line that asks about a target, or two.
func about(verb string, options []string, targets ...string) []string {
	line := append([]string{verb, "--json"}, options...)
	return append(append(line, "--"), targets...)
}

// leaf is a part of a state, and the event that made it what it is.
type leaf struct {
	Value    string
	Position uint64
}

// blameIsTheSumOfChanges adds up what log -p says: what is there in the end, and what was removed and did not come back.
func (d *differ) blameIsTheSumOfChanges(target string, options []string) {
	d.t.Helper()
	d.may(&options, 3, "--array-key", "sku")
	log, ok := d.ask(about("log", slices.Concat(options, []string{"-p", "--reverse"}), target)...)
	if !ok {
		return
	}
	sum, gone, events := map[string]leaf{}, map[string]leaf{}, map[uint64]relItem{}
	for _, it := range log.Items {
		events[it.Position] = it
		for _, c := range it.Changes {
			if c.Op == "remove" {
				delete(sum, c.Path)
				gone[c.Path] = leaf{string(c.Old), it.Position}
				continue
			}
			if _, there := sum[c.Path]; there != (c.Op == "replace") {
				d.t.Errorf("%s: position %d: %s at %s", shown(about("log -p", options, target)), it.Position, c.Op, c.Path)
			}
			delete(gone, c.Path)
			sum[c.Path] = leaf{string(c.New), it.Position}
		}
	}
	for flag, want := range map[string]map[string]leaf{"": sum, "--reverse": gone} {
		sameValue := cmp.Comparer(func(a, b leaf) bool {
			return a.Position == b.Position && cmp.Equal(decodedNumbers(d.t, []byte(a.Value)), decodedNumbers(d.t, []byte(b.Value)))
		})
		line := about("blame", slices.DeleteFunc(append(slices.Clone(options), flag), func(s string) bool { return s == "" }), target)
		blame, ok := d.ask(line...)
		got := map[string]leaf{}
		for _, it := range blame.Items {
			got[it.Path] = leaf{string(it.Value), it.Position}
			if e := events[it.Position]; e.Stream != it.Stream || e.Version != it.Version || e.Type != it.Type || e.Late != it.Late {
				d.t.Errorf("%s: %+v, but log -p says %+v", shown(line), it, e)
			}
		}
		if diff := cmp.Diff(want, got, sameValue); diff != "" || !ok {
			d.t.Errorf("%s: -sum of log -p +blame\n%s", shown(line), diff)
		}
	}
}

// blameIsWhatThePickaxeFinds asks log -S for the event that blame names.
func (d *differ) blameIsWhatThePickaxeFinds(target string, options []string) {
	d.t.Helper()
	blame, ok := d.ask(about("blame", options, target)...)
	if !ok || len(blame.Items) == 0 {
		return
	}
	it := oneOf(d.r, blame.Items)
	if it.Path == "" {
		return
	}
	line := about("log", slices.Concat(options, []string{"-n1", "-S", it.Path}), target)
	found, ok := d.ask(line...)
	if strings.Contains(it.Path, "=") {
		return
	}
	if !ok || len(found.Items) != 1 || found.Items[0].Position != it.Position {
		d.t.Errorf("%s: %v, %+v; blame says %d", shown(line), ok, found.Items, it.Position)
	}
}

// points are two of a target, or of the store where that is empty.
func (d *differ) points(target string) (from, to string) {
	if target == "" {
		return d.storePoint(), d.storePoint()
	}
	last, ok := d.ask(about("state", nil, target)...)
	if !ok {
		return target, target
	}
	point := func() string { return target + "@" + strconv.Itoa(d.r.IntN(int(last.Version)+1)) }
	return point(), point()
}

// differencesTurnRound compares a difference with the one the other way round, and with what patches make of a state.
func (d *differ) differencesTurnRound(target string, options []string) {
	d.t.Helper()
	from, to := d.points(target)
	there, ok := d.ask(about("diff", options, from, to)...)
	back, backOK := d.ask(about("diff", options, to, from)...)
	for i := range back.Items {
		it := &back.Items[i]
		it.From, it.To = it.To, it.From
		for j := range it.Changes {
			c := &it.Changes[j]
			c.Old, c.New = c.New, c.Old
			switch c.Op {
			case "add":
				c.Op = "remove"
			case "remove":
				c.Op = "add"
			}
		}
	}
	if diff := cmp.Diff(there, back); diff != "" || ok != backOK {
		d.t.Errorf("%s: %v, %v; -there +back, turned round\n%s", shown(about("diff", options, from, to)), ok, backOK, diff)
	}
	if !ok || target == "" {
		return
	}
	before, after := d.stateOf(from, options), d.stateOf(to, options)
	for flag, apply := range map[string]func(any, []byte) (any, error){"--json-patch": applyPatch, "--merge-patch": applyMerge} {
		line := append(append([]string{"diff", flag}, options...), "--", from, to)
		got := d.run(d.differStore.dir, line...)
		if got.Code != exitOK && flag == "--merge-patch" && strings.Contains(got.Stderr, "--json-patch can") {
			continue
		}
		patched, err := apply(decodedNumbers(d.t, before), []byte(got.Stdout))
		if diff := cmp.Diff(decodedNumbers(d.t, after), patched); diff != "" || err != nil || got.Code != exitOK {
			d.t.Errorf("%s: exit code %d, %v\nfrom %s\nby %s-state +patched\n%s", shown(line), got.Code, err, before, got.Stdout, diff)
		}
	}
}

// stateOf is the state of a point, {} before the first event that holds.
func (d *differ) stateOf(point string, options []string) json.RawMessage {
	d.t.Helper()
	doc, ok := d.ask(about("state", options, point)...)
	switch {
	case ok && doc.Events > 0:
		return doc.State
	case !ok && !strings.HasSuffix(point, "@0"):
		d.t.Errorf("%s has no state", point)
	}
	return json.RawMessage("{}")
}

// flipExpressions are conditions, in the language of bisect and in that of jq.
var flipExpressions = map[string]string{
	"state.due == 1": ".state.due == 1", "state.city == \"paid\"": ".state.city == \"paid\"", "state.due != null": ".state.due != null", "state.a.b == true": "(.state.a|type)==\"object\" and .state.a.b == true",
	"state.due < 2": "(.state.due|type)==\"number\" and .state.due < 2", "state.items == []": ".state.items == []",
}

// bisectFindsEveryFlip compares the flips with what a condition is in each state.
func (d *differ) bisectFindsEveryFlip(target string) {
	d.t.Helper()
	expression := oneOf(d.r, slices.Sorted(maps.Keys(flipExpressions)))
	found, ok := d.ask(about("bisect", []string{"--all", "--expr", expression}, target)...)
	if !ok {
		return
	}
	last, _ := d.ask(about("state", nil, target)...)
	if last.Version > 40 {
		return
	}
	var want, got []string
	held := "false"
	for v := uint64(1); v <= last.Version; v++ {
		line := []string{"state", "--jq", flipExpressions[expression] + `,.position`, "--", fmt.Sprintf("%s@%d", target, v)}
		holds, position, _ := strings.Cut(d.run(d.differStore.dir, line...).Stdout, "\n")
		if holds != held {
			want = append(want, strings.TrimSpace(position)+" "+holds)
			held = holds
		}
	}
	for _, it := range found.Items {
		got = append(got, fmt.Sprintf("%d %s", it.Position, it.To))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("%s: -states +bisect\n%s", shown(about("bisect --all --expr "+expression, nil, target)), diff)
	}
}

// pointsAreTheirEvents asks several commands what one address is.
func (d *differ) pointsAreTheirEvents(target string) {
	d.t.Helper()
	point, _ := d.points(target)
	event, ok := d.ask(about("show", nil, point)...)
	if !ok {
		return
	}
	parsed, _ := d.ask(about("rev-parse", nil, point)...)
	log, _ := d.ask(about("log", []string{"-n1"}, point)...)
	traced, _ := d.ask(about("trace", []string{"--depth", "1"}, point)...)
	traced.Items = slices.DeleteFunc(traced.Items, func(it relItem) bool { return it.Position != event.Items[0].Position })
	for verb, doc := range map[string]relDoc{"rev-parse": parsed, "log -n1": log, "trace": traced} {
		if len(doc.Items) != 1 || doc.Items[0].Position != event.Items[0].Position {
			d.t.Errorf("show %s: %d; %s: %+v", point, event.Items[0].Position, verb, doc.Items)
		}
	}
}

// timesAgree asks about the past in several ways.
func (d *differ) timesAgree(target string) {
	d.t.Helper()
	p := strconv.Itoa(1 + d.r.IntN(int(d.head)))
	options := []string{"--known-at", p}
	at := append([]string{"at", "--json", "--", p}, target)
	state := about("state", options, target)
	if a, b := d.run(d.differStore.dir, at...), d.run(d.differStore.dir, state...); !cmp.Equal(a, b) {
		d.t.Errorf("%s: -at +state\n%s", shown(state), cmp.Diff(a, b))
	}
	if !d.plain {
		return
	}
	when := d.time()
	for _, verb := range []string{"state", "blame", "log"} {
		known, ok := d.ask(about(verb, []string{"--known-at", when}, target)...)
		effective, effectiveOK := d.ask(about(verb, []string{"--effective-at", when}, target)...)
		if !ok && effectiveOK && effective.Events == 0 {
			continue
		}
		known.Version, effective.Version = 0, 0 // all versions are known at any effective time
		if diff := cmp.Diff(known, effective); diff != "" || ok != effectiveOK {
			d.t.Errorf("%s %s at %s: %v, %v; -known +effective\n%s", verb, target, when, ok, effectiveOK, diff)
		}
	}
}

// numbersAreBeginnings compares a log of a few events with the whole.
func (d *differ) numbersAreBeginnings() {
	d.t.Helper()
	line := []string{"log", "--json"}
	d.may(&line, 3, "-p")
	if d.r.IntN(4) == 0 {
		line = append(line, "-S", d.path())
	}
	d.may(&line, 3, "--effective-at", d.time())
	d.choose(&line)
	d.may(&line, 4, "--author", "a")
	d.may(&line, 4, "--grep", "due")
	stat := !slices.Contains(line, "-p") && !slices.Contains(line, "--effective-at") && d.r.IntN(4) == 0
	if stat {
		line = append(line, "--stat")
	}
	target := d.target()
	k := d.r.IntN(6)
	of := func(options ...string) []string { return slices.Concat(line, options, []string{"--"}, target) }
	all, ok := d.ask(of()...)
	few, fewOK := d.ask(of("-n", strconv.Itoa(k))...)
	reversed, reversedOK := d.ask(of("-n", strconv.Itoa(k), "--reverse")...)
	if ok != fewOK || ok != reversedOK {
		d.t.Errorf("%s: %v; -n %d: %v, --reverse %v", shown(of()), ok, k, fewOK, reversedOK)
		return
	}
	want := all.Items[:min(k, len(all.Items))]
	if diff := cmp.Diff(slices.Clip(want), few.Items, cmp.Transformer("", jsonOf[relItem])); diff != "" && len(want) > 0 || len(few.Items) != len(want) {
		d.t.Errorf("%s: -all +few\n%s", shown(of("-n", strconv.Itoa(k))), diff)
	}
	slices.Reverse(reversed.Items)
	if diff := cmp.Diff(few.Items, reversed.Items, cmp.Transformer("", jsonOf[relItem])); diff != "" && len(want) > 0 || len(reversed.Items) != len(want) {
		d.t.Errorf("%s: -few +reversed\n%s", shown(of("-n", strconv.Itoa(k), "--reverse")), diff)
	}
}

func jsonOf[T any](v T) string {
	b, _ := json.Marshal(v) // it came from JSON
	return string(b)
}

// knownAtTheHead asks anything with and without a bound at the head.
func (d *differ) knownAtTheHead() {
	d.t.Helper()
	line := d.line()
	if strings.HasPrefix(line[0], "__") || line[0] == "export" || line[0] == "check" || slices.Contains(line, "--known-at") || line[0] == "at" || !slices.Contains(line, "--json") {
		return
	}
	plain := d.run(d.differStore.dir, line...)
	bound := d.run(d.differStore.dir, append([]string{line[0], "--known-at", strconv.FormatUint(uint64(d.head), 10)}, line[1:]...)...)
	bound.Stdout = strings.Replace(bound.Stdout, fmt.Sprintf(`,"knownAt":%d`, d.head), "", 1)
	if diff := cmp.Diff(plain, bound); diff != "" {
		d.t.Errorf("%s: -now +at the head\n%s", shown(line), diff)
	}
}

// countsAgree counts the same in several ways.
func (d *differ) countsAgree() {
	d.t.Helper()
	stats, ok := d.ask("stats", "--json")
	types, typesOK := d.ask("types", "--json")
	log, logOK := d.ask("log", "--json")
	streams, streamsOK := d.ask("streams", "--json")
	if !ok || !typesOK || !logOK || !streamsOK {
		d.t.Error("the store cannot be counted")
	}
	total := uint64(0)
	for _, it := range types.Items {
		total += it.Events
	}
	if n := uint64(len(log.Items)); n != stats.Events || total != n {
		d.t.Errorf("log has %d events, stats %d, types %d", n, stats.Events, total)
	}
	last := map[string]relItem{}
	for _, it := range log.Items {
		if _, seen := last[it.Stream]; !seen && it.Stream != "" {
			last[it.Stream] = it
		}
	}
	if d.first == 1 && uint64(len(last)) != stats.Streams || d.first == 1 && len(streams.Items) != len(last) {
		d.t.Errorf("log has %d streams, stats %d, streams %d", len(last), stats.Streams, len(streams.Items))
	}
	for _, s := range streams.Items {
		if of, there := last[s.Stream]; there && (of.Version != s.Version || of.Position != s.LastPosition) {
			d.t.Errorf("%q: log says %d at %d, streams %d at %d", s.Stream, of.Version, of.Position, s.Version, s.LastPosition)
		}
	}
	for _, by := range []string{"type", "stream", "author", "day"} {
		counted, _ := d.ask("shortlog", "--json", "--by", by)
		n := uint64(0)
		for _, it := range counted.Items {
			n += it.Events
		}
		if n != stats.Events {
			d.t.Errorf("shortlog --by %s counts %d, stats %d", by, n, stats.Events)
		}
	}
	if patched, ok := d.ask("log", "-p", "--json"); ok && d.first == 1 {
		late, isLate := uint64(0), d.late()
		for _, it := range patched.Items {
			if it.Late {
				late++
			}
			if it.Late != isLate[it.Position] {
				d.t.Errorf("log -p says that position %d is late: %v", it.Position, it.Late)
			}
		}
		if found, _ := d.ask("bisect", "--all", "--json", "--expr", "event.version > 0 && event.version != 2"); slices.ContainsFunc(found.Items, func(it relItem) bool { return it.Late != isLate[it.Position] }) {
			d.t.Errorf("bisect says otherwise which events are late: %+v", found.Items)
		}
		if late != stats.Late {
			d.t.Errorf("log -p has %d late events, stats %d: %.3000s", late, stats.Late, d.run(d.differStore.dir, "log", "-p", "--json").Stdout)
		}
	}
}

// late are the positions of events that took effect before an earlier one of their stream.
func (d *differ) late() map[uint64]bool {
	out, latest := map[uint64]bool{}, map[string]time.Time{}
	for i := range d.events {
		r := &d.events[i]
		if r.Effective().Before(latest[r.Stream]) {
			out[uint64(r.Position)] = r.Stream != ""
			continue
		}
		latest[r.Stream] = r.Effective()
	}
	return out
}

// listsList compares the lists of streams and of types, now and in the past, with what a plain loop counts.
func (d *differ) listsList() {
	d.t.Helper()
	past, prefix, after, limit := oneOf(d.r, d.events), oneOf(d.r, []string{"", "", "order-", "c", "é"}), "", 100
	if d.r.IntN(2) == 0 {
		after = oneOf(d.r, d.names)
	}
	if d.r.IntN(2) == 0 {
		limit = 1 + d.r.IntN(5)
	}
	options := []string{"--json"}
	if d.r.IntN(2) == 0 {
		options = append(options, "--known-at", strconv.FormatUint(uint64(past.Position), 10))
	} else {
		past = d.events[len(d.events)-1]
	}
	streams, types := map[string]uint64{}, map[string]uint64{}
	for i := range d.events {
		if r := &d.events[i]; r.Commit <= past.Position && !store.IsSystem(r.Stream) {
			types[r.Type]++
			if strings.HasPrefix(r.Stream, prefix) && r.Stream > after && r.Stream != "" {
				streams[r.Stream] = r.Version
			}
		}
	}
	names := sortedNames(streams)
	names = names[:min(limit, len(names))]
	list, _ := d.ask(append([]string{"streams", "--prefix", prefix, "--after", after, "--limit", strconv.Itoa(limit)}, options...)...)
	var got []string
	for _, it := range list.Items {
		if got = append(got, it.Stream); it.Version != streams[it.Stream] {
			d.t.Errorf("streams %q: %q has the version %d, want %d", options, it.Stream, it.Version, streams[it.Stream])
		}
	}
	if !slices.Equal(names, got) {
		d.t.Errorf("streams %q with prefix %q after %q, %d: %q, want %q", options, prefix, after, limit, got, names)
	}
	counted, _ := d.ask(append([]string{"types"}, options...)...)
	got = nil
	for _, it := range counted.Items {
		if got = append(got, it.Type); it.Events != types[it.Type] {
			d.t.Errorf("types %q: %q has %d events, want %d", options, it.Type, it.Events, types[it.Type])
		}
	}
	if want := sortedNames(types); !slices.Equal(want, got) {
		d.t.Errorf("types %q: %q, want %q", options, got, want)
	}
}
