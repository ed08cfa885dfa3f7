package bbolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/guard"
	"github.com/gestadb/gesta/bench/rival/record"
)

// buckets are those of one transaction.
type buckets struct {
	events, streams, types, tags *bolt.Bucket
	guards                       *bolt.Cursor // over streams
}

// commit writes a group in one transaction. A request whose streams are elsewhere gets its own error, and
// has changed nothing: all its guards are checked before its first event is put.
func (s *store) commit(requests []*group.Request) error {
	next := s.next
	s.values = s.values[:0]
	err := s.db.Update(func(tx *bolt.Tx) error {
		b := buckets{
			events: tx.Bucket(eventBucket), streams: tx.Bucket(streamBucket),
			types: tx.Bucket(typeBucket), tags: tx.Bucket(tagBucket),
		}
		b.guards = b.streams.Cursor()
		// Positions only rise, so that a page which is full stays full.
		b.events.FillPercent = 1
		for _, r := range requests {
			if r.Err = s.check(&b, r); r.Err != nil {
				continue
			}
			for i := range r.Events {
				if err := s.put(&b, &r.Events[i], next); err != nil {
					return fmt.Errorf("put event: %w", err)
				}
				next++
			}
		}
		return nil
	})
	if err == nil {
		s.next = next
	}
	return err
}

// check returns an error if the request cannot be written as the streams are.
func (s *store) check(b *buckets, r *group.Request) error {
	for i := range r.Events {
		e := &r.Events[i]
		if strings.IndexByte(e.Stream, 0) >= 0 || strings.IndexByte(e.Type, 0) >= 0 || strings.IndexByte(e.Tag, 0) >= 0 {
			return fmt.Errorf("event %d of the commit: a name holds a zero byte", i)
		}
	}
	for i := range r.Guards {
		if g := &r.Guards[i]; !s.holds(b, g) {
			return fmt.Errorf("stream %q is not at version %d: %w", g.Stream, g.Before, rival.ErrConflict)
		}
	}
	return nil
}

// holds says whether the stream's last version is the one that the guard expects: the key of the next one
// would come right after it, and right before another stream's.
func (s *store) holds(b *buckets, g *guard.Guard) bool {
	s.key = appendKey(s.key[:0], g.Stream, g.Before)
	prefix := s.key[:len(g.Stream)+1]
	key, _ := b.guards.Seek(s.key)
	if g.Before > 0 {
		if !bytes.Equal(key, s.key) {
			return false
		}
		key, _ = b.guards.Next()
	}
	return !bytes.HasPrefix(key, prefix)
}

// put writes one event at its position. bbolt copies keys, but keeps values until the transaction is over.
func (s *store) put(b *buckets, e *rival.Event, position uint64) error {
	start := len(s.values)
	s.values = binary.BigEndian.AppendUint64(s.values, position)
	s.values = record.Append(s.values, e)
	at, value := s.values[start:start+number:start+number], s.values[start+number:len(s.values):len(s.values)]
	if err := b.events.Put(at, value); err != nil {
		return err
	}
	s.key = appendKey(s.key[:0], e.Stream, e.Version)
	if err := b.streams.Put(s.key, at); err != nil {
		return err
	}
	s.key = appendKey(s.key[:0], e.Type, position)
	if err := b.types.Put(s.key, nil); err != nil {
		return err
	}
	s.key = appendKey(s.key[:0], e.Tag, position)
	return b.tags.Put(s.key, nil)
}
