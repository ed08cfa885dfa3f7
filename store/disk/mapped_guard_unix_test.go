//go:build linux || darwin || freebsd || netbsd || dragonfly

package disk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestMappedVersionCannotBeRead cuts a sealed segment behind the back of its mapping: a commit to streams whose last events are there is an error that names file and
// position, nothing of it is written, and other streams go on.
func TestMappedVersionCannotBeRead(t *testing.T) {
	const streams = 300
	o := disk.Options{FS: &mappings{FS: vfs.OS()}, SegmentBytes: 64 << 10, IndexBytes: 64 << 10, Sync: disk.SyncNever}
	dir := t.TempDir()
	s, err := disk.Open(dir, o)
	must(t, err)
	for i := range streams {
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: fmt.Sprintf("s-%d", i), Type: "T", Data: make([]byte, 1000)}}})
		must(t, err)
	}
	must(t, s.Close()) // writes the last index file
	s, err = disk.Open(dir, o)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	next := func(from, to int) error {
		var c store.Commit
		for i := from; i < to; i++ {
			name := fmt.Sprintf("s-%d", i)
			c.Events = append(c.Events, store.Event{Stream: name, Type: "T"})
			c.Guards = append(c.Guards, store.StreamAt{Stream: name, Version: 1})
		}
		_, err := s.Append(t.Context(), c)
		return err
	}
	must(t, next(0, 40))
	const cut = 3 * 4096
	must(t, os.Truncate(filepath.Join(dir, "log", "00000002.seg"), cut))
	var damage *store.DamagedError
	if err := next(40, streams); !errors.As(err, &damage) {
		t.Fatalf("append to streams of a segment that is cut off: %v; want damage", err)
	}
	if p := int(damage.Position); damage.File != "log/00000002.seg" || p < 50 || p > 120 {
		t.Errorf("damage at %s, position %d, want log/00000002.seg", damage.File, damage.Position)
	}
	must(t, next(200, streams))
}
