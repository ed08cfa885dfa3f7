package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
	"github.com/gestadb/gesta/store"
)

// onEach runs a test over the keepers that there are.
func onEach(t *testing.T, test func(t *testing.T, k gesta.Keeper)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, cache.NewMemory(1<<20)) })
	t.Run("disk", func(t *testing.T) {
		d, err := cache.OpenDisk(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		test(t, d)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestKeepers(t *testing.T) {
	onEach(t, func(t *testing.T, k gesta.Keeper) {
		get := func(subject, fold, want string) {
			t.Helper()
			b, err := k.Get(t.Context(), subject, fold)
			if err != nil || string(b) != want || want == "" && b != nil {
				t.Errorf("Get(%q, %q) = %q, %v; want %q", subject, fold, b, err, want)
			}
		}
		put := func(subject, fold, value string) {
			t.Helper()
			if err := k.Put(t.Context(), subject, fold, []byte(value)); err != nil {
				t.Error(err)
			}
		}
		get("a-1", "f", "")
		put("a-1", "f", "one")
		put("a-1", "g", "other")
		put("a/../b", "f", "odd")
		get("a-1", "f", "one")
		put("a-1", "f", "two")
		get("a-1", "f", "two")
		get("a-1", "g", "other")
		get("a/../b", "f", "odd")
		if err := k.Forget(t.Context(), "a-1"); err != nil {
			t.Error(err)
		}
		if err := k.Forget(t.Context(), "never seen"); err != nil {
			t.Error(err)
		}
		get("a-1", "f", "")
		get("a-1", "g", "")
		get("a/../b", "f", "odd")
		done, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := k.Get(done, "a/../b", "f"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestKeepersBesideEachOther puts whole values from many goroutines: each that is found is one of them.
func TestKeepersBesideEachOther(t *testing.T) {
	onEach(t, func(t *testing.T, k gesta.Keeper) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for range 30 {
					value := bytes.Repeat([]byte{byte('a' + i)}, 1000+i)
					if err := k.Put(t.Context(), "s-1", "f", value); err != nil {
						t.Error(err)
					}
					b, err := k.Get(t.Context(), "s-1", "f")
					if err != nil || len(b) == 0 || !bytes.Equal(b, bytes.Repeat(b[:1], 1000+int(b[0]-'a'))) {
						t.Errorf("%d bytes, %v", len(b), err)
					}
				}
			})
		}
		wg.Wait()
	})
}

// TestMemoryIsBounded puts more than there is room for.
func TestMemoryIsBounded(t *testing.T) {
	k := cache.NewMemory(100 << 10)
	value := make([]byte, 1<<10)
	for i := range 1000 {
		if err := k.Put(t.Context(), fmt.Sprint("s-", i), "f", value); err != nil {
			t.Fatal(err)
		}
	}
	there := 0
	for i := range 1000 {
		if b, _ := k.Get(t.Context(), fmt.Sprint("s-", i), "f"); b != nil {
			there++
		}
	}
	if there == 0 || there > 200 {
		t.Errorf("%d of 1000 are there", there)
	}
	for i := range 20 {
		if err := k.Put(t.Context(), "s", fmt.Sprint(i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if b, _ := k.Get(t.Context(), "s", "0"); b != nil {
		t.Error("twenty folds of a subject are kept")
	}
	if b, _ := k.Get(t.Context(), "s", "19"); b == nil {
		t.Error("the newest fold is not")
	}
}

func TestDiskRefuses(t *testing.T) {
	d, err := cache.OpenDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "s", "f", make([]byte, 64<<20+1)); !errors.Is(err, store.ErrTooLarge) {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "s", "f", []byte("x")); err == nil || !strings.Contains(err.Error(), "keep a state") {
		t.Error(err)
	}
}
