package bbolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/gestadb/gesta/bench/rival/record"
)

// each is the number of events between two looks at the context.
const each = 1024

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit func(version uint64, data []byte) error) error {
	return s.db.View(func(tx *bolt.Tx) error {
		prefix := appendPrefix(make([]byte, 0, 64), stream)
		events, pointers := events{cursor: tx.Bucket(eventBucket).Cursor()}, tx.Bucket(streamBucket).Cursor()
		n := 0
		for key, value := pointers.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = pointers.Next() {
			if n++; n%each == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			data, err := events.at(binary.BigEndian.Uint64(value))
			if err != nil {
				return err
			}
			if err := visit(binary.BigEndian.Uint64(key[len(prefix):]), data); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit func(position uint64, data []byte) error) error {
	return s.db.View(func(tx *bolt.Tx) error {
		prefix := appendPrefix(make([]byte, 0, 64), tag)
		events, pointers := events{cursor: tx.Bucket(eventBucket).Cursor()}, tx.Bucket(tagBucket).Cursor()
		n := 0
		for key, _ := pointers.Seek(prefix); bytes.HasPrefix(key, prefix) && n < limit; key, _ = pointers.Next() {
			if n++; n%each == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			position := binary.BigEndian.Uint64(key[len(prefix):])
			data, err := events.at(position)
			if err != nil {
				return err
			}
			if err := visit(position, data); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadAll visits every event.
func (s *store) ReadAll(ctx context.Context, visit func(position uint64, data []byte) error) error {
	return s.db.View(func(tx *bolt.Tx) error {
		cursor, n := tx.Bucket(eventBucket).Cursor(), 0
		for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
			if n++; n%each == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			data, err := record.Data(value)
			if err != nil {
				return fmt.Errorf("decode record: %w", err)
			}
			if err := visit(binary.BigEndian.Uint64(key), data); err != nil {
				return err
			}
		}
		return nil
	})
}

// events finds records by position.
type events struct {
	cursor *bolt.Cursor
	last   uint64 // where the cursor is, 0 at first
}

// at returns the data of the event at a position. What one commit wrote to a stream lies side by side, and
// is reached without a look-up.
func (e *events) at(position uint64) ([]byte, error) {
	var key, value []byte
	if e.last != 0 && position == e.last+1 {
		key, value = e.cursor.Next()
	} else {
		var want [number]byte
		binary.BigEndian.PutUint64(want[:], position)
		key, value = e.cursor.Seek(want[:])
	}
	if len(key) != number || binary.BigEndian.Uint64(key) != position {
		return nil, fmt.Errorf("no record at position %d", position)
	}
	e.last = position
	data, err := record.Data(value)
	if err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return data, nil
}
