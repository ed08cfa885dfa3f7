package rawlimit

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// Kind says how a [Log] makes room for what it writes.
type Kind int

// The kinds.
const (
	// Grow writes to the end of a file, which grows with each write.
	Grow Kind = iota

	// ZeroAhead writes where zeros were written and synced before, by a second goroutine that keeps at most two steps
	// ahead. Where the committer catches up with it, it writes on as Grow does, and the filler continues beyond.
	ZeroAhead
)

// String returns the name of the limit in reports.
func (k Kind) String() string {
	switch k {
	case Grow:
		return "grow"
	case ZeroAhead:
		return "zeroahead"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Options configure a [Log]. The zero value is that of Grow with sync.
type Options struct {
	// Kind says how room is made. Defaults to Grow.
	Kind Kind

	// NoSync leaves out each sync of a file. Defaults to false.
	NoSync bool

	// Keep leaves the files where they are. Defaults to removing each between two runs once it is full, and all on Close.
	Keep bool

	// FileBytes is how long a file gets, unless one group is longer. With ZeroAhead it must be a multiple of StepBytes.
	// Defaults to 1 GiB for Grow and to 32 MiB for ZeroAhead.
	FileBytes int64

	// StepBytes is how much ZeroAhead fills with zeros before it syncs. Defaults to 4 MiB.
	StepBytes int64

	// FS is the file system. Defaults to that of the operating system.
	FS vfs.FS
}

const (
	growFileBytes  = 1 << 30
	aheadFileBytes = 32 << 20
	aheadStepBytes = 4 << 20
)

func (o Options) withDefaults() (Options, error) {
	if o.FS == nil {
		o.FS = vfs.OS()
	}
	if o.StepBytes == 0 {
		o.StepBytes = aheadStepBytes
	}
	if o.FileBytes == 0 {
		o.FileBytes = growFileBytes
		if o.Kind == ZeroAhead {
			o.FileBytes = aheadFileBytes
		}
	}
	switch {
	case o.Kind != Grow && o.Kind != ZeroAhead:
		return o, fmt.Errorf("no such limit: %v", o.Kind)
	case o.StepBytes < 1 || o.FileBytes < 1:
		return o, fmt.Errorf("files of %d bytes, filled in steps of %d", o.FileBytes, o.StepBytes)
	case o.Kind == ZeroAhead && o.FileBytes%o.StepBytes != 0:
		return o, fmt.Errorf("files of %d bytes are not filled evenly by steps of %d", o.FileBytes, o.StepBytes)
	}
	return o, nil
}

// Log is the group commit that is measured. One goroutine uses it at a time; each [Log.Run] goes on where the one before
// it ended.
type Log struct {
	dir   string
	o     Options
	room  *room
	files *files
	buf   []byte     // of the committer
	group []*request // of the committer
}

// Open begins a log in the directory, which it makes if it is not there. The first file is made by the first run.
func Open(dir string, o Options) (*Log, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := o.FS.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("make directory of the raw log: %w", err)
	}
	return &Log{dir: dir, o: o, room: newRoom(o.FileBytes, o.StepBytes), files: newFiles(o.FS, dir)}, nil
}

// Files returns the names of the files that are there, oldest first; with Keep these are all. The last may end with
// zeros, or hold nothing else.
func (l *Log) Files() []string { return l.files.names() }

// Close closes the files and, without Keep, removes them. The directory stays.
func (l *Log) Close() error {
	return errors.Join(l.files.closeBelow(l.files.next), l.clean(l.files.next))
}

// clean removes the files below a number, unless they are to be kept.
func (l *Log) clean(below int64) error {
	if l.o.Keep {
		return nil
	}
	return l.files.removeBelow(below)
}

// fileName returns the name of the file with a number, from 0.
func fileName(dir string, number int64) string {
	return filepath.Join(dir, fmt.Sprintf("raw-%06d", number))
}
