package source_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

// manyRows is a CSV file of n rows whose times are shuffled and often equal.
func manyRows(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("what,at\n")
	for i := range n {
		at := time.Unix(int64(random.IntN(n/4+1)), 0).UTC()
		fmt.Fprintf(&b, "e%d,%s\n", i+1, at.Format(time.RFC3339))
	}
	return b.String()
}

// TestSortedByTime holds the external sort, with runs of some rows and merges of merges, against the order that must come
// out: times rise, and rows of equal times stay as they were.
func TestSortedByTime(t *testing.T) {
	const n = 5000
	text := manyRows(n)
	for _, memory := range []int{1, 1000, 20_000, 0} {
		t.Run(fmt.Sprintf("memory=%d", memory), func(t *testing.T) {
			dir := t.TempDir()
			o := options(shop)
			o.TempDir, o.MemoryBytes = dir, memory
			rows := readCSV(t, text, o)
			for range 2 { // it may be read again
				checkOrder(t, rows, n)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) > 0 {
				t.Errorf("left in the temporary directory: %v, %v", left, err)
			}
		})
	}
}

func checkOrder(t *testing.T, rows *source.Rows, n int) {
	t.Helper()
	seen := 0
	var before source.Row
	var beforeN int
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		var number int
		if _, err := fmt.Sscan(row.N, &number); err != nil || row.Event.Type != "e"+row.N || row.Line != number+1 {
			t.Fatalf("row %s has the type %s and line %d", row.N, row.Event.Type, row.Line)
		}
		if c := row.Event.EffectiveAt.Compare(before.Event.EffectiveAt); seen > 0 && (c < 0 || c == 0 && number < beforeN) {
			t.Fatalf("row %s of %s comes after row %s of %s", row.N, row.Event.EffectiveAt, before.N, before.Event.EffectiveAt)
		}
		before, beforeN = row, number
		seen++
	}
	if seen != n || rows.Count != n {
		t.Errorf("%d rows, counted %d; want %d", seen, rows.Count, n)
	}
}

// TestCaseAcrossRuns has the attributes of a trace meet its first event although both went to disk.
func TestCaseAcrossRuns(t *testing.T) {
	o := options(source.Mapping{})
	o.TempDir, o.MemoryBytes = t.TempDir(), 1
	if got, want := lines(t, readXES(t, small, o)), lines(t, readXES(t, small, options(source.Mapping{}))); got != want {
		t.Errorf("through files:\n%s\nin memory:\n%s", got, want)
	}
}
