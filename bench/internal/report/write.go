package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/stat"
)

// Head is what a report says before its tables.
type Head struct {
	Title    string
	Date     string
	Commands []string
	Facts    machine.Facts
	Rivals   []string // a line for each: name and notes
	Scale    []string // a line for each: how large, how long
}

// columns of the main table.
var columns = []string{"row", "gesta", "limit", "ratio", "target", "stretch", "verdict", "best rival", "ahead"}

// cells returns the main table's cells of a row.
func (r *result) cells() []string {
	limit, ratio, rival := "–", "–", "–"
	if s, ok := r.subjects[r.Limit]; ok {
		limit = r.Unit.Text(s.Median) + " (" + plain(r.Limit) + ")"
	}
	if r.ratio.N > 0 {
		ratio = fmt.Sprintf("%.2f [%.2f..%.2f]", r.ratio.Median, r.ratio.Min, r.ratio.Max)
	}
	if name, ok := r.bestRival(); ok {
		rival = r.Unit.Text(r.subjects[name].Median) + " (" + name + ")"
	}
	own := "–"
	if s, ok := r.subjects[Gesta]; ok {
		own = r.Unit.Text(s.Median)
	}
	return []string{r.ID, own, limit, ratio, r.Target.text(&r.Spec), r.Stretch.text(&r.Spec), r.verdict(), rival, r.ahead()}
}

// Text writes the main table for a terminal.
func (b *Book) Text(w io.Writer) error {
	table := [][]string{columns}
	for _, r := range b.results() {
		table = append(table, r.cells())
	}
	widths := make([]int, len(columns))
	for _, line := range table {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for _, line := range table {
		var text strings.Builder
		for i, cell := range line {
			text.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	out.WriteString("\n" + b.rejected() + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// rejected says how many rounds were thrown away, and what the probes were.
func (b *Book) rejected() string {
	quiet := b.quiet()
	var kinds []string
	probes, thrown := map[string][]float64{}, map[string]int{}
	all := 0
	for _, r := range b.rounds {
		of := r.probe.Of
		if !slices.Contains(kinds, of) && of != "" {
			kinds = append(kinds, of)
		}
		probes[of] = append(probes[of], r.probe.Micros)
		if !quiet[r] {
			thrown[of]++
			all++
		}
	}
	sentences := []string{fmt.Sprintf("%d rounds; %d thrown away, because the raw probe right before them was off by more than %.0f %% from the median of those of their workload.",
		len(b.rounds), all, 100*stat.Tolerance)}
	for _, of := range kinds {
		s := stat.SpreadOf(probes[of])
		sentences = append(sentences, fmt.Sprintf("Probe of the %s: %.0f µs [%.0f..%.0f], %d of %d rounds thrown away.", of, s.Median, s.Min, s.Max, thrown[of], s.N))
	}
	if n := len(probes[""]); n > 0 {
		sentences = append(sentences, fmt.Sprintf("%d rounds count bytes, which no probe speaks for.", n))
	}
	return strings.Join(sentences, " ")
}

// Markdown writes the whole report.
func (b *Book) Markdown(w io.Writer, h *Head) error {
	var out strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	p("# %s\n", h.Title)
	p("Measured %s by `bench/`, which is run again with", h.Date)
	p("\n```sh\n%s\n```\n", strings.Join(h.Commands, "\n"))
	p("| | |\n|---|---|")
	for _, f := range [][2]string{
		{"CPU", fmt.Sprintf("%s, %d cores", h.Facts.CPU, h.Facts.Cores)},
		{"memory", h.Facts.RAM},
		{"kernel", h.Facts.Kernel},
		{"file system", h.Facts.FileSystem},
		{"Go", h.Facts.Go},
		{"commit", h.Facts.Commit},
	} {
		p("| %s | %s |", f[0], f[1])
	}
	p("\n%s\n", strings.Join(h.Scale, " "))
	p("Each figure is the median of the rounds that were kept, with the least and the greatest; a ratio is the median of the ratios within the rounds. %s\n", b.rejected())
	p("| %s |\n|%s", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	results := b.results()
	for _, r := range results {
		p("| %s |", strings.Join(r.cells(), " | "))
	}
	p("\n## Row by row")
	for _, r := range results {
		p("\n### %s: %s\n", r.ID, r.Title)
		r.markdown(p)
	}
	p("\n## The stores\n")
	for _, line := range append(h.Rivals, b.Lines...) {
		p("- %s", line)
	}
	p("\nVersions:\n")
	for _, m := range h.Facts.Modules {
		p("- %s", m)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// markdown writes what each subject came to in a row.
func (r *result) markdown(p func(string, ...any)) {
	p("| | median | least..greatest | gesta's / this |\n|---|---|---|---|")
	for _, subject := range r.order {
		s := r.subjects[subject]
		of := "–"
		if subject != Gesta && s.Median != 0 && r.subjects[Gesta].N > 0 {
			of = fmt.Sprintf("%.2f", r.value/s.Median)
		}
		p("| %s | %s | %s..%s | %s |", plain(subject), r.Unit.Text(s.Median), r.Unit.Text(s.Min), r.Unit.Text(s.Max), of)
	}
	better := "More is better"
	if r.Lower {
		better = "Less is better"
	}
	kept := fmt.Sprintf("%d of %d rounds kept", r.kept, r.all)
	if r.noisy {
		kept = fmt.Sprintf("no round was quiet: all %d count", r.all)
	}
	text := fmt.Sprintf("%s; %s", better, kept)
	if who := r.ahead(); who != "–" {
		text += "; ahead: " + who
	}
	notes := slices.Clone(r.notes)
	for _, later := range r.later {
		notes = append(notes, later(func(round *Round) bool { return slices.Contains(r.counting, round) }))
	}
	p("\n%s. %s", text, strings.Join(notes, " "))
}
