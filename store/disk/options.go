package disk

import (
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// SyncPolicy says when the log is synced.
type SyncPolicy int

// The sync policies.
const (
	// SyncAlways syncs each group of commits before it is acknowledged.
	SyncAlways SyncPolicy = iota

	// SyncNever leaves syncing to the operating system, but for segments that are full, erasures, truncation, index files
	// and Close: a crash of the machine may lose what came last, a crash of the process nothing.
	SyncNever
)

// Options configure a store. The zero value works.
type Options struct {
	// ReadOnly opens a store that exists without taking its lock and without changing anything; see [OpenReader].
	// Defaults to false.
	ReadOnly bool

	// MustExist refuses to make a new store, with an error that is fs.ErrNotExist. Defaults to false.
	MustExist bool

	// Sync is the sync policy. Defaults to SyncAlways.
	Sync SyncPolicy

	// SegmentBytes is how long a segment gets, from 1 KiB to 1 GiB. Defaults to 32 MiB.
	SegmentBytes int64

	// IndexBytes is how much of the log is indexed in memory before that part of the index is written to a file: the
	// tail that the next open replays. From 1 KiB to 1 GiB. Defaults to 32 MiB.
	IndexBytes int64

	// OpenSegments is how many segment files are kept open for reading, from 2; they are mapped where that can be. Defaults to 512.
	OpenSegments int

	// GroupBytes is how much one write of the log may have, unless a single commit is larger. From 1 KiB to 1 GiB. Defaults to 4 MiB.
	GroupBytes int

	// LockWait is how long opening waits for another opener to let go. Defaults to not waiting.
	LockWait time.Duration

	// PollInterval is how often a read-only store looks for what the writer beside it has done. Defaults to 20 ms.
	PollInterval time.Duration

	// Clock tells the time. Defaults to the clock of the system.
	Clock func() time.Time

	// FS is the file system. Defaults to that of the operating system.
	FS vfs.FS

	// Background reports errors of work in the background (writing and merging index files) as they happen; Append
	// returns them when too much is waiting. It must not block. Defaults to nobody.
	Background func(error)

	// NoMerge leaves index files as they were first written. Defaults to false.
	NoMerge bool
}

const (
	defaultSegmentBytes = 32 << 20
	minBytes            = 1 << 10
	maxBytes            = 1 << 30
)

func (o Options) withDefaults() (Options, error) {
	setDefault(&o.SegmentBytes, defaultSegmentBytes)
	setDefault(&o.IndexBytes, defaultSegmentBytes)
	setDefault(&o.OpenSegments, 512)
	setDefault(&o.GroupBytes, 4<<20)
	setDefault(&o.PollInterval, 20*time.Millisecond)
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the default of an option is the one place where the clock comes from
	}
	if o.FS == nil {
		o.FS = vfs.OS()
	}
	if o.Background == nil {
		o.Background = func(error) {}
	}
	for _, size := range []int64{o.SegmentBytes, o.IndexBytes, int64(o.GroupBytes)} {
		if size < minBytes || size > maxBytes {
			return o, &store.InvalidError{Problem: fmt.Sprintf("a size of %d bytes among the options is not between %d and %d", size, minBytes, maxBytes)}
		}
	}
	if o.OpenSegments < 2 {
		return o, &store.InvalidError{Problem: fmt.Sprintf("%d open segments among the options, at least 2 are needed", o.OpenSegments)}
	}
	return o, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
