package disk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// TestDamagedPayloadIsErasedWithItsCopy has a payload with a wrong bit in a store that is told of its erasure: what is left of it goes too.
func TestDamagedPayloadIsErasedWithItsCopy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	open := func() *disk.Store {
		t.Helper()
		s, err := disk.Open(dir, disk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	s := open()
	for _, data := range []string{`"all that is secret"`, `"what is not"`} {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-1", Type: "T", Data: []byte(data)}}}); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, "log", "00000001.seg")
	overwrite(t, name, "all that", "aLl that")
	var commitment [32]byte
	e, err := store.NewErasure(1, commitment, "asked", "ada")
	if err != nil {
		t.Fatal(err)
	}
	commit := store.RecordedCommit{RecordedAt: time.Now().Add(time.Hour), Events: []store.Recorded{{Event: e, Position: 3, Version: 1}}}
	if err := s.Restore(t.Context(), func(yield func(store.RecordedCommit, error) bool) { yield(commit, nil) }); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("that is secret")) {
		t.Error("the payload is still in its segment")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{Limit: 1}) {
		if err != nil || r.Erased != 3 {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if report, err := s.Check(t.Context(), store.CheckOptions{}); err != nil || !report.OK() {
		t.Errorf("%+v, %v", report, err)
	}
}

// overwrite replaces the one place of a text in a file by another of the same length.
func overwrite(t *testing.T, name, from, to string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err == nil && bytes.Count(b, []byte(from)) != 1 {
		t.Fatalf("%q is in %s %d times", from, name, bytes.Count(b, []byte(from)))
	}
	if err == nil {
		_, err = f.WriteAt([]byte(to), int64(bytes.Index(b, []byte(from))))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}
