// Package bbolt is the rival that keeps events in bbolt, a copy-on-write B+tree in a mapped file.
//
// An event is one record under its global position, and three small entries that point there: its stream and
// version, its type, its tag. Each is in a bucket of its own.
//
// A transaction of bbolt rewrites every page that it touches and syncs twice, so that appends are grouped:
// all that wait share one. It is what bbolt's own Batch does, without its delay.
package bbolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
)

// mapSize is the address space that is reserved for the file, in bytes: a file that outgrows its mapping is
// mapped anew, for which bbolt waits until nobody reads.
const mapSize = 32 << 30

// Maker opens bbolt.
var Maker = rival.Maker{
	Name:    "bbolt",
	Open:    open,
	Reopens: true,
	Notes: "bbolt v1.5.0: appends that wait share a transaction, free list as a map, 32 GiB of address space mapped at once. " +
		"The payload is kept in global order, so that a stream is read by one look-up an event. A read hands out one copy of each record, " +
		"for what bbolt returns is its own mapped page, and valid in the transaction only.",
}

// The buckets. Numbers are 8 bytes, big endian.
var (
	eventBucket  = []byte("events")  // position -> record
	streamBucket = []byte("streams") // stream 00 version -> position
	typeBucket   = []byte("types")   // type 00 position -> nothing
	tagBucket    = []byte("tags")    // tag 00 position -> nothing
)

// number is the size of a version and of a position, in bytes.
const number = 8

// store is one open database.
type store struct {
	db      *bolt.DB
	appends *group.Committer

	// The rest belongs to the goroutine that commits.

	next   uint64 // the next position
	values []byte // what a transaction keeps until it is committed
	key    []byte
}

// open opens the store in dir.
func open(dir string, durable bool) (rival.Store, error) {
	db, err := bolt.Open(filepath.Join(dir, "events.db"), 0o644, &bolt.Options{
		NoSync:          !durable,
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: mapSize,
	})
	if err != nil {
		return nil, fmt.Errorf("open bbolt: %w", err)
	}
	s := &store{db: db}
	s.appends = group.New(0, s.commit)
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// prepare creates the buckets of a new file, and finds the next position.
func (s *store) prepare() error {
	isNew := false
	if err := s.db.View(func(tx *bolt.Tx) error {
		events := tx.Bucket(eventBucket)
		if isNew = events == nil; isNew {
			return nil
		}
		s.next = 1
		if last, _ := events.Cursor().Last(); last != nil {
			s.next = binary.BigEndian.Uint64(last) + 1
		}
		return nil
	}); err != nil || !isNew {
		return err
	}
	s.next = 1
	return s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{eventBucket, streamBucket, typeBucket, tagBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		return nil
	})
}

// Append writes the commit.
func (s *store) Append(ctx context.Context, commit []rival.Event) error {
	return s.appends.Append(ctx, commit)
}

// Settle has nothing to wait for.
func (s *store) Settle(ctx context.Context) error { return ctx.Err() }

// Close closes the file.
func (s *store) Close() error { return s.db.Close() }

// appendPrefix appends what the keys of a name begin with.
func appendPrefix(dst []byte, name string) []byte {
	return append(append(dst, name...), 0)
}

// appendKey appends the key of a name and a number.
func appendKey(dst []byte, name string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(appendPrefix(dst, name), n)
}
