package sqldb_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// A process that reads beside the writer may hear of events later than another one that has projected them already. It waits for them; the history is the same.
func TestAReaderThatLagsTakesOver(t *testing.T) {
	k := newKilling(t, badFrom)
	s, err := disk.OpenReader(filepath.Join(k.dir, "store"), disk.Options{PollInterval: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for range 100 {
		e := store.Event{Stream: poisoned, Type: "moved", Data: []byte(`{"To":"account-1","Cents":7,"Bad":true}`)}
		if _, err := k.load.store.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	k.runToHead(false)
	r, err := newRunner(s, k.database, accounts(&behavior{mended: true}), projection.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Retry(t.Context(), poisoned); err != nil || n != 100 {
		t.Errorf("retry = %d, %v; want 100 applied", n, err)
	}
	compare(t, k.load.store, look(t, k.database), true)
}
