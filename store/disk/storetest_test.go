package disk_test

import (
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/storetest"
)

// TestStore runs the contract suite as users have it, TestStoreSmall with segments and index files so small that
// every test rolls, writes index files and merges them.
func TestStore(t *testing.T) { storetest.Run(t, harness(disk.Options{})) }

func TestStoreSmall(t *testing.T) {
	storetest.Run(t, harness(disk.Options{SegmentBytes: 16 << 10, IndexBytes: 16 << 10, OpenSegments: 4, Sync: disk.SyncNever}))
}

func harness(o disk.Options) storetest.Harness {
	dirs := map[store.Store]string{}
	open := func(t testing.TB, dir string, so storetest.Options) store.Store {
		t.Helper()
		o := o
		o.Clock = so.Clock
		o.Background = func(err error) { t.Errorf("background: %v", err) }
		s, err := disk.Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		dirs[s] = dir
		return s
	}
	return storetest.Harness{
		Open: func(t testing.TB, so storetest.Options) store.Store {
			t.Helper()
			return open(t, t.TempDir(), so)
		},
		Reopen: func(t testing.TB, s store.Store, so storetest.Options) store.Store {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dirs[s], so)
		},
	}
}
