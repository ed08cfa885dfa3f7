package disk_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// choice decides what is looked at where not everything is.
type choice interface{ IntN(n int) int }

// view compares the answers of a store with the commits that it must have.
type view struct {
	s     *disk.Store
	all   []store.RecordedCommit // that ever were, truncated ones too
	left  []store.RecordedCommit // that are left, as they are now
	first store.Position
}

func (v *view) compare(rnd choice) error {
	for _, compare := range []func(choice) error{v.queries, v.keys, v.streams, v.types, v.ids} {
		if err := compare(rnd); err != nil {
			return err
		}
	}
	return nil
}

// queries compares some reads, in both directions.
func (v *view) queries(rnd choice) error {
	events := eventsOf(v.left)
	var head store.Position
	for _, c := range v.all {
		for i := range c.Events {
			head = c.Events[i].Position
		}
	}
	if got, err := v.s.Head(context.Background()); err != nil || got != head {
		return errors.Join(err, fmt.Errorf("the head is %d, want %d", got, head))
	}
	queries := []store.Query{nil}
	if len(events) > 0 {
		for range 3 {
			queries = append(queries, randomQuery(rnd, &events[rnd.IntN(len(events))]))
		}
	}
	for _, q := range queries {
		o := store.ReadOptions{After: v.first - 1}
		if len(events) > 0 && rnd.IntN(2) == 0 {
			o.After = events[rnd.IntN(len(events))].Position - 1
			o.AsOf = events[rnd.IntN(len(events))].RecordedAt
		}
		if err := v.query(events, q, o); err != nil {
			return err
		}
	}
	return nil
}

// randomQuery makes up a query that an event matches.
func randomQuery(rnd choice, e *store.Recorded) store.Query {
	it := store.Item{}
	if rnd.IntN(2) == 0 {
		it.Stream = e.Stream
	}
	if rnd.IntN(2) == 0 {
		it.Category = store.Category(e.Stream)
	}
	if rnd.IntN(2) == 0 {
		it.Types = []string{e.Type, "None"}
	}
	if rnd.IntN(2) == 0 && len(e.Tags) > 0 {
		it.Tags = []string{e.Tags[rnd.IntN(len(e.Tags))]}
	}
	return store.Query{it}
}

func (v *view) query(events []store.Recorded, q store.Query, o store.ReadOptions) error {
	var want []store.Recorded
	for _, e := range events {
		if q.Matches(&e.Event) && e.Position > o.After && (o.AsOf.IsZero() || !e.RecordedAt.After(o.AsOf)) {
			want = append(want, e)
		}
	}
	for _, backward := range []bool{false, true} {
		o.Backward = backward
		got, err := readAll(v.s, q, o)
		if err != nil {
			return fmt.Errorf("read %+v with %+v: %w", q, o, err)
		}
		if len(want)+len(got) > 0 && !reflect.DeepEqual(want, got) {
			return fmt.Errorf("read %+v with %+v (-want +got):\n%.2000s", q, o, cmp.Diff(want, got))
		}
		slices.Reverse(want)
	}
	return nil
}

// readAll returns what a read yields, and the error with which it ends.
func readAll(s store.Store, q store.Query, o store.ReadOptions) ([]store.Recorded, error) {
	var out []store.Recorded
	for r, err := range s.Read(context.Background(), q, o) {
		if err != nil {
			return out, err
		}
		if r.Stream == store.ErasureStream {
			r.Data = nil
		}
		out = append(out, r)
	}
	return out, nil
}

