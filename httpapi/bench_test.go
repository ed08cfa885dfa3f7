package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// readied is a store whose reads cost nothing.
type readied struct {
	*memory.Store
	events []store.Recorded
}

func (s *readied) Head(context.Context) (store.Position, error) {
	return store.Position(len(s.events)), nil
}

func (s *readied) Read(_ context.Context, _ store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for i := range s.events {
			if !yield(s.events[i], nil) || o.Limit == i+1 {
				return
			}
		}
	}
}

// newReadied makes n events of about 256 bytes, as a shop might have them.
func newReadied(n int) *readied {
	s := &readied{Store: memory.New(memory.Options{})}
	data := []byte(`{"item":"` + strings.Repeat("x", 150) + `","quantity":3}`)
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for i := range n {
		p := store.Position(i + 1)
		s.events = append(s.events, store.Recorded{
			Event: store.Event{
				ID: fmt.Sprintf("0199a7c2-5b1e-7c3d-9f00-%012x", i), Stream: fmt.Sprintf("order-%d", i%1000), Type: []string{"Placed", "Shipped", "Paid"}[i%3],
				Tags: []string{fmt.Sprintf("order:%d", i%1000)}, Data: data, Metadata: []byte(`{"actor":"ada"}`),
			},
			Position: p, Commit: p, Version: uint64(1 + i/1000), RecordedAt: at.Add(time.Duration(i) * time.Millisecond),
		})
	}
	return s
}

func benchServer(b *testing.B, s store.Store) string {
	b.Helper()
	server := httptest.NewServer(httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }}))
	b.Cleanup(server.Close)
	return server.URL
}

// BenchmarkRead reads a long history over loopback, both halves in one process.
func BenchmarkRead(b *testing.B) {
	const events = 200_000
	s := newReadied(events)
	url := benchServer(b, s)
	b.Run("form=frames", func(b *testing.B) {
		c, err := httpapi.Dial(b.Context(), httpapi.DialOptions{URL: url})
		if err != nil {
			b.Fatal(err)
		}
		defer closing(b, c)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			for _, err := range c.Read(b.Context(), nil, store.ReadOptions{}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	})
	for form, accept := range map[string]string{"ndjson": "application/x-ndjson", "sse": "text/event-stream"} {
		b.Run("form="+form, func(b *testing.B) {
			b.ReportAllocs()
			lines := 0
			for b.Loop() {
				lines += readLines(b, url+"/v1/read?query=[]", accept)
			}
			b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
		})
	}
	b.Run("form=frames/limit=10", func(b *testing.B) {
		c, err := httpapi.Dial(b.Context(), httpapi.DialOptions{URL: url})
		if err != nil {
			b.Fatal(err)
		}
		defer closing(b, c)
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range c.Read(b.Context(), nil, store.ReadOptions{Limit: 10}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 10 {
				b.Fatal(n)
			}
		}
	})
}

// readLines reads an answer and counts its lines, as the cheapest of readers would.
func readLines(b *testing.B, url, accept string) int {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	r, n := bufio.NewReaderSize(resp.Body, 64<<10), 0
	for {
		if _, err := r.ReadSlice('\n'); err == io.EOF {
			return n
		} else if err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// BenchmarkEmpty is the limit of BenchmarkAppend: messages of the same size, the client of net/http, and a handler that does nothing.
func BenchmarkEmpty(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(make([]byte, 40))
	}))
	b.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	defer client.CloseIdleConnections()
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(max(1, writers/2)) // of two cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL, strings.NewReader(strings.Repeat("x", 300)))
					if err != nil {
						b.Error(err)
						return
					}
					resp, err := client.Do(req)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}

// BenchmarkAppend appends events one by one, from as many goroutines as there are connections.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			url := benchServer(b, memory.New(memory.Options{}))
			c, err := httpapi.Dial(b.Context(), httpapi.DialOptions{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			defer closing(b, c)
			e := newReadied(1).events[0].Event
			b.ReportAllocs()
			b.SetParallelism(max(1, writers/2)) // of two cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := c.Append(b.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
	b.Run("started", func(b *testing.B) {
		url := benchServer(b, memory.New(memory.Options{}))
		c, err := httpapi.Dial(b.Context(), httpapi.DialOptions{URL: url})
		if err != nil {
			b.Fatal(err)
		}
		defer closing(b, c)
		e := newReadied(1).events[0].Event
		b.ReportAllocs()
		var waits []func() (store.Result, error)
		for b.Loop() {
			waits = append(waits, c.Start(b.Context(), store.Commit{Events: []store.Event{e}}))
		}
		for _, wait := range waits {
			if _, err := wait(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
	})
}

func closing(t testing.TB, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
