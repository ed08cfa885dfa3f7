package tui

import (
	"fmt"
	"strings"

	"github.com/gestadb/gesta/store/eventjson"
)

// event shows the event itself.
func (p *pane) event() []row {
	r := p.a.event
	var rows []row
	line := func(name, text string) {
		if text != "" {
			rows = append(rows, row{sign: " ", event: -1, spans: []span{{dim, fit(name, 10)}, {plain, text}}})
		}
	}
	line("Position", fmt.Sprintf("#%d", r.Position))
	line("Id", p.m.o.Visible(r.ID))
	line("Recorded", p.m.longTime(r.RecordedAt))
	if !r.EffectiveAt.IsZero() && !r.EffectiveAt.Equal(r.RecordedAt) {
		line("Effective", p.m.longTime(r.EffectiveAt))
	}
	line("Tags", p.m.o.Visible(strings.Join(r.Tags, ", ")))
	if r.Erased != 0 {
		return append(rows, p.text(alarm, "data and metadata were erased by #%d", r.Erased))
	}
	return append(append(rows, p.payload("Data", r.Data)...), p.payload("Metadata", r.Metadata)...)
}

// payload shows data or metadata of an event.
func (p *pane) payload(name string, data []byte) []row {
	if len(data) == 0 {
		return nil
	}
	rows := []row{p.text(plain, ""), p.text(bold, "%s", name)}
	if !eventjson.Valid(data) {
		return append(rows, p.text(plain, "%s", p.m.o.Visible(string(data[:min(len(data), shownBytes)]))))
	}
	lines, full := treeOf(data)
	for i := range lines {
		l := &lines[i]
		r := row{sign: " ", event: -1, spans: []span{{plain, strings.Repeat("  ", l.depth)}}}
		if l.key != "" {
			r.spans = append(r.spans, span{named, p.m.o.Visible(l.key)}, span{plain, ": "})
		}
		comma := ""
		if l.comma {
			comma = ","
		}
		rows = append(rows, p.with(r, p.m.o.Visible(l.value)+comma))
	}
	if full {
		rows = append(rows, p.text(dim, "… more lines than are shown: gesta show has them"))
	}
	return rows
}

func (p *pane) with(r row, text string) row {
	r.spans = append(r.spans, span{plain, text})
	return r
}

// shownBytes is how much of data that is not JSON is shown.
const shownBytes = 4 << 10
