package disk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// TestGuaranteeReadsAreVerified flips a bit under a store that is open: every read that would show it is an error.
func TestGuaranteeReadsAreVerified(t *testing.T) {
	queries := map[string]store.Query{"everything": nil, "one stream": {{Stream: "a-1"}}}
	for _, spoilt := range []string{"payload", "seat:7"} {
		for name, q := range queries {
			t.Run(spoilt+" "+name, func(t *testing.T) {
				r := newRig(t, disk.Options{})
				r.add(oneEvent("a-1", "payload", "seat:7"))
				r.spoil(firstSegment, spoilt)
				if got, err := readAll(r.s, q, store.ReadOptions{}); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("reading yields %+v, %v; want damage", got, err)
				}
			})
		}
	}
}

// TestGuaranteeFollowerMissesNothing appends between what a follower has read and its wait for more.
func TestGuaranteeFollowerMissesNothing(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	appended := false
	o := store.ReadOptions{Follow: true, Until: 2, Progress: func(p store.Position, live bool) {
		if p == 1 && live && !appended {
			appended = true
			r.add(oneEvent("a-1", "second"))
		}
	}}
	n := 0
	for _, err := range r.s.Read(ctx, nil, o) {
		if err != nil {
			t.Fatalf("after %d events: %v", n, err)
		}
		n++
	}
	if n != 2 || !appended {
		t.Errorf("followed %d events, want 2", n)
	}
}

// TestGuaranteeBackwardReachesItsBound reads backward from each event, among them those with which parts of the index begin.
func TestGuaranteeBackwardReachesItsBound(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096, NoMerge: true})
	for i := range 12 {
		r.add(wideEvent("a-1", fmt.Sprint(i), 1000))
	}
	for until := store.Position(1); until <= 12; until++ {
		got, err := readAll(r.s, store.Query{{Stream: "a-1"}}, store.ReadOptions{Until: until, Backward: true, Limit: 1})
		if err != nil || len(got) != 1 || got[0].Position != until {
			t.Errorf("reading backward from %d yields %+v, %v", until, got, err)
		}
	}
}
