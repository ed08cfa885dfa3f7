package main

import (
	"context"
	"strings"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
)

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

// importSummaryWith is importSummary for a source that counts by itself what is left out.
func (e *env) importSummaryWith(ctx context.Context, im *importer, bad []*source.RowError, left leftOut) error {
	d := struct {
		importDocument
		LeftOut any `json:"leftOut,omitempty"` // stands for that of importDocument
	}{importDocument: importDocument{
		Source: im.file, Name: im.name, Recorded: im.recorded,
		Rows: im.rows.Count, Appended: im.appended, Present: im.present, Bad: im.rows.Bad,
	}}
	d.Complete = d.Appended+d.Present == d.Rows
	for _, r := range bad {
		d.BadRows = append(d.BadRows, importBadRow{r.File, r.Line, r.Problem})
	}
	text := left.text()
	if text != "" {
		d.LeftOut = left.doc
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
	all := d.text()
	if text != "" {
		all += "  left out       " + text + "\n"
	}
	_, err := e.stdout.Write([]byte(visibleLines(all)))
	return err
}
