package disk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// closed is a store that was closed cleanly, with what was in it.
type closed struct {
	t    testing.TB
	w    *world
	disk *simfs.FS
	o    disk.Options
	p    promise
}

// closedStore makes a store with everything that a store can have, in a few small segments: keys, tracking, commits without events, all parts
// of an event, erased payloads, and index files of two tiers. A truncated one also has lost its beginning.
func closedStore(t testing.TB, truncated bool) *closed {
	t.Helper()
	w := newWorld(t, 1, disk.Options{})
	must(t, w.open())
	full := store.Event{
		ID: "00000000-0000-4000-8000-000000000001", Stream: "a-1", Type: "Full", SchemaVersion: 3, ContentType: "text/plain",
		Tags: []string{"tag:1", "tag:2"}, Data: []byte("secret-full-data"), Metadata: []byte(`{"actor":"ada"}`), EffectiveAt: time.UnixMicro(5).UTC(),
	}
	for n := range 4 {
		must(t, w.send(store.Commit{Events: []store.Event{full, {Type: "Bare"}}, Key: fmt.Sprint("key-", n), Tracking: w.track()}))
		must(t, w.send(store.Commit{Tracking: w.track()}))
		must(t, w.send(store.Commit{Events: []store.Event{full}}))
		must(t, w.erase(w.h.head-2)) // the first of the full ones; this closes the segment
	}
	must(t, w.send(w.small()))
	if truncated {
		must(t, w.truncate(w.h.head/3))
		if w.p.first == 1 {
			t.Fatal("nothing was truncated")
		}
		must(t, w.send(w.small()))
	}
	must(t, w.close())
	must(t, disk.RebuildIndex(dir, w.opts))
	c := &closed{t: t, w: w, disk: w.disk.CrashBest(), o: w.afterCrash(), p: w.promised()}
	if indexes, _ := c.disk.ReadDir(dir + "/index"); len(indexes) < 2 {
		t.Fatalf("the store has files %v", c.disk.Files())
	}
	return c
}

// image returns a copy of the store to be damaged, and the options to open it with.
func (c *closed) image() (*simfs.FS, disk.Options) {
	img := c.disk.CrashBest()
	o := c.o
	o.FS = img
	return img, o
}

// check runs Check on an image, which must not change it.
func (c *closed) check(img *simfs.FS, o disk.Options) (store.CheckReport, error) {
	before := filesOf(img)
	report, err := disk.Check(context.Background(), dir, o, store.CheckOptions{})
	if changed := unchanged(before, filesOf(img)); changed != nil {
		c.t.Errorf("check: %v", changed)
	}
	return report, err
}

// read opens a damaged store and reads everything in every way: each answer is right, or damage. It returns the error of Open.
func (c *closed) read(o disk.Options) error {
	s, err := disk.Open(dir, o)
	if err != nil {
		return err
	}
	defer func() {
		if err := s.Close(); err != nil {
			c.t.Errorf("close: %v", err)
		}
	}()
	for _, wrong := range c.answers(s) {
		if wrong != nil && !errors.Is(wrong, store.ErrDamaged) {
			c.t.Errorf("read: %v", wrong)
		}
	}
	return nil
}

// answers returns what is wrong with the answers of a store, one for each question.
func (c *closed) answers(s *disk.Store) []error {
	_, first, err := c.p.content(s)
	if err != nil && errors.Is(err, store.ErrDamaged) {
		first = c.p.first
	}
	v := view{s: s, all: c.p.commits, left: from(after(c.p.commits), c.p.first), first: c.p.first}
	wrong := []error{err, compareTracked(s, c.p.commits)}
	if first != c.p.first {
		wrong = append(wrong, fmt.Errorf("the log begins at %d, not %d", first, c.p.first))
	}
	events := eventsOf(v.left)
	for i := range events {
		e := &events[i]
		for _, it := range []store.Item{{Stream: e.Stream}, {Category: store.Category(e.Stream)}, {Types: []string{e.Type}}, {Tags: e.Tags}} {
			wrong = append(wrong, v.query(events, store.Query{it}, store.ReadOptions{After: v.first - 1}))
		}
		one, err := readAll(s, nil, store.ReadOptions{After: e.Position - 1, Until: e.Position})
		if err == nil && (len(one) != 1 || !reflect.DeepEqual(one[0], *e)) {
			err = fmt.Errorf("position %d is %+v, want %+v", e.Position, one, *e)
		}
		wrong = append(wrong, err)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	return append(wrong, v.keys(rnd), v.streams(rnd), v.types(rnd), v.ids(rnd))
}

// bits returns some bits of a file, spread over all of it: one in so many, each byte's turn as good as another's.
func bits(size, oneIn int, rnd *rand.Rand) []int64 {
	var out []int64
	for bit := rnd.IntN(oneIn); bit < size*8; bit += 1 + rnd.IntN(2*oneIn-1) {
		out = append(out, int64(bit))
	}
	return out
}

// oneIn is how many bits are left out for one that is flipped.
func oneIn(t testing.TB, few int) int {
	t.Helper()
	return max(1, few/int(seeds(t, 1)))
}

// named returns the names of the files of a store that match a pattern.
func (c *closed) named(pattern string) []string {
	names := slices.DeleteFunc(c.disk.Files(), func(name string) bool {
		ok, err := path.Match(dir+"/"+pattern, name)
		return err != nil || !ok
	})
	if len(names) == 0 {
		c.t.Fatalf("no file %s", pattern)
	}
	return names
}

// relative returns the name of a file as reports have it.
func relative(name string) string { return strings.TrimPrefix(name, dir+"/") }

// TestDamageNoneWhereTrackingWasTruncated has an index file that begins with a commit without events, in a segment that is truncated away: by
// positions it covers nothing that is gone.
func TestDamageNoneWhereTrackingWasTruncated(t *testing.T) {
	w := newWorld(t, 1, disk.Options{SegmentBytes: 8192, NoMerge: true})
	must(t, w.open())
	half := w.small()
	half.Events = half.Events[:1]
	half.Events[0].Data = append(half.Events[0].Data, strings.Repeat("w", 4200)...)
	half.Key = ""
	must(t, w.send(half))
	must(t, w.send(store.Commit{Tracking: &store.Tracking{Source: "left", Position: 7}}))
	for range 4 {
		must(t, w.send(half))
	}
	must(t, w.close())
	must(t, disk.RebuildIndex(dir, w.opts))
	must(t, w.open())
	must(t, w.truncate(1))
	if w.p.first != 2 {
		t.Fatalf("the log begins at %d", w.p.first)
	}
	p := w.promised()
	if _, err := p.verify(w.disk.CrashWorst(), w.afterCrash(), w.rnd); err != nil {
		t.Error(err)
	}
	must(t, w.close())
}
