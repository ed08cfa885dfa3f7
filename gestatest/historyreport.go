package gestatest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gestadb/gesta/store"
)

// HistoryReport is what [History] has counted.
type HistoryReport struct {
	// Events is how many there are, System how many of them are gesta's own and were left alone.
	Events, System uint64

	// Kinds has the events that are not, by type and version as they are stored.
	Kinds []HistoryKind

	// Problems are what breaks, most frequent first. Of each type and version there are 20 at the most: what is different from them is counted by the last.
	Problems []HistoryProblem
}

// HistoryKind counts the events of one type and version.
type HistoryKind struct {
	Type    string
	Version uint32 // of the schema; 1 where none is stored
	Events  uint64
	Broken  uint64 // of them
}

// HistoryProblem is one way in which events of one type and version cannot be read.
type HistoryProblem struct {
	Type    string
	Version uint32
	Reason  string
	Events  uint64
	First   store.Position // of the first of them
}

// Broken returns how many events cannot be read.
func (h *HistoryReport) Broken() uint64 {
	var n uint64
	for _, p := range h.Problems {
		n += p.Events
	}
	return n
}

// String returns the tables: of the problems, where there are any, and of all types and versions.
func (h *HistoryReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d events cannot be read", h.Broken(), h.Events)
	if h.System > 0 {
		fmt.Fprintf(&b, " (%d of gesta itself were left alone)", h.System)
	}
	b.WriteString("\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(h.Problems) > 0 {
		b.WriteString("\n")
		row(w, "BROKEN", "TYPE", "VERSION", "FIRST AT", "WHAT IS WRONG")
		for _, p := range h.Problems {
			row(w, p.Events, p.Type, p.Version, fmt.Sprintf("#%d", p.First), p.Reason)
		}
		_ = w.Flush() // a strings.Builder takes everything
	}
	b.WriteString("\n")
	row(w, "EVENTS", "TYPE", "VERSION", "BROKEN")
	for _, k := range h.Kinds {
		row(w, k.Events, k.Type, k.Version, k.Broken)
	}
	_ = w.Flush()
	return strings.TrimRight(b.String(), "\n ")
}

// row writes a line of a table.
func row(w *tabwriter.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			_, _ = fmt.Fprint(w, "\t")
		}
		_, _ = fmt.Fprint(w, c)
	}
	_, _ = fmt.Fprintln(w)
}

const mostProblems = 20 // of each type and version

// count takes in an event, and what is wrong with it.
func (h *HistoryReport) count(r *store.Recorded, err error) {
	version := max(r.SchemaVersion, 1)
	i := slices.IndexFunc(h.Kinds, func(k HistoryKind) bool { return k.Type == r.Type && k.Version == version })
	if i < 0 {
		i = len(h.Kinds)
		h.Kinds = append(h.Kinds, HistoryKind{Type: r.Type, Version: version})
	}
	kind := &h.Kinds[i]
	kind.Events++
	if err == nil {
		return
	}
	kind.Broken++
	reason, last, of := reasonOf(err), -1, 0
	for i := range h.Problems {
		p := &h.Problems[i]
		if p.Type != r.Type || p.Version != version {
			continue
		}
		if p.Reason == reason {
			p.Events++
			return
		}
		last, of = i, of+1
	}
	if of == mostProblems {
		h.Problems[last].Reason = "other reasons, the first of them: " + strings.TrimPrefix(h.Problems[last].Reason, "other reasons, the first of them: ")
		h.Problems[last].Events++
		return
	}
	h.Problems = append(h.Problems, HistoryProblem{Type: r.Type, Version: version, Reason: reason, Events: 1, First: r.Position})
}

func (h *HistoryReport) sort() {
	slices.SortFunc(h.Kinds, func(a, b HistoryKind) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), cmp.Compare(a.Version, b.Version))
	})
	slices.SortStableFunc(h.Problems, func(a, b HistoryProblem) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.First, b.First))
	})
}
