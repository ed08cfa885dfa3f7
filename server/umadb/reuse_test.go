package umadb

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// TestReuse appends from many callers at once: the memory of requests is used again, and no event may show what belongs to another.
func TestReuse(t *testing.T) {
	d, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, open := range []func(*Options){nil, func(o *Options) {
		o.Store = func(context.Context) (store.Store, error) { return d, nil }
	}} {
		r := newRig(t, open)
		const callers, each = 8, 25
		var group sync.WaitGroup
		for c := range callers {
			group.Go(func() {
				for i := range each {
					r.appendNamed(fmt.Sprintf("event-%d-%d", c, i))
				}
			})
		}
		group.Wait()
		s, err := r.service.o.Store(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		for e, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			events++
			metadata := fmt.Sprintf(`{"name":%q}`, e.Type)
			if len(e.Tags) != 2 || e.Tags[0] != e.Type || e.Tags[1] != "tag" || string(e.Data) != e.Type || string(e.Metadata) != metadata {
				t.Fatalf("event %d is %q %q %q %q", e.Position, e.Type, e.Tags, e.Data, e.Metadata)
			}
		}
		if events != callers*each {
			t.Errorf("%d events; want %d", events, callers*each)
		}
	}
}

func (r *rig) appendNamed(name string) {
	a := r.call("Append", fmt.Sprintf(`{"events":[{"event_type":%q,"tags":[%q,"tag"],"data":%q,"metadata":[{"key":"name","value":%q}]}],`+
		`"condition":{"fail_if_events_match":{"items":[{"tags":[%q]}]}}}`, name, name, base(name), name, name))
	if a.Code != "" {
		r.t.Errorf("append %s: %s", name, a.Details)
	}
}
