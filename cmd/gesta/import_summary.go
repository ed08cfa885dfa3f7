package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
)

// importDocument is what gesta import prints with --json.
type importDocument struct {
	Source   string         `json:"source"`
	Name     string         `json:"name"`
	Recorded string         `json:"recorded,omitempty"`
	Complete bool           `json:"complete"`
	Rows     int            `json:"rows"`
	Traces   int            `json:"traces,omitempty"`
	Appended int            `json:"appended"`
	Present  int            `json:"present"`
	Bad      int            `json:"bad"`
	BadRows  []importBadRow `json:"badRows,omitempty"`
	LeftOut  any            `json:"leftOut,omitempty"`
	left     string         // out, for people
}

type importBadRow struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Problem string `json:"problem"`
}

// importSummary says what an import did, also where it was interrupted.
func (e *env) importSummary(ctx context.Context, im *importer, bad []*source.RowError, left leftOut) error {
	d := importDocument{
		Source: im.file, Name: im.name, Recorded: im.recorded,
		Rows: im.rows.Count, Traces: im.rows.Traces, Appended: im.appended, Present: im.present, Bad: im.rows.Bad,
		left: left.text(),
	}
	d.Complete = d.Appended+d.Present == d.Rows
	for _, r := range bad {
		d.BadRows = append(d.BadRows, importBadRow{r.File, r.Line, r.Problem})
	}
	if d.left != "" {
		d.LeftOut = left.doc
	}
	return e.printSummary(ctx, im.store, d, d.text)
}

// printSummary prints the document of an import, or its text for people.
func (e *env) printSummary(ctx context.Context, s store.Store, document any, text func() string) error {
	if e.jsonMode() {
		basis, err := basisOf(ctx, s)
		if err != nil {
			return err
		}
		return e.printDocument(ctx, &basis, document)
	}
	if e.global.quiet {
		return nil
	}
	_, err := e.stdout.Write([]byte(visibleLines(text())))
	return err
}

func (d *importDocument) text() string {
	var b strings.Builder
	what := plural(d.Rows, "event", "events")
	if d.Traces > 0 {
		what += " in " + plural(d.Traces, "trace", "traces")
	}
	fmt.Fprintf(&b, "%s: %s\n", d.Source, what)
	fmt.Fprintf(&b, "  appended       %s\n", thousands(d.Appended))
	fmt.Fprintf(&b, "  there already  %s\n", thousands(d.Present))
	fmt.Fprintf(&b, "  bad rows       %s\n", thousands(d.Bad))
	if d.left != "" {
		fmt.Fprintf(&b, "  left out       %s\n", d.left)
	}
	switch d.Recorded {
	case recordedSource:
		b.WriteString("  recorded       at the times of the source\n")
	case recordedNow:
		b.WriteString("  recorded       now; the times of the source are effective times\n")
	}
	if !d.Complete {
		b.WriteString("Interrupted: the same command goes on where this one ended.\n")
	}
	return b.String()
}

// leftOut says what of a source is in no event.
type leftOut struct {
	doc    any // for --json
	counts []counted
}

// counted is a number of things.
type counted struct {
	n         int
	one, many string
}

// text names what there is, "" for nothing.
func (l *leftOut) text() string {
	var parts []string
	for _, c := range l.counts {
		if c.n > 0 {
			parts = append(parts, plural(c.n, c.one, c.many))
		}
	}
	return strings.Join(parts, ", ")
}

// leftOutOfLog is what describes the log as a whole.
func leftOutOfLog(l source.LeftOut) leftOut {
	return leftOut{doc: l, counts: []counted{
		{l.Attributes, "attribute of the log", "attributes of the log"},
		{l.Extensions, "extension", "extensions"},
		{l.Globals, "global", "globals"},
		{l.Classifiers, "classifier", "classifiers"},
		{l.Traces, "trace without events", "traces without events"},
		{l.Others, "unknown element", "unknown elements"},
	}}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// thousands writes a number that is not negative with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
