package memory_test

import (
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: open, Reopen: reopen, ExactTruncate: true, Rewrite: "../storetest"})
}

func open(_ testing.TB, o storetest.Options) store.Store {
	return memory.New(memory.Options{Clock: o.Clock})
}

// reopen keeps a store, which does not survive by itself, in its dump.
func reopen(t testing.TB, s store.Store, o storetest.Options) store.Store {
	t.Helper()
	m, ok := s.(*memory.Store)
	if !ok {
		t.Fatalf("%T is no store of this package", s)
	}
	old := m.Evict()
	kept := memory.New(memory.Options{Clock: o.Clock, ID: old.StoreID()})
	if err := kept.Restore(t.Context(), old.Dump(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	return kept
}
