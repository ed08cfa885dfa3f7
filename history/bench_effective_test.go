package history_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// BenchmarkStateEffective folds a stream of 100,000 events on disk by effective time, of which so many per cent came late, by up to the whole of the history.
func BenchmarkStateEffective(b *testing.B) {
	for _, late := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("late=%d", late), func(b *testing.B) {
			s, err := disk.Open(b.TempDir(), disk.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					b.Error(err)
				}
			}()
			const events, batch = 100_000, 1000
			rnd := rand.New(rand.NewPCG(1, 2))
			for n := 0; n < events; n += batch {
				var c store.Commit
				for i := n; i < n+batch; i++ {
					e := store.Event{
						Stream: "order-42", Type: "Changed", ID: fmt.Sprintf("0199a7c2-5b1e-7c3d-9f00-%012x", i), EffectiveAt: day(1).Add(time.Duration(i) * time.Second),
						Data:     fmt.Appendf(nil, `{"status":"s%d","due":%d.50,"customer":{"name":"c-%d","city":"Lyon"},"counts":{"k%d":%d}}`, i%7, i%1000, i%50, i%100, i),
						Metadata: []byte(`{"actor":"ada","correlationId":"req-9"}`),
					}
					if rnd.IntN(100) < late {
						e.EffectiveAt = day(1).Add(time.Duration(rnd.IntN(i+1)) * time.Second)
					}
					c.Events = append(c.Events, e)
				}
				if _, err := s.Append(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := history.FoldState(b.Context(), s, long, history.StateOptions{EffectiveAt: day(30)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
