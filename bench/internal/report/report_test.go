package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/bench/internal/report"
)

// TestBook follows rounds into the tables: a round whose probe is off does not count, ratios are those within rounds, and the
// limit takes no part in who is ahead.
func TestBook(t *testing.T) {
	var b report.Book
	limit := report.LimitName("raw")
	b.Add(
		report.Spec{ID: "rate", Title: "more", Unit: report.PerSecond, Limit: limit, Target: report.Ratio(0.5), Stretch: report.Ratio(0.9)},
		report.Spec{ID: "wait", Title: "less", Unit: report.Micros, Lower: true, Target: report.Value(10), Stretch: report.Value(1)},
		report.Spec{ID: "none", Title: "never measured"},
	)
	var rounds []*report.Round
	for i, probe := range []float64{100, 110, 300, 90} {
		r := b.Begin("w", report.Probe{Of: "disk", Micros: probe})
		rounds = append(rounds, r)
		f := float64(i + 1)
		r.Put("rate", report.Gesta, 600*f)
		r.Put("rate", limit, 1000*f)
		r.Put("rate", "slow", 1)
		r.Put("wait", report.Gesta, 20)
		r.Put("wait", "swift", 2)
		if probe == 300 {
			r.Put("rate", report.Gesta, 1e9)
		}
	}
	b.Note("rate", "Said %s.", "once")
	b.Note("rate", "Said once.")
	b.NoteLater("rate", func(counts func(*report.Round) bool) string {
		n := 0
		for _, r := range rounds {
			if counts(r) {
				n++
			}
		}
		return fmt.Sprintf("%d count.", n)
	})
	if kept, all := b.Kept("w"); kept != 3 || all != 4 {
		t.Errorf("%d of %d rounds kept; want 3 of 4", kept, all)
	}
	var text, page strings.Builder
	if err := b.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"rate  1,200    2,000 (raw)  0.60 [0.60..0.60]  ≥ 0.5 x    ≥ 0.9 x    met      1 (slow)         gesta",
		"wait  20.0 µs  –            –                  ≤ 10.0 µs  ≤ 1.00 µs  missed   2.00 µs (swift)  swift",
		"4 rounds; 1 thrown away", "Probe of the disk: 105 µs [90..300], 1 of 4 rounds thrown away.",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no line %q in\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "none") {
		t.Error("a row without figures is shown")
	}
	if err := b.Markdown(&page, &report.Head{Title: "T", Rivals: []string{"slow: is slow"}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# T\n", "### rate: more", "| raw | 2,000 | 1,000..4,000 | 0.60 |", "3 of 4 rounds kept; ahead: gesta. Said once. 3 count.\n", "- slow: is slow"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
}

// TestProbes judges rounds among those of their workload: another that had a slower disk throws none of them away, and
// where there is no probe each round counts.
func TestProbes(t *testing.T) {
	var b report.Book
	for i := range 3 {
		b.Begin("slow", report.Probe{Of: "disk", Micros: 1000 + float64(i)})
	}
	for i := range 5 {
		b.Begin("fast", report.Probe{Of: "disk", Micros: 100 + float64(i*i*i)})
		b.Begin("memory", report.Probe{Of: "memory", Micros: 7})
		b.Begin("counted", report.Probe{})
	}
	for workload, want := range map[string][2]int{"slow": {3, 3}, "fast": {4, 5}, "memory": {5, 5}, "counted": {5, 5}, "none": {}} {
		if kept, all := b.Kept(workload); kept != want[0] || all != want[1] {
			t.Errorf("%d of %d rounds of %s kept, want %d of %d", kept, all, workload, want[0], want[1])
		}
	}
	var text strings.Builder
	if err := b.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"18 rounds; 1 thrown away", "Probe of the disk: 146 µs [100..1002], 1 of 8 rounds thrown away.",
		"Probe of the memory: 7 µs [7..7], 0 of 5 rounds thrown away.", "5 rounds count bytes",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// TestNoRoundIsQuiet shows what there is, and says so.
func TestNoRoundIsQuiet(t *testing.T) {
	var b report.Book
	b.Add(report.Spec{ID: "rate", Unit: report.PerSecond})
	for _, micros := range []float64{100, 1000} {
		b.Begin("w", report.Probe{Of: "disk", Micros: micros}).Put("rate", report.Gesta, 5)
	}
	var page strings.Builder
	if err := b.Markdown(&page, &report.Head{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "no round was quiet: all 2 count") {
		t.Errorf("the report does not say that no round was quiet:\n%s", page.String())
	}
}

func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		unit report.Unit
		x    float64
		want string
	}{
		{report.PerSecond, 1234567.8, "1,234,568"},
		{report.PerSecond, 12, "12"},
		{report.Micros, 0.0671, "0.067 µs"},
		{report.Micros, -5.5, "-5.50 µs"},
		{report.Millis, 12.34, "12.3 ms"},
		{report.Bytes, 341.2, "341 B"},
		{report.MiB, 1200, "1,200 MiB"},
		{report.Times, 1.0456, "1.046"},
	} {
		if got := tt.unit.Text(tt.x); got != tt.want {
			t.Errorf("%v is written %q; want %q", tt.x, got, tt.want)
		}
	}
}
