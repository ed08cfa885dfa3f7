package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
)

// TestMain lets the test be the children that the workloads start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childWord {
		if err := child(context.Background(), os.Args[2:], os.Stdout); err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// onLinux are the rows that only Linux has the figures for.
var onLinux = regexp.MustCompile("^(memory-peak|stream-10-cold|history-blame-memory|server-memory|server-follower-(bytes|idle)|server-.*-cpu)$")

// TestEveryRow runs a tiny version of every workload with gesta alone: each row has a figure.
func TestEveryRow(t *testing.T) {
	l, err := newLab(t.Context(), t.TempDir(), tinyScale, nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.runAll(regexp.MustCompile("")); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := l.book.Text(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	for _, w := range workloads() {
		for _, s := range w.specs {
			if runtime.GOOS != "linux" && onLinux.MatchString(s.ID) {
				continue
			}
			row := regexp.MustCompile("(?m)^" + s.ID + " +-?[0-9]").FindString(text.String())
			if row == "" {
				t.Errorf("no figure of gesta in row %s", s.ID)
			}
		}
	}
	left, err := os.ReadDir(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 3 { // the large store, the raw log and the command line
		t.Errorf("the workloads left %v", left)
	}
}

// TestRowsHaveNamesOfTheirOwn keeps two rows from becoming one.
func TestRowsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range workloads() {
		for _, s := range w.specs {
			if seen[s.ID] || s.Title == "" {
				t.Errorf("row %q, %q", s.ID, s.Title)
			}
			seen[s.ID] = true
		}
	}
}

// TestShares gives each workload a part of the time of a run.
func TestShares(t *testing.T) {
	for _, w := range workloads() {
		if w.share < 1 {
			t.Errorf("workload %s has no time", w.name)
		}
	}
}

func TestFitting(t *testing.T) {
	for _, tt := range []struct {
		rate float64
		box  time.Duration
		most int64
		want int64
	}{
		{100_000, 30 * time.Second, 10_000_000, 2_000_000},
		{900_000, 30 * time.Second, 10_000_000, 10_000_000},
		{100, 30 * time.Second, 10_000_000, 500_000},
		{100, time.Second, 20_000, 10_000},
		{100, time.Second, 5_000, 5_000},
	} {
		if got := fitting(tt.rate, tt.box, tt.most); got != tt.want {
			t.Errorf("%.0f events a second for %v, at most %d: %d events, want %d", tt.rate, tt.box, tt.most, got, tt.want)
		}
	}
}

// TestReport runs the program on one row and reads what it writes.
func TestReport(t *testing.T) {
	out := filepath.Join(t.TempDir(), "report.md")
	var stdout strings.Builder
	err := run(t.Context(), []string{"-rows", "^append-1$", "-rivals", "none", "-rounds", "1", "-dir", t.TempDir(), "-o", out}, &stdout, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go run . -rows '^append-1$' -rivals none", "### append-1: ", "| zeroahead |", "| grow |", "| commit | ", "**gesta**: "} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if !strings.Contains(stdout.String(), "append-1 ") {
		t.Errorf("printed\n%s", stdout.String())
	}
}

func TestParse(t *testing.T) {
	known := []rival.Maker{{Name: "a"}, {Name: "b"}}
	for _, args := range [][]string{{"-short", "-full"}, {"-rows", "("}, {"-rivals", "c"}, {"-rounds", "-1"}, {"more"}, {"-what"}} {
		if _, err := parse(args, known, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	o, err := parse([]string{"-full", "-rivals", "b,umadb", "-rounds", "7", "-rows", "scan"}, known, io.Discard)
	if err != nil || !o.full || len(o.rivals) != 1 || !o.umadb || o.rivals[0].Name != "b" || o.rounds != 7 || !o.rows.MatchString("a scan") {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse(nil, known, io.Discard); err != nil || o.full || len(o.rivals) != 2 {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestFailingRival leaves a rival out that does not open, and the turn of one that fails, and goes on.
func TestFailingRival(t *testing.T) {
	missing := rival.Maker{Name: "missing", Open: func(string, bool) (rival.Store, error) { return nil, io.ErrClosedPipe }}
	flaky := rival.Maker{Name: "flaky", Open: func(string, bool) (rival.Store, error) { return &flakyStore{left: 3}, nil }}
	l, err := newLab(t.Context(), t.TempDir(), tinyScale, []rival.Maker{missing, flaky}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.runAll(regexp.MustCompile("^append-1$")); err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := l.book.Markdown(&page, &report.Head{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"**missing** is left out: io: read/write on closed pipe", "**flaky** failed in a turn, which is left out: append: unexpected EOF"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
}

// flakyStore takes a few appends and then fails.
type flakyStore struct {
	rival.Store
	left int
}

func (s *flakyStore) Append(context.Context, []rival.Event) error {
	if s.left--; s.left < 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (s *flakyStore) Close() error { return nil }

// TestRivals runs a tiny version of some rows with every rival that works here, and finds no complaint about one.
func TestRivals(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	l, err := newLab(t.Context(), t.TempDir(), tinyScale, rivals(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	l.verbose = true
	if err := l.runAll(regexp.MustCompile("^(append-64|ingest-16|stream-10|stream-1000|scan|tag-first-10|open-clean|memory-peak)$")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.dropRivals(), l.close()); err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := l.book.Markdown(&page, &report.Head{}); err != nil {
		t.Fatal(err)
	}
	t.Log(page.String())
	for _, line := range l.book.Lines {
		if strings.Contains(line, "failed") || strings.Contains(line, "no large store") || strings.Contains(line, "did not close") {
			t.Error(line)
		}
	}
}
