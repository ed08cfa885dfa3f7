package disk_test

import (
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// TestCreateWritesNoManifestThatCannotBeRead makes a store at a time that gesta.json cannot say: there is none then, rather than one that cannot be opened again.
func TestCreateWritesNoManifestThatCannotBeRead(t *testing.T) {
	fsys := simfs.New()
	must(t, fsys.MkdirAll("d"))
	o := disk.Options{FS: fsys, Clock: func() time.Time { return time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }}
	if s, err := disk.Open("d", o); err == nil {
		must(t, s.Close())
		t.Error("the store was made")
	}
	if _, err := fsys.Stat("d/gesta.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("gesta.json: %v, want that it is not there", err)
	}
	o.Clock = nil
	s, err := disk.Open("d", o)
	must(t, err)
	must(t, s.Close())
}
