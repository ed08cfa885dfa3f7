package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

// importDocument is what gesta import prints with --json.
type importDocument struct {
	Source   string          `json:"source"`
	Name     string          `json:"name"`
	Recorded string          `json:"recorded,omitempty"`
	Complete bool            `json:"complete"`
	Rows     int             `json:"rows"`
	Traces   int             `json:"traces,omitempty"`
	Appended int             `json:"appended"`
	Present  int             `json:"present"`
	Bad      int             `json:"bad"`
	BadRows  []importBadRow  `json:"badRows,omitempty"`
	LeftOut  *source.LeftOut `json:"leftOut,omitempty"`
}

type importBadRow struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Problem string `json:"problem"`
}

// importSummary says what an import did, also where it was interrupted.
func (e *env) importSummary(ctx context.Context, im *importer, bad []*source.RowError) error {
	d := importDocument{
		Source: im.file, Name: im.name, Recorded: im.recorded,
		Rows: im.rows.Count, Traces: im.rows.Traces, Appended: im.appended, Present: im.present, Bad: im.rows.Bad,
	}
	d.Complete = d.Appended+d.Present == d.Rows
	for _, r := range bad {
		d.BadRows = append(d.BadRows, importBadRow{r.File, r.Line, r.Problem})
	}
	if im.rows.LeftOut != (source.LeftOut{}) {
		d.LeftOut = &im.rows.LeftOut
	}
	if e.jsonMode() {
		basis, err := basisOf(ctx, im.store)
		if err != nil {
			return err
		}
		return e.printDocument(ctx, &basis, d)
	}
	if e.global.quiet {
		return nil
	}
	_, err := e.stdout.Write([]byte(visibleLines(d.text())))
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
	if l := d.LeftOut; l != nil {
		fmt.Fprintf(&b, "  left out       %s\n", leftOutText(l))
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

// leftOutText names what describes the log as a whole.
func leftOutText(l *source.LeftOut) string {
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{l.Attributes, "attribute of the log", "attributes of the log"},
		{l.Extensions, "extension", "extensions"},
		{l.Globals, "global", "globals"},
		{l.Classifiers, "classifier", "classifiers"},
		{l.Traces, "trace without events", "traces without events"},
		{l.Others, "unknown element", "unknown elements"},
	} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.one, p.many))
		}
	}
	return strings.Join(parts, ", ")
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
