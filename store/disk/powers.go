package disk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// The powers of a store on disk.
var (
	_ store.Tracker   = (*Store)(nil)
	_ store.Keys      = (*Store)(nil)
	_ store.Starter   = (*Store)(nil)
	_ store.Dumper    = (*Store)(nil)
	_ store.Restorer  = (*Store)(nil)
	_ store.Lister    = (*Store)(nil)
	_ store.Identity  = (*Store)(nil)
	_ store.IDs       = (*Store)(nil)
	_ store.Limiter   = (*Store)(nil)
	_ store.Measurer  = (*Store)(nil)
	_ store.Checker   = (*Store)(nil)
	_ store.Eraser    = (*Store)(nil)
	_ store.Truncater = (*Store)(nil)
)

// use makes the caller a user of the store, until the returned function is called.
func (s *Store) use(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.users.enter(); err != nil {
		return nil, err
	}
	return s.users.leave, nil
}

// Tracked returns the last tracking position of a source; see [store.Tracker].
func (s *Store) Tracked(ctx context.Context, source string) (uint64, error) {
	leave, err := s.use(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	until := s.tip.get().end.Next
	v := s.views.acquire()
	defer s.views.release(v)
	for _, src := range slices.Backward(v.sources()) {
		p, ok, err := src.Tracked(source, until)
		if err != nil || ok {
			return p, err
		}
	}
	if h := s.heads.Load(); h != nil {
		return h.Trackings()[source], nil
	}
	return 0, nil
}

// Lookup returns the result of the commit with a key; see [store.Keys].
func (s *Store) Lookup(ctx context.Context, key string) (store.Result, error) {
	p, err := s.visibleKey(ctx, key)
	if err != nil {
		return store.Result{}, err
	}
	if p == 0 {
		return store.Result{}, fmt.Errorf("key %q: %w", key, store.ErrNotFound)
	}
	res, _, err := s.commitAt(ctx, p)
	res.Duplicate = err == nil
	return res, err
}

func (s *Store) visibleKey(ctx context.Context, key string) (store.Position, error) {
	leave, err := s.use(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	head, first := s.tip.position(), s.first()
	v := s.views.acquire()
	defer s.views.release(v)
	for _, t := range slices.Backward(v.tables) {
		if p, ok := t.Key(key); ok && p <= head && p >= first {
			return p, nil
		}
	}
	return s.keyInFiles(v, key)
}

// ByID yields the events with an id; see [store.IDs].
func (s *Store) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		events, err := s.byID(ctx, id)
		yieldAll(events, err, yield)
	}
}

// yieldAll yields what was found, and then the error that ended the search, unless it is nil.
func yieldAll[T any](found []T, err error, yield func(T, error) bool) {
	for _, v := range found {
		if !yield(v, nil) {
			return
		}
	}
	if err != nil {
		var none T
		yield(none, err)
	}
}

func (s *Store) byID(ctx context.Context, id string) ([]store.Recorded, error) {
	leave, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	binary, ok := segment.ParseID(id)
	if !ok {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("id %q is not a UUID in lower-case canonical text", id)}
	}
	for {
		first := s.first()
		events, err := s.findID(id, binary)
		if errors.Is(err, store.ErrTruncated) && s.first() > first { // of what is left, none is gone
			continue
		}
		return events, err
	}
}

// findID reads the events with an id.
func (s *Store) findID(id string, binary [16]byte) (events []store.Recorded, err error) {
	v := s.views.acquire()
	defer s.views.release(v)
	b := batch{s: s, f: fetcher{s: s}}
	defer b.close()
	after, until := s.first()-1, s.tip.position()
	for _, src := range v.sources() {
		if b.positions, err = src.IDCandidates(b.positions[:0], binary, after, until); err != nil {
			return b.events, err
		}
		if b.places, err = src.Places(b.places[:0], b.positions); err != nil {
			return b.events, err
		}
		for i, p := range b.positions {
			r, err := b.f.event(b.places[i], p, true)
			if err != nil {
				return b.events, err
			}
			if r.ID == id {
				b.events = append(b.events, r)
			}
		}
	}
	return b.events, nil
}

// Stats returns the figures of the directory; see [store.Measurer].
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	leave, err := s.use(ctx)
	if err != nil {
		return store.Stats{}, err
	}
	defer leave()
	st := store.Stats{IndexBytes: s.index.Bytes()}
	end := s.tip.get().end
	for n := s.base().Next.Segment(); n <= end.Next.Segment(); n++ {
		size, err := s.segs.size(n)
		if err != nil {
			return st, fmt.Errorf("measure segment: %w", err)
		}
		if n == end.Next.Segment() {
			size = int64(end.Next.Offset())
		}
		st.LogBytes += size
		st.Segments++
	}
	if end.RecordedAt != noTime {
		st.ClockBehind = max(0, time.Duration(end.RecordedAt-segment.Micros(s.opts.Clock()))*time.Microsecond)
	}
	return st, nil
}

// Streams lists streams; see [store.Lister].
func (s *Store) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	return func(yield func(store.StreamInfo, error) bool) {
		const page = 256
		for left := o.Limit; ; {
			n := page
			if o.Limit > 0 {
				n = min(n, left)
			}
			infos, err := s.streams(ctx, o, n)
			for _, info := range infos {
				if !yield(info, nil) {
					return
				}
				o.After = info.Stream
			}
			if err != nil {
				yield(store.StreamInfo{}, err)
				return
			}
			if left -= len(infos); len(infos) < n || o.Limit > 0 && left <= 0 {
				return
			}
		}
	}
}

// streams returns at most n streams.
func (s *Store) streams(ctx context.Context, o store.StreamsOptions, n int) ([]store.StreamInfo, error) {
	leave, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	v := s.views.acquire()
	defer s.views.release(v)
	var out []store.StreamInfo
	for info, err := range index.ListStreams(s.namesOf(v), o.Prefix, o.After, s.tip.position()) {
		if err != nil {
			return out, err
		}
		if out = append(out, info); len(out) == n {
			break
		}
	}
	return out, nil
}

// namesOf returns the parts of a view that list names, oldest first.
func (s *Store) namesOf(v *view) []index.Lister {
	var parts []index.Lister
	if h := s.heads.Load(); h != nil {
		parts = append(parts, h)
	}
	for _, f := range v.files.Files() {
		parts = append(parts, f)
	}
	for _, t := range v.tables {
		parts = append(parts, t)
	}
	return parts
}

// Types lists types; see [store.Lister]. After a truncation it counts by reading what is left.
func (s *Store) Types(ctx context.Context) iter.Seq2[store.TypeInfo, error] {
	return func(yield func(store.TypeInfo, error) bool) {
		infos, err := s.types(ctx)
		yieldAll(infos, err, yield)
	}
}

func (s *Store) types(ctx context.Context) ([]store.TypeInfo, error) {
	if s.heads.Load() != nil {
		return s.countTypes(ctx)
	}
	leave, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	v := s.views.acquire()
	defer s.views.release(v)
	var out []store.TypeInfo
	for info, err := range index.ListTypes(s.namesOf(v), s.tip.position()) {
		if err != nil {
			return out, err
		}
		out = append(out, info)
	}
	return out, nil
}

func (s *Store) countTypes(ctx context.Context) ([]store.TypeInfo, error) {
	counts := map[string]uint64{}
	for r, err := range s.Read(ctx, nil, store.ReadOptions{After: s.first() - 1}) {
		if err != nil {
			return nil, err
		}
		counts[r.Type]++
	}
	out := make([]store.TypeInfo, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, store.TypeInfo{Type: name, Events: counts[name]})
	}
	return out, nil
}
