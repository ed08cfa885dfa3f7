package answers

import (
	"context"
	"iter"
	"strconv"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Streams yields the streams that are known by name, system streams only where o.Prefix begins with $.
func (q *Question) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	if q.nothing() {
		return func(func(store.StreamInfo, error) bool) {}
	}
	return history.Streams(ctx, q.Store, o, q.past())
}

// Types returns the types that are known by name, with the number of their events outside of system streams. To who may not read everything they are denied.
func (q *Question) Types(ctx context.Context) ([]store.TypeInfo, error) {
	if err := store.MayRead(ctx, q.Store, nil); err != nil {
		return nil, err
	}
	if q.nothing() {
		return nil, nil
	}
	return history.Types(ctx, q.Store, q.past())
}

// AppendStream appends an item of the list of streams.
func AppendStream(dst []byte, s *store.StreamInfo) []byte {
	dst = eventjson.AppendString(append(dst, `{"stream":`...), s.Stream)
	dst = strconv.AppendUint(append(dst, `,"version":`...), s.Version, 10)
	dst = strconv.AppendUint(append(dst, `,"lastPosition":`...), uint64(s.LastPosition), 10)
	dst = eventjson.AppendTime(append(dst, `,"lastRecordedAt":`...), s.LastRecordedAt)
	return append(dst, '}')
}

// AppendType appends an item of the list of types.
func AppendType(dst []byte, t *store.TypeInfo) []byte {
	dst = eventjson.AppendString(append(dst, `{"type":`...), t.Type)
	return append(strconv.AppendUint(append(dst, `,"events":`...), t.Events, 10), '}')
}
