package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
)

// maxState bounds a state in a file, in bytes.
const maxState = 64 << 20

// Disk keeps states in files of a directory, one for each subject and fold, as long as nobody removes them. It may be used by any number of goroutines, and the
// directory by any number of processes. A power failure may leave damaged files, which are no harm.
type Disk struct {
	root *os.Root
	puts atomic.Uint64 // that were begun, for names of files that are not complete
}

// OpenDisk returns a keeper in dir, which it makes if it is not there.
func OpenDisk(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a directory for states: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open a directory for states: %w", err)
	}
	return &Disk{root: root}, nil
}

// Close closes the directory.
func (d *Disk) Close() error { return d.root.Close() }

// dirOf returns where the states of a subject are.
func dirOf(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(name[:2], name[2:])
}

// Get returns what was put last for a subject and a fold.
func (d *Disk) Get(ctx context.Context, subject, fold string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := d.root.ReadFile(filepath.Join(dirOf(subject), fold))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Put keeps a value. A file takes the place of the one before in one step.
func (d *Disk) Put(ctx context.Context, subject, fold string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(value) > maxState {
		return &store.TooLargeError{What: "state", Unit: "bytes", Got: len(value), Max: maxState}
	}
	dir := dirOf(subject)
	if err := d.root.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep a state: %w", err)
	}
	name := filepath.Join(dir, fold)
	temporary := fmt.Sprintf("%s.%d.%d.new", name, os.Getpid(), d.puts.Add(1))
	err := d.root.WriteFile(temporary, value, 0o644)
	if err == nil {
		err = d.root.Rename(temporary, name)
	}
	if err != nil {
		_ = d.root.Remove(temporary) // the error that was first is the one to tell
		return fmt.Errorf("keep a state: %w", err)
	}
	return nil
}

// Forget drops what is kept for a subject.
func (d *Disk) Forget(ctx context.Context, subject string) error {
	if err := d.root.RemoveAll(dirOf(subject)); err != nil {
		return fmt.Errorf("forget the states of a subject: %w", err)
	}
	return ctx.Err()
}
