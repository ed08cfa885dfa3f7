package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	diffs "github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// What is said of a whole store is what is said of each of its streams.
func TestDifferentialWhole(t *testing.T) {
	rounds, _, first := differRounds(t)
	for i := range rounds {
		t.Run(strconv.FormatUint(first+uint64(i), 10), func(t *testing.T) {
			d := newDiffer(t, 4000+first+uint64(i))
			d.exact = true
			for range 10 {
				d.filtersFilter()
			}
			if d.first > 1 { // streams that lost events have no states
				return
			}
			for range 3 {
				options := []string{}
				d.may(&options, 6, "--reducer", "fold.js")
				d.may(&options, 4, "--array-key", "sku")
				effective := slices.Clone(options)
				d.may(&effective, 3, "--effective-at", d.time())
				d.sumOfStreams(append([]string{"bisect", "--all", "--expr", oneOf(d.r, differConditions[:8])}, effective...))
				d.may(&options, 2, "--path", d.path())
				d.sumOfStreams(append([]string{"log", "-p", "--reverse"}, options...))
				d.sumOfStreams([]string{"log", "--reverse", "-S", d.path()})
				d.differencesOfStreams(effective)
			}
		})
	}
}

// item is one of a list, as it is written.
type item struct {
	Position store.Position
	Stream   string
	text     string
}

func (d *differ) items(line []string) (items []item, ok bool) {
	d.t.Helper()
	got := d.run(d.differStore.dir, line...)
	if got.Code != exitOK {
		return nil, false
	}
	var doc struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(got.Stdout), &doc); err != nil {
		d.t.Fatalf("%s: %v: %s", shown(line), err, got.Stdout)
	}
	for _, raw := range doc.Items {
		it := item{text: string(raw)}
		if err := json.Unmarshal(raw, &it); err != nil {
			d.t.Fatal(err)
		}
		items = append(items, it)
	}
	return items, true
}

func texts(items []item) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].text
	}
	return out
}

// sumOfStreams asks a question about the store and about each of its streams.
func (d *differ) sumOfStreams(line []string) {
	d.t.Helper()
	line = append(line, "--json")
	whole, ok := d.items(line)
	if !ok {
		return
	}
	whole = slices.DeleteFunc(whole, func(it item) bool { return it.Stream == "" })
	var sum []item
	for _, name := range d.names {
		of, _ := d.items(append(slices.Clone(line), "--", name))
		sum = append(sum, of...)
	}
	slices.SortFunc(sum, func(a, b item) int { return cmp.Compare(a.Position, b.Position) })
	if diff := diffs.Diff(texts(sum), texts(whole)); diff != "" {
		d.t.Errorf("%s: -each stream +store\n%s", shown(line), diff)
	}
}

// differencesOfStreams compares two points of the store, and the same points of each stream.
func (d *differ) differencesOfStreams(options []string) {
	d.t.Helper()
	from, to := d.commitEnd(), d.commitEnd()
	if from > to {
		from, to = to, from
	}
	line := append(append([]string{"diff", "--json"}, options...), fmt.Sprintf("%d..%d", from, to))
	whole, ok := d.items(line)
	if !ok {
		return
	}
	var sum []item
	for _, name := range d.names {
		at := func(p store.Position) (version int) {
			for i := range d.events {
				if d.events[i].Stream == name && d.events[i].Position <= p {
					version++
				}
			}
			return version
		}
		if at(from) < at(to) {
			quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
			of, _ := d.items(append(append([]string{"diff", "--json"}, options...), "--", fmt.Sprintf("%s@%d..%d", quoted, at(from), at(to))))
			sum = append(sum, of...)
		}
	}
	if diff := diffs.Diff(texts(sum), texts(whole)); diff != "" {
		d.t.Errorf("%s: -each stream +store\n%s", shown(line), diff)
	}
}

// commitEnd is the position of a last event of a commit, or 0.
func (d *differ) commitEnd() store.Position {
	i := d.r.IntN(len(d.events))
	for i+1 < len(d.events) && d.events[i+1].Commit == d.events[i].Commit {
		i++
	}
	if d.r.IntN(6) == 0 {
		return 0
	}
	return d.events[i].Position
}

// filtersFilter compares what flags choose with what a plain loop does.
func (d *differ) filtersFilter() {
	d.t.Helper()
	line, keep := []string{"log", "--json", "--reverse"}, []func(*store.Recorded) bool{}
	with := func(chance int, keeps func(*store.Recorded) bool, args ...string) {
		if d.r.IntN(chance) == 0 {
			line, keep = append(line, args...), append(keep, keeps)
		}
	}
	e := oneOf(d.r, d.events)
	since, until := e.RecordedAt, oneOf(d.r, d.events).RecordedAt
	tag, text := oneOf(d.r, differTags), oneOf(d.r, []string{"ada", "^$", "b"})
	with(3, func(r *store.Recorded) bool { return r.Type == "Set" || r.Type == "Moved" }, "--type", "Set,Moved")
	with(4, func(r *store.Recorded) bool { return slices.Contains(r.Tags, tag) }, "--tag", tag)
	with(4, func(r *store.Recorded) bool { return !r.RecordedAt.Before(since) }, "--since", since.Format(time.RFC3339Nano))
	with(4, func(r *store.Recorded) bool { return !r.RecordedAt.After(until) }, "--until", until.Format(time.RFC3339Nano))
	with(4, func(r *store.Recorded) bool { return r.Commit <= e.Position }, "--known-at", strconv.FormatUint(uint64(e.Position), 10))
	with(4, func(r *store.Recorded) bool { return regexp.MustCompile(text).MatchString(history.Actor(r)) }, "--author", text)
	with(4, func(r *store.Recorded) bool {
		return store.Category(r.Stream) == "order" || r.Stream == e.Stream && r.Type == e.Type
	}, "--query",
		eventjson.FormatQuery(store.Query{{Category: "order"}, {Stream: e.Stream, Types: []string{e.Type}}}))
	if e.Stream == "" || store.IsSystem(e.Stream) { // it would be everything of the type
		return
	}
	if d.r.IntN(3) == 0 {
		line = append(line, "--", e.Stream)
		keep = append(keep, func(r *store.Recorded) bool { return r.Stream == e.Stream })
	}
	var want []string
	for i := range d.events {
		r := &d.events[i]
		if !store.IsSystem(r.Stream) && !slices.ContainsFunc(keep, func(k func(*store.Recorded) bool) bool { return !k(r) }) {
			want = append(want, string(eventjson.AppendEvent(nil, r)))
		}
	}
	got, ok := d.items(line)
	if diff := diffs.Diff(want, texts(got)); ok && diff != "" && len(want)+len(got) > 0 {
		d.t.Errorf("%s: -loop +log\n%s", shown(line), diff)
	} else if !ok && d.first == 1 {
		d.t.Errorf("%s: %s", shown(line), d.run(d.differStore.dir, line...).Stderr)
	}
}
