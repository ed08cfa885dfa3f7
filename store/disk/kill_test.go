package disk_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// killedWriter is the environment variable that makes this test binary the process that TestKill ends: it has the directory of a store.
const killedWriter = "GESTA_TEST_KILLED_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedWriter); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // it should have been killed
	}
	os.Exit(m.Run())
}

// killWriters is how many goroutines append in the process that is killed. Each has commits of its own, numbered from 0.
const killWriters = 16

// killOptions make a store roll and write index files every few hundred commits.
var killOptions = disk.Options{SegmentBytes: 64 << 10, IndexBytes: 32 << 10}

// killCommit returns commit n of a writer: an event in its own stream, which is then at version n+1, and up to three in streams
// that it shares with others.
func killCommit(writer, n int) store.Commit {
	c := store.Commit{
		Key:    fmt.Sprintf("%d/%d", writer, n),
		Guards: []store.Guard{store.StreamAt{Stream: fmt.Sprintf("own-%d", writer), Version: uint64(n)}},
	}
	for i := range 1 + n%4 {
		e := store.Event{
			Stream: fmt.Sprintf("shared-%d", (writer+n+i)%5), Type: "Written",
			Data: fmt.Appendf(nil, "%d/%d/%d %s", writer, n, i, strings.Repeat(".", (writer*n)%200)),
		}
		if i == 0 {
			e.Stream = fmt.Sprintf("own-%d", writer)
		}
		c.Events = append(c.Events, e)
	}
	return c
}

// writeUntilKilled appends with all writers, each of which begins with the number that it finds on the standard input, and prints
// a line for each acknowledgement: writer, number and first position.
func writeUntilKilled(dir string) error {
	s, err := disk.Open(dir, killOptions)
	if err != nil {
		return err
	}
	begin := make([]int, killWriters)
	for i := range begin {
		if _, err := fmt.Fscan(os.Stdin, &begin[i]); err != nil {
			return fmt.Errorf("read where writer %d begins: %w", i, err)
		}
	}
	failed := make(chan error, killWriters)
	for writer, n := range begin {
		go func() {
			for ; ; n++ {
				res, err := s.Append(context.Background(), killCommit(writer, n))
				if err == nil { // one write for each line: it comes whole or not at all
					_, err = fmt.Fprintf(os.Stdout, "%d %d %d\n", writer, n, res.First)
				}
				if err != nil {
					failed <- fmt.Errorf("commit %d of writer %d: %w", n, writer, err)
					return
				}
			}
		}()
	}
	return <-failed
}

// killing is a store that processes write to until they are killed.
type killing struct {
	t     *testing.T
	dir   string
	acked [killWriters]int // so many commits of each writer were acknowledged
	first map[string]store.Position
}

