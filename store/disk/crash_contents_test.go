package disk_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// filesOf returns the bytes of all files at one moment.
func filesOf(img *simfs.FS) map[string][]byte {
	img = img.CrashBest() // someone may be at work on the disk
	out := map[string][]byte{}
	for _, name := range img.Files() {
		b, err := img.ReadFile(name)
		if err != nil {
			panic(err)
		}
		out[name] = b
	}
	return out
}

// dump returns all commits of a store, without salts, and where the log begins.
func dump(s *disk.Store) ([]store.RecordedCommit, store.Position, error) {
	first := store.Position(1)
	for {
		var out []store.RecordedCommit
		var truncated *store.TruncatedError
		var err error
		for c, e := range s.Dump(context.Background(), first-1) {
			if err = e; err != nil {
				break
			}
			for i := range c.Events {
				if e := &c.Events[i]; e.Stream == store.ErasureStream {
					e.Data = nil
				}
			}
			c.Salts = nil
			out = append(out, c)
		}
		if first == 1 && errors.As(err, &truncated) {
			first = truncated.First
			continue
		}
		return out, first, err
	}
}

// compareTracked compares the tracking of all sources.
func compareTracked(s store.Tracker, commits []store.RecordedCommit) error {
	want := trackedBy(commits)
	for _, source := range sources {
		got, err := s.Tracked(context.Background(), source)
		if err != nil || got != want[source] {
			return errors.Join(err, fmt.Errorf("source %q is tracked at %d, want %d", source, got, want[source]))
		}
	}
	return nil
}

// later is a clock for those who look at a store when its world has stopped.
func later() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }
