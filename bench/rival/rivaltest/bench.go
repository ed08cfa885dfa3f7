package rivaltest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/bench/rival"
)

// Bench measures a rival roughly, without sync: appends, and reads of what the last of them wrote. One
// operation is one event, but for streams of ten and tags, where it is one read. The comparison proper
// is made by the program of this module; this is to see that an adapter is not slow by accident.
func Bench(b *testing.B, maker rival.Maker) {
	b.Helper()
	for _, shape := range []struct{ writers, batch int }{{1, 1}, {64, 1}, {1, 100}, {16, 100}} {
		b.Run(fmt.Sprintf("Append/writers=%d/batch=%d", shape.writers, shape.batch), func(b *testing.B) {
			store := openBench(b, maker)
			b.ResetTimer()
			load(b, store, b.N, shape.writers, shape.batch)
		})
	}
	const loaded = 100_000
	var store rival.Store
	ready := func(b *testing.B) {
		b.Helper()
		b.ReportAllocs()
		if store == nil {
			store = openBench(b, maker)
			load(b, store, loaded, 16, 10)
			if err := store.Settle(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ResetTimer()
	}
	b.Run("Reads", func(b *testing.B) {
		// The store lives for the three of them.
		ready(b)
		b.Run("Stream", func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 1))
			for b.Loop() {
				n := 0
				stream := fmt.Sprintf("order-0-%d", random.IntN(loaded/10))
				if err := store.ReadStream(b.Context(), stream, func(e *rival.Recorded) error {
					n += min(len(e.Data), 1)
					return nil
				}); err != nil || n != 10 {
					b.Fatalf("stream %s: %d events, %v", stream, n, err)
				}
			}
		})
		b.Run("Tag", func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 1))
			for b.Loop() {
				if err := store.ReadTag(b.Context(), fmt.Sprintf("customer-%d", random.IntN(1000)), 10,
					func(*rival.Recorded) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("All", func(b *testing.B) {
			left := b.N
			stop := errors.New("enough")
			for left > 0 {
				if err := store.ReadAll(b.Context(), func(*rival.Recorded) error {
					if left--; left == 0 {
						return stop
					}
					return nil
				}); err != nil && !errors.Is(err, stop) {
					b.Fatal(err)
				}
			}
		})
	})
}

// openBench opens a store for a benchmark.
func openBench(b *testing.B, maker rival.Maker) rival.Store {
	b.Helper()
	store, err := maker.Open(b.TempDir(), false)
	if err != nil {
		b.Skipf("open: %v", err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Errorf("close: %v", err)
		}
	})
	return store
}

// load appends n events, or a few more, by so many writers. A stream has ten events or, if that is more, as
// many as a batch; it is numbered through among those of one writer for small batches, among all for others.
func load(b *testing.B, store rival.Store, n, writers, batch int) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			random := rand.NewChaCha8([32]byte{byte(w), byte(w >> 8)})
			commit := make([]rival.Event, batch)
			for i := range commit {
				commit[i].Data = make([]byte, 256)
			}
			for written := 0; ; written += batch {
				at, writer := int(next.Add(int64(batch)))-batch, 0
				if at >= n {
					return
				}
				if batch < 10 {
					at, writer = written, w
				}
				fill(commit, random, writer, at)
				if err := store.Append(b.Context(), commit); err != nil {
					b.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	group.Wait()
}

// fill makes the events from number first on.
func fill(commit []rival.Event, random *rand.ChaCha8, writer, first int) {
	length := max(10, len(commit))
	for i := range commit {
		at, e := first+i, &commit[i]
		_, _ = random.Read(e.ID[:]) // never an error
		e.Stream = fmt.Sprintf("order-%d-%d", writer, at/length)
		e.Version = uint64(at%length + 1)
		e.Type = [...]string{"order.placed", "order.paid", "order.shipped"}[at%3]
		e.Tag = fmt.Sprintf("customer-%d", binary.LittleEndian.Uint64(e.ID[:])%1000)
		e.Data = fmt.Appendf(e.Data[:0], `{"order":%d,"customer":"%x","lines":[{"sku":"%x","quantity":%d}],"note":"`, at, e.ID[:8], e.ID[8:], at%7)
		for len(e.Data) < 254 {
			e.Data = append(e.Data, "abcdefghijklmnopqrstuvwxyz012345"[random.Uint64()%32])
		}
		e.Data = append(e.Data, `"}`...)
	}
}