// TestKill ends processes that append to one store with kill -9, one after the other. What each acknowledged is there, once and in
// order, whoever looks first: the one who recovers the store, a check, or a reader.
func TestKill(t *testing.T) {
	const rounds = 50 // of one store: each looks at all that came before
	var k *killing
	for round := range seeds(t, 20) {
		if round%rounds == 0 {
			k = &killing{t: t, dir: filepath.Join(t.TempDir(), "store"), first: map[string]store.Position{}}
		}
		rnd := rand.New(rand.NewPCG(round, 21))
		k.write(1 + rnd.IntN(800))
		switch round % 4 {
		case 0:
			k.verify(disk.Open)
		case 1:
			k.check()
			k.verify(disk.Open)
		case 2:
			k.verify(disk.OpenReader)
		case 3:
			k.verify(openUnrecovered)
			k.check()
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
}

// openUnrecovered opens a store for reading as it is.
func openUnrecovered(dir string, o disk.Options) (*disk.Store, error) {
	o.ReadOnly = true
	return disk.Open(dir, o)
}

// write lets a process write and kills it after so many acknowledgements.
func (k *killing) write(acks int) {
	k.t.Helper()
	cmd := exec.CommandContext(k.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killedWriter+"="+k.dir)
	cmd.Stdin = strings.NewReader(strings.Trim(fmt.Sprint(k.acked), "[]"))
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for n := 1; ; n++ {
		line, err := lines.ReadString('\n')
		if err != nil { // it is dead
			break
		}
		k.note(line)
		if n != acks {
			continue
		}
		if err := cmd.Process.Kill(); err != nil {
			k.t.Errorf("kill: %v", err)
		}
	}
	if err := cmd.Wait(); err == nil || problem.Len() > 0 || cmd.ProcessState.Exited() {
		k.t.Fatalf("the process was not killed: %v\n%s", err, &problem)
	}
}

// note takes an acknowledgement.
func (k *killing) note(line string) {
	k.t.Helper()
	var writer, n int
	var first store.Position
	if _, err := fmt.Sscanf(line, "%d %d %d\n", &writer, &n, &first); err != nil || n != k.acked[writer] {
		k.t.Fatalf("acknowledgement %q: %v; want the one of commit %d", line, err, k.acked[writer])
	}
	k.acked[writer]++
	k.first[fmt.Sprintf("%d/%d", writer, n)] = first
}

// check says that nothing is wrong with the store.
func (k *killing) check() {
	k.t.Helper()
	report, err := disk.Check(k.t.Context(), k.dir, killOptions, store.CheckOptions{})
	if err != nil || len(report.Problems) > 0 {
		k.t.Errorf("check finds %+v, %v", report.Problems, err)
	}
}

// verify opens the store and compares all that is there with what was acknowledged.
func (k *killing) verify(open func(string, disk.Options) (*disk.Store, error)) {
	k.t.Helper()
	s, err := open(k.dir, killOptions)
	if err != nil {
		k.t.Fatalf("open: %v", err)
	}
	var there [killWriters]int
	var last store.Position
	versions := map[string]uint64{}
	for c, err := range s.Dump(k.t.Context(), 0) {
		if err != nil {
			k.t.Fatalf("read behind position %d: %v", last, err)
		}
		var writer, n int
		if _, err := fmt.Sscanf(c.Key, "%d/%d", &writer, &n); err != nil || n != there[writer] {
			k.t.Fatalf("the commit behind position %d has key %q; want commit %d of that writer", last, c.Key, there[writer])
		}
		there[writer]++
		k.compare(&c, killCommit(writer, n), last, versions)
		last += store.Position(len(c.Events))
	}
	for writer, n := range there {
		if acked := k.acked[writer]; n != acked && n != acked+1 {
			k.t.Errorf("there are %d commits of writer %d, of which %d were acknowledged and one more may be there", n, writer, acked)
		}
	}
	if err := s.Close(); err != nil {
		k.t.Errorf("close: %v", err)
	}
}

// compare compares a commit with the one that was sent, which follows a position.
func (k *killing) compare(got *store.RecordedCommit, sent store.Commit, after store.Position, versions map[string]uint64) {
	k.t.Helper()
	if first, ok := k.first[sent.Key]; ok && first != after+1 {
		k.t.Errorf("commit %s was acknowledged at position %d and is at %d", sent.Key, first, after+1)
	}
	if len(got.Events) != len(sent.Events) {
		k.t.Fatalf("commit %s has %d events, want %d", sent.Key, len(got.Events), len(sent.Events))
	}
	for i := range got.Events {
		g, w := &got.Events[i], &sent.Events[i]
		versions[w.Stream]++
		if g.Position != after+1+store.Position(i) || g.Stream != w.Stream || g.Version != versions[w.Stream] || !bytes.Equal(g.Data, w.Data) {
			k.t.Errorf("event %d of commit %s is %+v, want %+v with position %d and version %d", i, sent.Key, g, w, after+1+store.Position(i), versions[w.Stream])
		}
	}
}
