package disk_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// Two names that have the same hash in an index with this seed.
const (
	alikeSeed = 7
	alikeOne  = "a-e1acc6202472"
	alikeTwo  = "a-1dda99591ffb"
)

// seeded returns the rig of a store that has a seed, with the store open and nothing in it.
func (r *rig) seeded(seed uint64) *rig {
	r.t.Helper()
	after := r.closed()
	name := dir + "/gesta.json"
	raw, err := after.disk.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	raw = regexp.MustCompile(`"seed":"[0-9a-f]*"`).ReplaceAll(raw, fmt.Appendf(nil, `"seed":"%016x"`, seed))
	if err := after.disk.WriteFile(name, raw); err != nil {
		r.t.Fatal(err)
	}
	after.open()
	return after
}

// TestGuaranteeEqualHashes has streams whose names the index cannot tell apart: each keeps its own version.
func TestGuaranteeEqualHashes(t *testing.T) {
	if one, two := index.StreamHash(alikeSeed, alikeOne), index.StreamHash(alikeSeed, alikeTwo); one != two {
		t.Fatalf("the hashes are %012x and %012x", one, two)
	}
	for _, where := range []string{"tables", "files"} {
		t.Run("in "+where, func(t *testing.T) {
			o := disk.Options{}
			if where == "files" {
				o = disk.Options{SegmentBytes: 4096, IndexBytes: 4096, NoMerge: true}
			}
			r := newRig(t, o).seeded(alikeSeed)
			for i := range 3 {
				r.add(wideEvent(alikeOne, fmt.Sprint(i), 1500))
			}
			r.wantConflict(alikeTwo, 3)
			r.add(withGuards(wideEvent(alikeTwo, "first", 1500), store.StreamAt{Stream: alikeTwo}))
			for i := range 4 {
				r.add(wideEvent("other", fmt.Sprint(i), 1500))
			}
			if where == "files" {
				r.closed().open() // writes the index of sealed segments if the store before has not come to it
				r = r.found(r.disk.CrashBest())
				r.open()
				if !hasIndex(r) {
					t.Fatal("there are no index files")
				}
			}
			r.wantConflict(alikeOne, 1)
			r.wantConflict(alikeTwo, 3)
			c := oneEvent(alikeOne, "next")
			c.Events = append(c.Events, oneEvent("new", "first").Events[0], oneEvent(alikeTwo, "next").Events[0], oneEvent("other", "next").Events[0])
			res := r.add(withGuards(c, store.StreamAt{Stream: alikeOne, Version: 3}, store.StreamAt{Stream: alikeTwo, Version: 1}, store.StreamAt{Stream: "new"}))
			for i, want := range []uint64{4, 1, 2, 5} {
				if got := res.Versions[i]; got.Version != want {
					t.Errorf("the commit left %s at version %d, want %d", got.Stream, got.Version, want)
				}
			}
		})
	}
}

// wantConflict appends to a stream as if it were at a version, which it is not.
func (r *rig) wantConflict(stream string, version uint64) {
	r.t.Helper()
	c := withGuards(oneEvent(stream, "wrong"), store.StreamAt{Stream: stream, Version: version})
	if _, err := r.s.Append(r.t.Context(), c); !errors.Is(err, store.ErrConflict) {
		r.t.Errorf("append to %s at version %d: %v, want a conflict", stream, version, err)
	}
}
