package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gestadb/gesta/bench/internal/stat"
)

// Gesta is the name of the subject that the report is about.
const Gesta = "gesta"

// Book collects the rounds of all rows. One goroutine uses it.
type Book struct {
	rounds []*Round
	rows   []*row
	Lines  []string // what else the report has to say: rivals that are missing, rows that were left out
}

// Probe is what was measured right before a round, to tell whether the machine is as it was.
type Probe struct {
	Of     string  // what was measured, in words; empty for a round that none can speak for, which always counts
	Micros float64 // how long it took
}

// Round is one turn of all subjects of a workload.
type Round struct {
	Workload string
	number   int
	probe    Probe
	figures  map[string]map[string]float64
}

// row is a row's spec, with what is said of it beside its figures.
type row struct {
	Spec
	notes []string
	later []func(counts func(*Round) bool) string
}

// Add adds rows; they are written in the order in which they came.
func (b *Book) Add(specs ...Spec) {
	for _, s := range specs {
		if b.row(s.ID) == nil {
			b.rows = append(b.rows, &row{Spec: s})
		}
	}
}

func (b *Book) row(id string) *row {
	for _, r := range b.rows {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// Begin begins a round. All rounds of a workload have the same kind of probe.
func (b *Book) Begin(workload string, probe Probe) *Round {
	r := &Round{Workload: workload, number: len(b.rounds) + 1, probe: probe, figures: map[string]map[string]float64{}}
	b.rounds = append(b.rounds, r)
	return r
}

// Put notes the figure of a subject in a row.
func (r *Round) Put(row, subject string, figure float64) {
	if r.figures[row] == nil {
		r.figures[row] = map[string]float64{}
	}
	r.figures[row][subject] = figure
}

// Number returns the number of the round in the book, from 1.
func (r *Round) Number() int { return r.number }

// Note says something of a row, once: the same words twice are written once.
func (b *Book) Note(id, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if r := b.row(id); r != nil && !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

// NoteLater says something of a row that hangs on which rounds count; it is asked when the report is written.
func (b *Book) NoteLater(id string, text func(counts func(*Round) bool) string) {
	if r := b.row(id); r != nil {
		r.later = append(r.later, text)
	}
}

// Line says something of the whole report, once.
func (b *Book) Line(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(b.Lines, text) {
		b.Lines = append(b.Lines, text)
	}
}

// Kept returns how many rounds of a workload are kept, and how many there were.
func (b *Book) Kept(workload string) (kept, all int) {
	quiet := b.quiet()
	for _, r := range b.rounds {
		if r.Workload == workload {
			all++
			if quiet[r] {
				kept++
			}
		}
	}
	return kept, all
}

// quiet are the rounds that are kept: those whose probe is within the tolerance of the median of the probes of their
// workload. They are judged among themselves, as nothing is compared across workloads: a disk that has become slower
// for good since the workload before throws nothing away, and what was kept stays kept when other workloads follow.
func (b *Book) quiet() map[*Round]bool {
	of := map[string][]*Round{}
	for _, r := range b.rounds {
		of[r.Workload] = append(of[r.Workload], r)
	}
	quiet := map[*Round]bool{}
	for _, rounds := range of {
		probes := make([]float64, len(rounds))
		for i, r := range rounds {
			probes[i] = r.probe.Micros
		}
		for i, is := range stat.Quiet(probes, stat.Tolerance) {
			quiet[rounds[i]] = is || rounds[i].probe.Of == ""
		}
	}
	return quiet
}

// result is what a row comes to.
type result struct {
	*row
	subjects map[string]stat.Spread
	order    []string // of the subjects
	value    float64  // gesta's median
	ratio    stat.Spread
	kept     int // rounds
	all      int // rounds, those that were thrown away too
	counting []*Round
	noisy    bool // whether no round was quiet, so that all count
}

// results works out each row that has figures.
func (b *Book) results() []*result {
	quiet := b.quiet()
	var out []*result
	for _, r := range b.rows {
		res := &result{row: r, subjects: map[string]stat.Spread{}}
		var kept []*Round
		var all []*Round
		for _, round := range b.rounds {
			if round.figures[r.ID] == nil {
				continue
			}
			all = append(all, round)
			if quiet[round] {
				kept = append(kept, round)
			}
		}
		if len(all) == 0 {
			continue
		}
		res.kept, res.all, res.noisy = len(kept), len(all), len(kept) == 0
		if res.noisy {
			kept = all
		}
		res.counting = kept
		res.work(kept)
		out = append(out, res)
	}
	return out
}

// work works out medians, spreads and ratios of the rounds that count.
func (r *result) work(rounds []*Round) {
	figures := map[string][]float64{}
	var ratios []float64
	for _, round := range rounds {
		of := round.figures[r.ID]
		for subject, x := range of {
			figures[subject] = append(figures[subject], x)
		}
		own, ok := of[Gesta]
		if limit, has := of[r.Limit]; ok && has && limit != 0 {
			ratios = append(ratios, own/limit)
		}
	}
	for subject, xs := range figures {
		r.subjects[subject] = stat.SpreadOf(xs)
		r.order = append(r.order, subject)
	}
	slices.SortFunc(r.order, func(a, b string) int { return r.compare(a, b) })
	r.value, r.ratio = r.subjects[Gesta].Median, stat.SpreadOf(ratios)
}

// compare puts the better of two subjects first.
func (r *result) compare(a, b string) int {
	x, y := r.subjects[a].Median, r.subjects[b].Median
	switch {
	case x == y && a < b:
		return -1
	case x == y:
		return 1
	case (x < y) == r.Lower:
		return -1
	}
	return 1
}

// bestRival returns the best subject that is a store and not gesta.
func (r *result) bestRival() (string, bool) {
	for _, subject := range r.order {
		if subject != Gesta && !isLimit(subject) {
			return subject, true
		}
	}
	return "", false
}

// ahead says who is ahead among the stores.
func (r *result) ahead() string {
	best, ok := r.bestRival()
	if _, measured := r.subjects[Gesta]; !ok || !measured {
		return "–"
	}
	if r.compare(Gesta, best) < 0 {
		return Gesta
	}
	return best
}

// verdict says which bounds are reached.
func (r *result) verdict() string {
	reached := func(b Bound) bool {
		return b != (Bound{}) && (b.OfValue || r.ratio.N > 0) && r.subjects[Gesta].N > 0 && b.met(&r.Spec, r.value, r.ratio.Median)
	}
	switch {
	case r.Target == (Bound{}) && r.Stretch == (Bound{}):
		return "–"
	case reached(r.Stretch):
		return "stretch"
	case reached(r.Target):
		return "met"
	}
	return "missed"
}

// limitPrefix begins the names of subjects that are no stores.
const limitPrefix = "limit:"

// LimitName names a subject that is no store but what is measured beside them: it takes no part in who is ahead.
func LimitName(name string) string { return limitPrefix + name }

// isLimit says whether a subject is no store.
func isLimit(subject string) bool { return strings.HasPrefix(subject, limitPrefix) }

// plain is the name of a subject for readers.
func plain(subject string) string { return strings.TrimPrefix(subject, limitPrefix) }
