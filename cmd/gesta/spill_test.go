package main

import (
	"os"
	"runtime"
	"testing"
)

// A spill is read as it was written, and nothing is left of it.
func TestSpill(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TEMP", dir)
	e := &env{}
	s, err := e.spill()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("flips")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if _, err := s.ReadAt(b, 1); err != nil || string(b) != "lip" {
		t.Errorf("read %q, %v", b, err)
	}
	left := func() int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	if n := left(); n != 0 && runtime.GOOS != "windows" {
		t.Errorf("%d files can be seen while it is in use", n)
	}
	for _, end := range e.atEnd {
		if err := end(); err != nil {
			t.Error(err)
		}
	}
	if n := left(); n != 0 {
		t.Errorf("%d files are left", n)
	}
}
