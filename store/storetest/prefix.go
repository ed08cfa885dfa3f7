package storetest

import (
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// unfit are ways to make a recorded commit one that the store in hand refuses, though another might take it.
var unfit = map[string]func(c *store.RecordedCommit){
	"a version too high": func(c *store.RecordedCommit) { c.Events[0].Version += 5 },
	"a version again":    func(c *store.RecordedCommit) { c.Events[0].Version = 1 },
	"a key again":        func(c *store.RecordedCommit) { c.Key = prefixKey },
	"tracking again":     func(c *store.RecordedCommit) { c.Tracking = &store.Tracking{Source: "s", Position: 1} },
	"a time before":      func(c *store.RecordedCommit) { c.RecordedAt = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) },
	"a position again": func(c *store.RecordedCommit) {
		for i := range c.Events {
			c.Events[i].Position, c.Events[i].Commit = store.Position(i+1), 1
		}
	},
}

const prefixKey = "k0"

// restorePrefix restores commits of which one in the middle does not fit: those before it are there then, and none of
// those behind, so that the rest can be restored from where the store ends.
func restorePrefix(t *testing.T, h Harness) {
	const commits, bad = 60, 30
	from := h.open(t)
	for i := range commits {
		c := store.Commit{Events: numbered(1+i%3, "a-1", "T"), Tracking: &store.Tracking{Source: "s", Position: uint64(i + 1)}}
		if i == 0 {
			c.Key = prefixKey
		}
		if i > bad { // which rests on nothing of the one that is refused
			c.Events = numbered(1, "", "T")
		}
		commit(t, from, c)
	}
	for name, spoil := range unfit {
		t.Run(name, func(t *testing.T) {
			to := h.open(t)
			list := dump(t, from)
			spoil(&list[bad])
			if err := power[store.Restorer](t, to).Restore(bounded(t), sequence(list)); err == nil {
				t.Error("the commit was restored")
			}
			want := dump(t, from)
			if d := diff(want[:bad], dump(t, to)); d != "" {
				t.Fatalf("restored (-before the one refused +got):\n%s", d)
			}
			restoreAll(t, to, sequence(want[bad:]))
			if d := diff(everything(t, from), everything(t, to)); d != "" {
				t.Errorf("with the rest (-original +copy):\n%s", d)
			}
		})
	}
}
