package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// appending is a store that processes of gesta append --ndjson append to until they are killed.
type appending struct {
	t     *testing.T
	store string
	first map[int]position // the first position of each acknowledged line
	acked int              // so many lines were acknowledged
}

type position = uint64

// killedLine is line n of the input: it has one event or two, and a key by which it can be sent again.
func killedLine(n int) string {
	event := fmt.Sprintf(`{"stream":"a-%d","type":"Sent","data":{"n":%d}}`, n%50, n)
	if n%3 > 0 {
		return fmt.Sprintf(`{"key":"line-%d",%s`, n, event[1:]) + "\n"
	}
	return fmt.Sprintf(`{"key":"line-%d","events":[%s,{"type":"Also","tags":["n:%d"],"data":{"n":%d}}]}`, n, event, n, n) + "\n"
}

// killedEvents returns how many events line n has.
func killedEvents(n int) int {
	if n%3 > 0 {
		return 1
	}
	return 2
}

// TestAppendKilled ends gesta append --ndjson with kill -9 while many lines are in flight, and sends what was not acknowledged
// again, to the same store. The check is clean each time, and every acknowledged event is there, once, in the order of the input: 10
// times, and 100 times with GESTA_CRASH_SEEDS.
func TestAppendKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no kill -9")
	}
	rounds := 10
	if os.Getenv("GESTA_CRASH_SEEDS") != "" && !testing.Short() {
		rounds = 100
	}
	const ofOneStore = 20
	var a *appending
	for round := range rounds {
		if round%ofOneStore == 0 {
			a = &appending{t: t, store: filepath.Join(t.TempDir(), "store"), first: map[int]position{}}
			a.gesta("init", a.store)
		}
		rnd := rand.New(rand.NewPCG(uint64(round), 5))
		a.killAfter(1 + rnd.IntN(3000))
		a.gesta("check", "--store", a.store)
		a.verify(round%2 == 0)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

// gesta runs a command that must succeed and returns its output.
func (a *appending) gesta(args ...string) []byte {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "gesta", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		a.t.Fatalf("gesta %q: %v\n%s%s", args, err, out, &errs)
	}
	return out
}

// killAfter sends lines from the first that was not acknowledged on, and kills the process after so many acknowledgements.
func (a *appending) killAfter(acks int) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "gesta", "append", "--ndjson", "--store", a.store)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		a.t.Fatal(err)
	}
	sent := make(chan struct{})
	go func(n int) {
		defer close(sent)
		for err := error(nil); err == nil; n++ { // until the process is dead
			_, err = io.WriteString(in, killedLine(n))
		}
	}(a.acked)
	lines := bufio.NewReader(out)
	begin := a.acked
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		a.note(line, begin)
		if n == acks {
			if err := cmd.Process.Kill(); err != nil {
				a.t.Errorf("kill: %v", err)
			}
		}
	}
	<-sent
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		a.t.Fatalf("the process was not killed: %v\n%s", err, &errs)
	}
}

// note takes an acknowledgement of a process that began with a line.
func (a *appending) note(line []byte, begin int) {
	a.t.Helper()
	var ack struct {
		Line        int
		OK          bool
		First, Last position
	}
	n := a.acked
	if err := json.Unmarshal(line, &ack); err != nil || !ack.OK || ack.Line != n-begin+1 || int(ack.Last-ack.First)+1 != killedEvents(n) {
		a.t.Fatalf("line %d is acknowledged by %s, %v", n, line, err)
	}
	a.first[n] = ack.First
	a.acked++
}

// verify compares all events, as log or export gives them, with the lines that were sent: a beginning of them, in order, at least as
// far as they were acknowledged.
func (a *appending) verify(export bool) {
	a.t.Helper()
	args := []string{"log", "--reverse", "--ndjson", "--store", a.store}
	if export {
		args = []string{"export", "ndjson", "--store", a.store}
	}
	lines := slices.Collect(strings.Lines(string(a.gesta(args...))))
	if export {
		lines = lines[1:] // what is exported
	}
	n, left := 0, killedEvents(0)
	for i, line := range lines {
		var e struct {
			Position position
			Data     struct{ N int }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Position != position(i+1) || e.Data.N != n {
			a.t.Fatalf("event %d is %s, %v; want one of line %d", i+1, line, err, n)
		}
		if first, ok := a.first[n]; ok && left == killedEvents(n) && first != e.Position {
			a.t.Fatalf("line %d was acknowledged at position %d and is at %d", n, first, e.Position)
		}
		if left--; left == 0 {
			n++
			left = killedEvents(n)
		}
	}
	if n < a.acked || left != killedEvents(n) {
		a.t.Fatalf("there are %d lines and %d events of the next; %d lines were acknowledged", n, killedEvents(n)-left, a.acked)
	}
}
