package disk_test

import (
	"fmt"
	"path"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// TestIdleMerge leaves a store alone with as many index files as one merge waits for, less one: they are merged after a while.
func TestIdleMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := simfs.New()
		s, err := disk.Open("/data/store", disk.Options{FS: fs, IndexBytes: 4096})
		if err != nil {
			t.Fatal(err)
		}
		files := func() (n int) {
			for _, name := range fs.Files() {
				if path.Ext(name) == ".idx" {
					n++
				}
			}
			return n
		}
		for i := 0; files() < 3; i++ {
			if i == 100 {
				t.Fatal("no index files after 100 commits")
			}
			c := store.Commit{Events: []store.Event{{Stream: fmt.Sprintf("order-%d", i), Type: "OrderPlaced", Data: make([]byte, 1024)}}}
			if _, err := s.Append(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := files(); n != 1 {
			t.Errorf("%d index files after a minute", n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
