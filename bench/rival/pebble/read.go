package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/record"
)

// each is the number of events between two looks at the context.
const each = 1024

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit rival.Visit) error {
	return s.follow(ctx, streamKey, stream, func(pointer *pebble.Iterator, _ int) (uint64, error) {
		value, err := pointer.ValueAndErr()
		if err != nil {
			return 0, err
		}
		return binary.BigEndian.Uint64(value), nil
	}, visit)
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit rival.Visit) error {
	left := limit
	err := s.follow(ctx, tagKey, tag, func(pointer *pebble.Iterator, prefix int) (uint64, error) {
		if left == 0 {
			return 0, errEnough
		}
		left--
		return binary.BigEndian.Uint64(pointer.Key()[prefix:]), nil
	}, visit)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends a read at its limit.
var errEnough = errors.New("limit reached")

// follow goes through the keys of a name, and visits the events that they point to. The function locate
// says where the event of a key is, of which the name is a prefix of so many bytes.
func (s *store) follow(
	ctx context.Context, kind byte, name string,
	locate func(pointer *pebble.Iterator, prefix int) (position uint64, err error),
	visit rival.Visit,
) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	prefix := appendPrefix(make([]byte, 0, 64), kind, name)
	pointers, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: comparer.ImmediateSuccessor(nil, prefix)})
	if err != nil {
		return fmt.Errorf("iterate keys: %w", err)
	}
	defer func() { err = errors.Join(err, pointers.Close()) }()
	// Opened after the pointers, so that it sees all that they point to.
	records, err := s.records()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()

	key := [1 + number]byte{eventKey}
	var e rival.Recorded
	n := 0
	for ok := pointers.SeekPrefixGE(prefix); ok; ok = pointers.Next() {
		if n++; n%each == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		position, err := locate(pointers, len(prefix))
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint64(key[1:], position)
		// What one commit wrote to a stream lies side by side.
		found := n > 1 && position == e.Position+1 && records.Next() || records.SeekGE(key[:])
		if !found || binary.BigEndian.Uint64(records.Key()[1:]) != position {
			return errors.Join(fmt.Errorf("no record at position %d", position), records.Error())
		}
		if err := decode(records, &e); err != nil {
			return err
		}
		if err := visit(&e); err != nil {
			return err
		}
	}
	return pointers.Error()
}

// records returns an iterator over all records, which the caller closes.
func (s *store) records() (*pebble.Iterator, error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventKey}, UpperBound: []byte{eventKey + 1}})
	if err != nil {
		return nil, fmt.Errorf("iterate records: %w", err)
	}
	return it, nil
}

// ReadAll visits every event.
func (s *store) ReadAll(ctx context.Context, visit rival.Visit) (err error) {
	records, err := s.records()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	var e rival.Recorded
	n := 0
	for ok := records.First(); ok; ok = records.Next() {
		if n++; n%each == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if err := decode(records, &e); err != nil {
			return err
		}
		if err := visit(&e); err != nil {
			return err
		}
	}
	return records.Error()
}

// decode makes e the event whose record the iterator is at. The value is the iterator's own until it moves: it is
// copied, once, as the event may be kept.
func decode(records *pebble.Iterator, e *rival.Recorded) error {
	value, err := records.ValueAndErr()
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	e.Position = binary.BigEndian.Uint64(records.Key()[1:])
	if err := record.Decode(bytes.Clone(value), e); err != nil {
		return fmt.Errorf("decode record: %w", err)
	}
	return nil
}
