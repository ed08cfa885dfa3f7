// Package pebble is the rival that keeps events in Pebble, CockroachDB's log-structured merge tree.
//
// An event is one record under its global position, and three small keys that point there: its stream and
// version, its type, its tag.
//
// Positions have no gaps and readers see them in order, with Pebble's group commit kept: a commit takes its
// positions and enters Pebble's pipeline under one lock, and waits for the sync outside of it. Pebble shows
// commits in the order of the pipeline, and that is their order in the write-ahead log, so that a crash
// leaves a beginning of them.
package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/guard"
)

// Sizes: of one memtable, of which there may be four, and of the block cache.
const (
	memTableSize = 64 << 20
	cacheSize    = 256 << 20
)

// Settle looks this often, and wants to see nothing going on so many times.
const (
	settleEvery = 10 * time.Millisecond
	settleTimes = 3
)

// Maker opens Pebble.
var Maker = rival.Maker{
	Name:    "pebble",
	Open:    open,
	Reopens: true,
	Notes: "Pebble v2.1.7: memtables of 64 MiB, block cache of 256 MiB, Bloom filters of 10 bits on streams, types and tags, " +
		"at most two compactions at once, Snappy. The payload is kept in global order, so that a stream is read by one look-up an event. " +
		"A read hands out one copy of each record, for what Pebble returns is the iterator's own.",
}

// store is one open database.
type store struct {
	db       *pebble.DB
	sync     bool
	streams  locks
	versions *guard.Versions

	order  sync.Mutex // after the locks of streams
	next   uint64     // guarded by order: the next position
	broken error      // guarded by order: a commit failed, so that positions may have a gap
}

// open opens the store in dir.
func open(dir string, durable bool) (rival.Store, error) {
	s := &store{sync: durable, versions: guard.NewVersions()}
	cache := pebble.NewCache(cacheSize)
	defer cache.Unref()
	db, err := pebble.Open(dir, options(cache))
	if err != nil {
		return nil, fmt.Errorf("open pebble: %w", err)
	}
	s.db = db
	last, err := s.lastPosition()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find the last position: %w", err), db.Close())
	}
	s.next = last + 1
	return s, nil
}

// options returns the settings.
func options(cache *pebble.Cache) *pebble.Options {
	o := &pebble.Options{
		Cache:                       cache,
		Comparer:                    comparer,
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       1000,
		LBaseMaxBytes:               64 << 20,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		MaxOpenFiles:                4096,
		Logger:                      silent{},
	}
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	return o
}

// lastPosition returns the highest position in use, 0 if there is none.
func (s *store) lastPosition() (position uint64, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventKey}, UpperBound: []byte{eventKey + 1}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if it.Last() {
		position = binary.BigEndian.Uint64(it.Key()[1:])
	}
	return position, it.Error()
}

// Settle writes the memtable out and waits until no compaction runs and none is started.
func (s *store) Settle(ctx context.Context) error {
	if err := s.db.Flush(); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	// Pebble tells of a compaction's end before it has counted it as ended, so it has to be asked.
	ticker := time.NewTicker(settleEvery)
	defer ticker.Stop()
	for idle := 0; idle < settleTimes; idle++ {
		if s.db.Metrics().Compact.NumInProgress > 0 {
			idle = -1
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close closes the database.
func (s *store) Close() error { return s.db.Close() }

// silent is a logger that says nothing: what goes wrong is returned by the calls that it concerns.
type silent struct{}

// Infof says nothing.
func (silent) Infof(string, ...any) {}

// Errorf says nothing.
func (silent) Errorf(string, ...any) {}

// Fatalf is called when Pebble cannot go on, and may not return.
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