// keys looks up every key, and repeats one commit.
func (v *view) keys(rnd choice) error {
	there := map[string]bool{}
	var keyed []store.RecordedCommit
	for _, c := range v.left {
		if c.Key == "" {
			continue
		}
		there[c.Key] = true
		if c.Events[len(c.Events)-1].Stream != store.ErasureStream { // that can be restored, but not appended
			keyed = append(keyed, c)
		}
		want := resultOf(&c)
		want.Duplicate = true
		if got, err := v.s.Lookup(context.Background(), c.Key); err != nil || !sameResult(want, got) {
			return errors.Join(err, fmt.Errorf("key %q answers %+v, want %+v", c.Key, got, want))
		}
	}
	for _, key := range append([]string{"never"}, keysOf(v.all)...) {
		if there[key] {
			continue
		}
		if got, err := v.s.Lookup(context.Background(), key); !errors.Is(err, store.ErrNotFound) {
			return errors.Join(err, fmt.Errorf("key %q, which is not there, answers %+v", key, got))
		}
	}
	if len(keyed) == 0 {
		return nil
	}
	c := keyed[rnd.IntN(len(keyed))]
	repeat := store.Commit{Key: c.Key, Guards: []store.Guard{store.StreamAt{Stream: "never", Version: 7}}}
	for i := range c.Events {
		repeat.Events = append(repeat.Events, c.Events[i].Event)
	}
	got, err := v.s.Append(context.Background(), repeat)
	if want := resultOf(&c); err != nil || !got.Duplicate || got.First != want.First || got.Last != want.Last {
		return errors.Join(err, fmt.Errorf("repeating key %q answers %+v, want %+v", c.Key, got, want))
	}
	return nil
}

func keysOf(commits []store.RecordedCommit) []string {
	var out []string
	for i := range commits {
		if commits[i].Key != "" {
			out = append(out, commits[i].Key)
		}
	}
	return out
}

// streams compares the list of streams, which has truncated ones too.
func (v *view) streams(choice) error {
	want := map[string]store.StreamInfo{}
	for _, e := range eventsOf(v.all) {
		if e.Stream != "" {
			want[e.Stream] = store.StreamInfo{Stream: e.Stream, Version: e.Version, LastPosition: e.Position, LastRecordedAt: e.RecordedAt}
		}
	}
	var got []store.StreamInfo
	for info, err := range v.s.Streams(context.Background(), store.StreamsOptions{}) {
		if err != nil {
			return fmt.Errorf("list streams: %w", err)
		}
		got = append(got, info)
	}
	var sorted []store.StreamInfo
	for _, name := range slices.Sorted(maps.Keys(want)) {
		sorted = append(sorted, want[name])
	}
	if len(sorted)+len(got) > 0 && !reflect.DeepEqual(sorted, got) {
		return fmt.Errorf("streams (-want +got):\n%.2000s", cmp.Diff(sorted, got))
	}
	return nil
}

// types compares the list of types, where nothing was truncated.
func (v *view) types(choice) error {
	if v.first > 1 {
		return nil
	}
	want, got := map[string]uint64{}, map[string]uint64{}
	for _, e := range eventsOf(v.left) {
		want[e.Type]++
	}
	for info, err := range v.s.Types(context.Background()) {
		if err != nil {
			return fmt.Errorf("list types: %w", err)
		}
		got[info.Type] = info.Events
	}
	if !maps.Equal(want, got) {
		return fmt.Errorf("types (-want +got):\n%s", cmp.Diff(want, got))
	}
	return nil
}

// ids looks up one id.
func (v *view) ids(rnd choice) error {
	byID := map[string][]store.Recorded{}
	for _, e := range eventsOf(v.left) {
		if e.ID != "" {
			byID[e.ID] = append(byID[e.ID], e)
		}
	}
	if len(byID) == 0 {
		return nil
	}
	id := slices.Sorted(maps.Keys(byID))[rnd.IntN(len(byID))]
	var got []store.Recorded
	for r, err := range v.s.ByID(context.Background(), id) {
		if err != nil {
			return fmt.Errorf("look up id %s: %w", id, err)
		}
		got = append(got, r)
	}
	if !reflect.DeepEqual(byID[id], got) {
		return fmt.Errorf("id %s (-want +got):\n%.2000s", id, cmp.Diff(byID[id], got))
	}
	return nil
}
