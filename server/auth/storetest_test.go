package auth_test

import (
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/server/auth/authtest"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

// TestStore runs the suite of all stores as an admin does, through a client that takes the actor out of what it reads.
func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB, o storetest.Options) store.Store {
		t.Helper()
		return newClient(memory.New(memory.Options{Clock: o.Clock}))
	}})
}

func TestStoreOnDisk(t *testing.T) {
	dirs := map[store.Store]string{}
	open := func(t testing.TB, dir string, o storetest.Options) store.Store {
		t.Helper()
		own, err := disk.Open(dir, disk.Options{Clock: o.Clock, Sync: disk.SyncNever})
		if err != nil {
			t.Fatal(err)
		}
		s := newClient(own)
		dirs[s] = dir
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB, o storetest.Options) store.Store {
			t.Helper()
			return open(t, t.TempDir(), o)
		},
		Reopen: func(t testing.TB, s store.Store, o storetest.Options) store.Store {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dirs[s], o)
		},
	})
}

func TestWrapper(t *testing.T) {
	for _, role := range []auth.Role{auth.Read, auth.Admin} {
		w, ok := auth.Store(memory.New(memory.Options{}), must(auth.NewPrincipal("ada", role)), "").(store.Wrapper)
		if !ok {
			t.Fatal("it is no wrapper")
		}
		storetest.RunWrapper(t, w)
		if _, ok := store.As[store.Truncater](w); ok {
			t.Error("it truncates")
		}
		if _, ok := store.As[store.Eraser](w); !ok {
			t.Error("it does not erase")
		}
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// client is a store in the hands of an admin, which it closes.
type client struct {
	*authtest.Client
	own store.Store
}

func newClient(own store.Store) *client {
	return &client{authtest.NewClient(auth.Store(own, must(auth.NewPrincipal(authtest.User, auth.Admin)), "")), own}
}

// Close closes the store itself, which nobody's hands do.
func (c *client) Close() error { return c.own.Close() }
