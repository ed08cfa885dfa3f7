package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

func benchOf(change func(*benchConfig)) *benchConfig {
	c := &benchConfig{
		Writers: 4, Batch: 2, EventBytes: 64, Streams: 10, Readers: 1, Seconds: 0.1, Sync: syncNever, Guard: guardStream,
	}
	change(c)
	return c
}

// TestMeasure holds what is reported against what is in the store, with each guard, and with fewer streams than writers,
// where guards fail.
func TestMeasure(t *testing.T) {
	for _, guard := range []string{guardNone, guardStream, guardDCB} {
		for _, streams := range []int{1, 10} {
			t.Run(fmt.Sprintf("guard=%s/streams=%d", guard, streams), func(t *testing.T) {
				s := newMemory(t)
				c := benchOf(func(c *benchConfig) { c.Guard, c.Streams = guard, streams })
				d, err := measure(t.Context(), s, c, filepath.Join(t.TempDir(), "limit"))
				if err != nil {
					t.Fatal(err)
				}
				head, err := s.Head(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if d.Append.Events == 0 || d.Append.Events != int64(head) || d.Append.Commits*2 != d.Append.Events {
					t.Errorf("%d commits, %d events; the head is %d", d.Append.Commits, d.Append.Events, head)
				}
				if guard == guardNone && d.Append.Errors != 0 || streams == 10 && d.Append.Errors != 0 {
					t.Errorf("%d refused; no two writers share a stream, or there is no guard", d.Append.Errors)
				}
				l := d.Append.LatencyUs
				if l.P50 < 1 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
					t.Errorf("latencies %+v do not rise", l)
				}
				if d.Read.Reads == 0 || d.Limit.Name != "zeroahead" || d.Limit.EventsPerSecond == 0 || d.Ratio == 0 {
					t.Errorf("document %+v", d)
				}
				checkBenchEvents(t, s, c)
			})
		}
	}
}

func checkBenchEvents(t *testing.T, s store.Store, c *benchConfig) {
	t.Helper()
	streams := map[string]uint64{}
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if streams[r.Stream]++; r.Version != streams[r.Stream] || len(r.Data) != c.EventBytes || !eventjson.Valid(r.Data) {
			t.Fatalf("event %d of %s: version %d, %d bytes of data: %s", r.Position, r.Stream, r.Version, len(r.Data), r.Data)
		}
	}
	if len(streams) > c.Streams {
		t.Errorf("%d streams; want %d at the most", len(streams), c.Streams)
	}
}

func TestFill(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for n := range 100 {
		data := make([]byte, n)
		fill(data, random)
		if n > 0 && !eventjson.Valid(data) {
			t.Errorf("%d bytes are no JSON: %s", n, data)
		}
	}
}

func TestBenchFlags(t *testing.T) {
	for text, change := range map[string]func(*benchConfig){
		"--writers 0":            func(c *benchConfig) { c.Writers = 0 },
		"--batch -1":             func(c *benchConfig) { c.Batch = -1 },
		"--event-bytes":          func(c *benchConfig) { c.EventBytes = 1 << 30 },
		"--streams 0":            func(c *benchConfig) { c.Streams = 0 },
		"--readers -1":           func(c *benchConfig) { c.Readers = -1 },
		"--seconds 0":            func(c *benchConfig) { c.Seconds = 0 },
		"--sync is":              func(c *benchConfig) { c.Sync = "sometimes" },
		"--guard is":             func(c *benchConfig) { c.Guard = "dog" },
		"more than a commit may": func(c *benchConfig) { c.Batch, c.EventBytes = 1000, 1<<20 },
	} {
		err := benchOf(change).check()
		if d := eventjson.Describe(err); d.Code != eventjson.CodeUsage || !strings.Contains(d.Message, text) {
			t.Errorf("%v; want a usage error with %q", err, text)
		}
	}
	if err := benchOf(func(*benchConfig) {}).check(); err != nil {
		t.Error(err)
	}
}

// TestBenchMembers keeps the names of the document, which scripts rely on.
func TestBenchMembers(t *testing.T) {
	b, err := json.Marshal(benchDocument{Config: benchConfig{Seconds: 10, Sync: syncAlways, Guard: guardStream}, Limit: benchLimit{Name: "zeroahead"}, Ratio: 0.83})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"config":{"writers":0,"batch":0,"eventBytes":0,"streams":0,"readers":0,"seconds":10,"sync":"always","guard":"stream"},` +
		`"machine":{"cpu":"","cores":0,"os":"","go":"","version":""},` +
		`"append":{"commits":0,"events":0,"errors":0,"seconds":0,"eventsPerSecond":0,"latencyUs":{"p50":0,"p90":0,"p99":0,"p999":0,"max":0}},` +
		`"read":{"reads":0,"events":0,"errors":0,"seconds":0,"eventsPerSecond":0,"latencyUs":{"p50":0,"p90":0,"p99":0,"p999":0,"max":0}},` +
		`"limit":{"name":"zeroahead","eventsPerSecond":0},"ratio":0.83}`
	if !bytes.Equal(b, []byte(want)) {
		t.Errorf("%s\nwant\n%s", b, want)
	}
}

// TestLimit holds what is reported of the limit against what was asked for, and looks that nothing is left of it.
func TestLimit(t *testing.T) {
	dir := t.TempDir()
	c := benchOf(func(c *benchConfig) { c.Writers = 8 })
	l, err := newLimit(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		before, elapsed := l.events, l.elapsed
		if err := l.run(t.Context(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if n := l.events - before; n < int64(c.Writers*c.Batch) || n%int64(c.Batch) != 0 || l.elapsed <= elapsed {
			t.Errorf("%d events more in %v", n, l.elapsed-elapsed)
		}
	}
	if err := l.close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
