package bbolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/record"
)

// each is the number of events between two looks at the context.
const each = 1024

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit rival.Visit) error {
	return s.follow(ctx, streamBucket, stream, func(_, value []byte) (uint64, bool) {
		return binary.BigEndian.Uint64(value), true
	}, visit)
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit rival.Visit) error {
	left := limit
	return s.follow(ctx, tagBucket, tag, func(number, _ []byte) (uint64, bool) {
		left--
		return binary.BigEndian.Uint64(number), left >= 0
	}, visit)
}

// follow goes through the keys of a name in a bucket and visits the events that they point to. The function locate
// returns the position that a key's number and its value mean, or false to end the read.
func (s *store) follow(ctx context.Context, bucket []byte, name string, locate func(number, value []byte) (uint64, bool), visit rival.Visit) error {
	return s.db.View(func(tx *bolt.Tx) error {
		prefix := appendPrefix(make([]byte, 0, 64), name)
		records, pointers := events{cursor: tx.Bucket(eventBucket).Cursor()}, tx.Bucket(bucket).Cursor()
		n := 0
		for key, value := pointers.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = pointers.Next() {
			position, more := locate(key[len(prefix):], value)
			if !more {
				return nil
			}
			if n++; n%each == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := records.seek(position); err != nil {
				return err
			}
			if err := visit(&records.event); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadAll visits every event.
func (s *store) ReadAll(ctx context.Context, visit rival.Visit) error {
	return s.db.View(func(tx *bolt.Tx) error {
		records, n := events{cursor: tx.Bucket(eventBucket).Cursor()}, 0
		for key, value := records.cursor.First(); key != nil; key, value = records.cursor.Next() {
			if n++; n%each == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := records.set(binary.BigEndian.Uint64(key), value); err != nil {
				return err
			}
			if err := visit(&records.event); err != nil {
				return err
			}
		}
		return nil
	})
}

// events finds events by position.
type events struct {
	cursor *bolt.Cursor
	event  rival.Recorded // the one that was found last, at first none
}

// seek finds the event at a position. What one commit wrote to a stream lies side by side, and is reached without a
// look-up.
func (e *events) seek(position uint64) error {
	var key, value []byte
	if last := e.event.Position; last != 0 && position == last+1 {
		key, value = e.cursor.Next()
	} else {
		var want [number]byte
		binary.BigEndian.PutUint64(want[:], position)
		key, value = e.cursor.Seek(want[:])
	}
	if len(key) != number || binary.BigEndian.Uint64(key) != position {
		return fmt.Errorf("no record at position %d", position)
	}
	return e.set(position, value)
}

// set makes the event that of a record, which is a part of a page: it is copied, once, as it may be kept.
func (e *events) set(position uint64, value []byte) error {
	e.event.Position = position
	if err := record.Decode(bytes.Clone(value), &e.event); err != nil {
		return fmt.Errorf("decode record: %w", err)
	}
	return nil
}
