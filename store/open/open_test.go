package open_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, url := range []string{"mem:", filepath.Join(dir, "a"), "file:" + filepath.Join(dir, "b"), "file://" + filepath.Join(dir, "c")} {
		t.Run(url, func(t *testing.T) {
			s, err := open.Open(t.Context(), url, open.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "A"}}}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	s, err := open.Open(t.Context(), filepath.Join(dir, "a"), open.Options{Reader: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if head, err := s.Head(t.Context()); head != 1 || err != nil {
		t.Errorf("head = %d, %v", head, err)
	}
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "A"}}}); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a reader appends: %v", err)
	}
	report, err := open.Check(t.Context(), "file:"+filepath.Join(dir, "a"), open.Options{}, store.CheckOptions{})
	if err != nil || !report.OK() || report.Events != 1 {
		t.Errorf("report = %+v, %v", report, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name, url string
		options   open.Options
		want      error
	}{
		{"empty", "", open.Options{}, store.ErrInvalid},
		{"empty file", "file:", open.Options{}, store.ErrInvalid},
		{"another scheme", "postgres://localhost/x", open.Options{}, store.ErrInvalid},
		{"memory with a name", "mem:x", open.Options{}, store.ErrInvalid},
		{"must exist", filepath.Join(dir, "none"), open.Options{MustExist: true}, store.ErrNotFound},
		{"must exist, and an empty directory is there", dir, open.Options{MustExist: true}, store.ErrNotFound},
		{"a reader makes nothing", filepath.Join(dir, "none"), open.Options{Reader: true}, store.ErrNotFound},
		{"a reader that recovers nothing makes nothing", filepath.Join(dir, "none"), open.Options{Reader: true, NoRecovery: true}, store.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if s, err := open.Open(t.Context(), tt.url, tt.options); !errors.Is(err, tt.want) {
				t.Errorf("store = %v, error = %v, want %v", s, err, tt.want)
			}
		})
	}
	if _, err := open.Check(t.Context(), filepath.Join(dir, "none"), open.Options{}, store.CheckOptions{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("check of nothing: %v", err)
	}
	if _, err := open.Open(cancelled, "mem:", open.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPath(t *testing.T) {
	tests := []struct {
		url, path string
		ok        bool
	}{
		{"a/b", "a/b", true},
		{"file:a", "a", true},
		{"file:///a/b", "/a/b", true},
		{`C:\books`, `C:\books`, true},
		{"./x:y", "./x:y", true},
		{"mem:", "", false},
		{"nats://h", "//h", false},
	}
	for _, tt := range tests {
		if path, ok := open.Path(tt.url); path != tt.path || ok != tt.ok {
			t.Errorf("Path(%q) = %q, %t; want %q, %t", tt.url, path, ok, tt.path, tt.ok)
		}
	}
}
