package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/reducer"
)

// countedRule is a reducer that counts how often it is closed.
type countedRule struct {
	reducer.Reducer
	closed atomic.Int32
}

func (c *countedRule) Close() error {
	c.closed.Add(1)
	return nil
}

// fileOf writes a file at a time and returns its path.
func fileOf(t *testing.T, name, text string, written time.Time) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, written, written); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReducerFileWrittenTwice looks at a file just after it was written: the next writing may leave size and time as they are, so that it is read again until they tell.
func TestReducerFileWrittenTwice(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	f := newReducerFiles()
	f.clock = func() time.Time { return now }
	path := fileOf(t, "order.js", "a", now)
	loads := 0
	load := func(fs.FileInfo) (closable, error) {
		loads++
		return &countedRule{}, nil
	}
	for _, tt := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {time.Second, 2}, {2 * time.Second, 3}, {3 * time.Second, 4}, {4 * time.Second, 4}, {time.Hour, 4}} {
		now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC).Add(tt.later)
		k, err := f.take(path, load)
		if err != nil {
			t.Fatal(err)
		}
		if f.give(k); loads != tt.want || len(f.open) != 1 {
			t.Errorf("%v after it was written: read %d times, %d are open; want %d, 1", tt.later, loads, len(f.open), tt.want)
		}
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
}

// TestReducerFilesLoadApart holds up the loading of one file: those of others go on, those who need it wait, and it is read once.
func TestReducerFilesLoadApart(t *testing.T) {
	f := newReducerFiles()
	long := time.Now().Add(-time.Hour)
	slow, fast := fileOf(t, "slow.js", "a", long), fileOf(t, "fast.js", "a", long)
	begun, held := make(chan struct{}), make(chan struct{})
	rule := &countedRule{}
	var loads atomic.Int32
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			k, err := f.take(slow, func(fs.FileInfo) (closable, error) {
				if loads.Add(1) == 1 {
					close(begun)
				}
				<-held
				return rule, nil
			})
			if err != nil || k.rule != rule {
				t.Errorf("the slow one: %v, %v", k, err)
				return
			}
			f.give(k)
		})
	}
	<-begun
	k, err := f.take(fast, func(fs.FileInfo) (closable, error) { return &countedRule{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	f.give(k)
	close(held)
	waiting.Wait()
	if loads.Load() != 1 {
		t.Errorf("it is read %d times", loads.Load())
	}
	if err := f.close(); err != nil || rule.closed.Load() != 1 {
		t.Errorf("closed %d times: %v", rule.closed.Load(), err)
	}
}

// TestReducerFilesEnd loads a file that cannot be read, which is tried again, and one while all are closed, which is closed once, whoever waits for it.
func TestReducerFilesEnd(t *testing.T) {
	f := newReducerFiles()
	path := fileOf(t, "order.js", "a", time.Now().Add(-time.Hour))
	wrong := errors.New("wrong")
	for range 2 {
		if k, err := f.take(path, func(fs.FileInfo) (closable, error) { return nil, wrong }); !errors.Is(err, wrong) || k != nil || len(f.now)+len(f.open) != 0 {
			t.Errorf("a file that cannot be read: %v, %v; %d are kept", k, err, len(f.now))
		}
	}
	begun, held := make(chan struct{}), make(chan struct{})
	rule := &countedRule{}
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			if k, err := f.take(path, func(fs.FileInfo) (closable, error) {
				close(begun)
				<-held
				return rule, nil
			}); !errors.Is(err, fs.ErrClosed) || k != nil {
				t.Errorf("taken after the end: %v, %v", k, err)
			}
		})
	}
	<-begun
	users := func() (n int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.now[path].users
	}
	for users() < 3 {
		time.Sleep(time.Millisecond)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	close(held)
	waiting.Wait()
	if rule.closed.Load() != 1 || len(f.open) != 0 {
		t.Errorf("closed %d times, %d are open", rule.closed.Load(), len(f.open))
	}
}
