package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/gestadb/gesta/bench/rival/record"
)

// each is the number of events between two looks at the context.
const each = 1024

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit func(version uint64, data []byte) error) error {
	return s.follow(ctx, streamKey, stream, func(pointer *pebble.Iterator, n int) (number, position uint64, err error) {
		value, err := pointer.ValueAndErr()
		if err != nil {
			return 0, 0, err
		}
		return binary.BigEndian.Uint64(pointer.Key()[n:]), binary.BigEndian.Uint64(value), nil
	}, visit)
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit func(position uint64, data []byte) error) error {
	left := limit
	err := s.follow(ctx, tagKey, tag, func(pointer *pebble.Iterator, n int) (number, position uint64, err error) {
		if left == 0 {
			return 0, 0, errEnough
		}
		left--
		position = binary.BigEndian.Uint64(pointer.Key()[n:])
		return position, position, nil
	}, visit)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends a read at its limit.
var errEnough = errors.New("limit reached")

// follow goes through the keys of a name, and visits the events that they point to. The function locate
// says what to call an event and where it is.
func (s *store) follow(
	ctx context.Context, kind byte, name string,
	locate func(pointer *pebble.Iterator, prefix int) (number, position uint64, err error),
	visit func(uint64, []byte) error,
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
	records, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventKey}, UpperBound: []byte{eventKey + 1}})
	if err != nil {
		return fmt.Errorf("iterate records: %w", err)
	}
	defer func() { err = errors.Join(err, records.Close()) }()

	key := [1 + number]byte{eventKey}
	n, last := 0, uint64(0)
	for ok := pointers.SeekPrefixGE(prefix); ok; ok = pointers.Next() {
		if n++; n%each == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		at, position, err := locate(pointers, len(prefix))
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint64(key[1:], position)
		// What one commit wrote to a stream lies side by side.
		found := n > 1 && position == last+1 && records.Next() || records.SeekGE(key[:])
		last = position
		if !found || binary.BigEndian.Uint64(records.Key()[1:]) != position {
			return errors.Join(fmt.Errorf("no record at position %d", position), records.Error())
		}
		data, err := value(records)
		if err != nil {
			return err
		}
		if err := visit(at, data); err != nil {
			return err
		}
	}
	return pointers.Error()
}

// ReadAll visits every event.
func (s *store) ReadAll(ctx context.Context, visit func(position uint64, data []byte) error) (err error) {
	records, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventKey}, UpperBound: []byte{eventKey + 1}})
	if err != nil {
		return fmt.Errorf("iterate records: %w", err)
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	n := 0
	for ok := records.First(); ok; ok = records.Next() {
		if n++; n%each == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		data, err := value(records)
		if err != nil {
			return err
		}
		if err := visit(binary.BigEndian.Uint64(records.Key()[1:]), data); err != nil {
			return err
		}
	}
	return records.Error()
}

// value returns the data of the record that the iterator is at.
func value(records *pebble.Iterator) ([]byte, error) {
	got, err := records.ValueAndErr()
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	data, err := record.Data(got)
	if err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return data, nil
}
