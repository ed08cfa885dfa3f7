package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// ledger is what was acknowledged: for each client the position of each of its events, by number.
type ledger struct {
	mu    sync.Mutex
	acked map[string]map[int]uint64
	count int
	paced int // of the clients that have a pace
}

func newLedger() *ledger { return &ledger{acked: map[string]map[int]uint64{}} }

// note takes an acknowledgement.
func (l *ledger) note(client string, n int, position uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.acked[client]
	if of == nil {
		of = map[int]uint64{}
		l.acked[client] = of
	}
	of[n] = position
	l.count++
	if strings.HasPrefix(client, "paced") {
		l.paced++
	}
}

// total returns how many were acknowledged so far, and how many of them to clients that have a pace.
func (l *ledger) total() (all, paced int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count, l.paced
}

// payload is the data of event n of a client.
func payload(client string, n int) string {
	return fmt.Sprintf(`{"client":"%s","n":%d,"filler":"%s"}`, client, n, filler)
}

// filler makes an event have about 256 bytes.
var filler = strings.Repeat("x", 200)

// verify holds everything that a store has against the ledger: what was acknowledged is there once, where that was said, and what was not is there once at the
// most. The store itself is whole. It returns how many events there are.
func (l *ledger) verify(t *testing.T, dir string) int {
	t.Helper()
	run(t, "check", "--store", dir)
	cmd := exec.CommandContext(t.Context(), program, "export", "ndjson", "--store", dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	seen, events := l.read(t, bufio.NewReaderSize(out, 1<<20))
	if err := cmd.Wait(); err != nil {
		t.Fatalf("gesta export: %v", err)
	}
	lost := 0
	for client, of := range l.acked {
		for n, position := range of {
			if _, ok := seen[fmt.Sprint(client, "/", n)]; !ok {
				if lost++; lost <= 10 {
					t.Errorf("event %d of %s was acknowledged at %d and is not there", n, client, position)
				}
			}
		}
	}
	if lost > 10 {
		t.Errorf("%d acknowledged events are not there", lost)
	}
	return events
}

// read reads the lines of an export, and returns where each event is.
func (l *ledger) read(t *testing.T, lines *bufio.Reader) (seen map[string]uint64, events int) {
	t.Helper()
	seen = map[string]uint64{}
	wrong := 0
	complain := func(format string, args ...any) {
		if wrong++; wrong <= 10 {
			t.Errorf(format, args...)
		}
	}
	if _, err := lines.ReadBytes('\n'); err != nil { // what is exported
		t.Fatal(err)
	}
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return seen, events
		}
		var e struct {
			Position uint64
			Data     struct {
				Client string
				N      int
			}
		}
		if err := json.Unmarshal(line, &e); err != nil || e.Position == 0 {
			t.Fatalf("a line of the export is %q, %v", line, err)
		}
		events++
		if e.Position != uint64(events) {
			complain("event %d is at position %d", events, e.Position)
		}
		if e.Data.Client == "" {
			continue
		}
		id := fmt.Sprint(e.Data.Client, "/", e.Data.N)
		if first, twice := seen[id]; twice {
			complain("event %s is at %d and at %d", id, first, e.Position)
		}
		seen[id] = e.Position
		kind, _, _ := strings.Cut(e.Data.Client, "-")
		switch position, ok := l.acked[e.Data.Client][e.Data.N]; {
		case ok && position != e.Position:
			complain("event %s was acknowledged at %d and is at %d", id, position, e.Position)
		case !ok && kind != "unkeyed" && kind != "uma":
			complain("event %s is at %d, and its sender, who sends each until it is acknowledged, does not know", id, e.Position)
		}
	}
}
