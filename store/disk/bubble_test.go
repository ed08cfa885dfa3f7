package disk_test

import (
	"testing"
	"testing/synctest"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// TestBubbles uses stores within bubbles of testing/synctest and outside of them in turns: nothing of one store may wait on what was made
// for another.
func TestBubbles(t *testing.T) {
	use := func(t *testing.T) {
		s, err := disk.Open("/data/store", disk.Options{FS: simfs.New()})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-1", Type: "OrderPlaced"}}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		synctest.Test(t, use)
		use(t)
	}
}
