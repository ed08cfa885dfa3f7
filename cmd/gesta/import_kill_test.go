package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// killed is a store that a real process imports into, and is ended while it does.
type killed struct {
	t    *testing.T
	dir  string
	args []string
}

const (
	killedRows    = 100_000
	killedStreams = 500
)

func newKilled(t *testing.T, args ...string) *killed {
	t.Helper()
	k := &killed{t: t, dir: t.TempDir()}
	var b bytes.Buffer
	b.WriteString("id,what,at,note\n")
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range killedRows {
		fmt.Fprintf(&b, "%d,e%d,%s,%s\n", n%killedStreams, n%7, begin.Add(time.Duration(n*7919%killedRows)*time.Minute).Format(time.RFC3339),
			strings.Repeat("x", n%50))
	}
	if err := os.WriteFile(filepath.Join(k.dir, "rows.csv"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	k.gesta("init")
	k.args = append([]string{"import", "csv", "rows.csv", "--stream", "id", "--type", "what", "--time", "at", "--json"}, args...)
	return k
}

func (k *killed) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(k.t.Context(), "gesta", args...)
	cmd.Dir = k.dir
	return cmd
}

// gesta runs a command that must succeed and returns its output.
func (k *killed) gesta(args ...string) string {
	k.t.Helper()
	cmd := k.command(args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		k.t.Fatalf("gesta %q: %v\n%s%s", args, err, out, &errs)
	}
	return string(out)
}

// head asks another process how far the import has come.
func (k *killed) head() int {
	k.t.Helper()
	var doc struct {
		Basis struct {
			Head int `json:"head"`
		} `json:"basis"`
	}
	if err := json.Unmarshal([]byte(k.gesta("log", "-n", "1", "--json")), &doc); err != nil {
		k.t.Fatal(err)
	}
	return doc.Basis.Head
}

// interrupt starts the import and sends it a signal once its first rows are there. It returns the exit code, -1 for a
// process that was killed, and how many rows there are then.
func (k *killed) interrupt(signal os.Signal) (code, rows int) {
	k.t.Helper()
	cmd := k.command(k.args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	var waitErr error // once ended is closed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		waitErr = cmd.Wait()
	}()
	for k.head() == 0 {
		select {
		case <-ended:
			k.t.Fatalf("the import ended before it began: %v\n%s", waitErr, &out)
		default:
		}
	}
	_ = cmd.Process.Signal(signal) // an error says that it has ended, which its exit code does too
	<-ended
	return cmd.ProcessState.ExitCode(), k.head()
}

// TestImportKilled interrupts imports with both signals in both ways of recording. Run again, they end at the numbers of one
// that was not interrupted, and the store is sound.
func TestImportKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no signals")
	}
	for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
		for _, recorded := range []string{recordedSource, recordedNow} {
			t.Run(signal.String()+"/"+recorded, func(t *testing.T) {
				k, part := interruptedImport(t, signal, recorded)
				summary := k.gesta(k.args...)
				if want := fmt.Sprintf(`"recorded":%q,"complete":true,"rows":%d,"appended":%d,"present":%d,`, recorded, killedRows, killedRows-part, part); !strings.Contains(summary, want) {
					t.Errorf("summary %s; want %s", summary, want)
				}
				stats := k.gesta("stats", "--json=events,streams,commits", "--jq", `"\(.events) \(.streams) \(.commits)"`)
				if want := fmt.Sprintf("%d %d %d\n", killedRows, killedStreams, killedRows); stats != want {
					t.Errorf("stats %s; want %s", stats, want)
				}
				k.gesta("check")
			})
		}
	}
}

// interruptedImport returns an import that a signal ended when some rows were there. Where the import was faster than the
// signal another one is begun.
func interruptedImport(t *testing.T, signal os.Signal, recorded string) (k *killed, part int) {
	t.Helper()
	want := map[os.Signal]int{os.Interrupt: exitInterrupted, os.Kill: -1}[signal]
	for range 5 {
		k := newKilled(t, "--recorded", recorded)
		code, part := k.interrupt(signal)
		if part == killedRows {
			continue
		}
		if code != want || part == 0 {
			t.Fatalf("the import ended with exit code %d and %d of %d rows; want code %d and a part of them", code, part, killedRows, want)
		}
		return k, part
	}
	t.Fatal("five imports were over before the signal came: they need more rows")
	return nil, 0
}
