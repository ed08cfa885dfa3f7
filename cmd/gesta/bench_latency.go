package main

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// benchLatency are percentiles in microseconds.
type benchLatency struct {
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

// maxLatencyUs is the longest wait that is told from a longer one: a minute.
const maxLatencyUs = 60_000_000

// latencies collects how long things took, from many goroutines, each of which names itself by a number.
type latencies struct {
	shards [16]struct {
		mu sync.Mutex
		h  *hdrhistogram.Histogram // guarded by mu
	}
}

func newLatencies() *latencies {
	l := &latencies{}
	for i := range l.shards {
		l.shards[i].h = hdrhistogram.New(1, maxLatencyUs, 3)
	}
	return l
}

func (l *latencies) record(goroutine int, d time.Duration) {
	s := &l.shards[goroutine%len(l.shards)]
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.h.RecordValue(min(max(d.Microseconds(), 1), maxLatencyUs)) // it refuses only what is out of its range
}

func (l *latencies) percentiles() benchLatency {
	all := hdrhistogram.New(1, maxLatencyUs, 3)
	for i := range l.shards {
		l.shards[i].mu.Lock()
		all.Merge(l.shards[i].h)
		l.shards[i].mu.Unlock()
	}
	return benchLatency{
		P50: all.ValueAtPercentile(50), P90: all.ValueAtPercentile(90), P99: all.ValueAtPercentile(99),
		P999: all.ValueAtPercentile(99.9), Max: all.Max(),
	}
}
