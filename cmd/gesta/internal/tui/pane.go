package tui

import (
	"fmt"
	"strings"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// mode is what the right pane shows.
type mode int

const (
	showState mode = iota
	showDiff
	showBlame
	showEvent
)

// row is a line of the right pane.
type row struct {
	sign  string // +, -, ~ or a space
	look  look   // of the sign
	spans []span
	note  []span // at the right edge, where there is room for both
	path  string // of the leaf that the row is about
	leaf  bool
	event int // the event that changed the leaf last, -1 for none
}

// noteWidth is from how many cells on the state has the blame of each leaf beside it, longNote from how many on that says when and who.
const (
	noteWidth = 44
	longNote  = 68
)

// pane makes the rows of an answer.
type pane struct {
	m     *Model
	a     *answer
	cells int
}

func (m *Model) rowsOf(a *answer) []row {
	p := &pane{m: m, a: a, cells: m.rightWidth()}
	if a.err != nil && (m.mode != showEvent || a.event.Position == 0) {
		return p.failure()
	}
	switch m.mode {
	case showDiff:
		return p.diff()
	case showBlame:
		return p.blame()
	case showEvent:
		return p.event()
	default:
		return p.state()
	}
}

func (p *pane) text(look look, format string, args ...any) row {
	return row{sign: " ", spans: []span{{look, fmt.Sprintf(format, args...)}}, event: -1}
}

// failure says why there is no state.
func (p *pane) failure() []row {
	d := eventjson.Describe(p.a.err)
	var rows []row
	for _, l := range wrapped(p.m.o.Visible(d.Message), p.cells-rowHead) {
		rows = append(rows, p.text(alarm, "%s", l))
	}
	if d.Hint != "" {
		for _, l := range wrapped("hint: "+p.m.o.Visible(d.Hint), p.cells-rowHead) {
			rows = append(rows, p.text(plain, "%s", l))
		}
	}
	return rows
}

// rowHead is how many cells stand before the text of a row: the cursor, the sign and a space.
const rowHead = 3

func (p *pane) state() []row {
	if p.a.state.text == nil && len(p.a.changes) == 0 {
		return []row{p.text(dim, "there is no state")}
	}
	var lines []leaf
	full := false
	if p.a.state.text != nil {
		lines, full = treeOf(p.a.state.text)
	}
	gone := removedBelow(p.a.changes, lines)
	var rows []row
	for i := range lines {
		l := &lines[i]
		if l.inner && l.key == "" && (l.value == "}" || l.value == "]") {
			rows = append(rows, p.gone(gone[l.path], l.path, l.depth+1)...)
			delete(gone, l.path)
		}
		rows = append(rows, p.leaf(l))
	}
	rows = append(rows, p.gone(gone[""], "", 0)...)
	if full {
		rows = append(rows, p.text(dim, "… more lines than are shown: gesta state has them"))
	}
	return rows
}

// leaf is a line of the state.
func (p *pane) leaf(l *leaf) row {
	indent := strings.Repeat("  ", l.depth)
	comma := ""
	if l.comma {
		comma = ","
	}
	r := row{sign: " ", event: -1}
	r.spans = append(r.spans, span{plain, indent})
	if l.key != "" {
		r.spans = append(r.spans, span{named, p.m.o.Visible(l.key)}, span{plain, ": "})
	}
	if l.inner {
		r.spans = append(r.spans, span{plain, l.value + comma})
		return r
	}
	r.path, r.leaf = l.path, true
	value := plain
	if c := changed(p.a.changes, l.path); c != nil && c.New != nil {
		if c.Op() == reducer.OpAdd {
			r.sign, r.look, value = "+", added, added
		} else {
			r.sign, r.look, value = "~", altered, altered
		}
	}
	r.spans = append(r.spans, span{value, p.m.o.Visible(l.value)}, span{plain, comma})
	r.event = p.by(l.path)
	if p.cells >= noteWidth {
		r.note = p.note(r.event)
	}
	return r
}

// gone are the leaves that the state has no more, below a part of it that it has.
func (p *pane) gone(changes []reducer.Change, above string, depth int) []row {
	var rows []row
	for i := range changes {
		c := &changes[i]
		name := p.m.o.ShownPath(strings.TrimPrefix(c.Path, above))
		rows = append(rows, row{
			sign: "-", look: removed, path: c.Path, event: -1,
			spans: []span{{plain, strings.Repeat("  ", depth)}, {removed, name + ": " + p.value(c.Old)}},
		})
	}
	return rows
}

// value is a leaf as people see it.
func (p *pane) value(text []byte) string { return p.m.o.Visible(string(text)) }

// by returns the event that changed a leaf last, -1 for none.
func (p *pane) by(path string) int { return int(p.a.state.blame[path]) - 1 }

// note says which event that is.
func (p *pane) note(event int) []span {
	if event < 0 {
		return []span{{dim, "from the start"}}
	}
	note := []span{{named, p.m.place(event)}, {plain, " " + cut(p.m.o.Visible(p.m.ix.typeOf(event)), 16)}}
	if p.cells >= longNote {
		note = append(note, span{dim, " " + p.m.shortTime(event)})
		if actor := p.m.ix.actorOf(event); actor != "" {
			note = append(note, span{dim, " " + cut(p.m.o.Visible(actor), 12)})
		}
	}
	return note
}

func (p *pane) diff() []row {
	if len(p.a.changes) == 0 {
		what := "the event changed nothing"
		switch {
		case p.a.mark >= 0:
			what = "nothing is different"
		case p.a.state.skipped:
			what = "the reducer left this event out: it changed nothing"
		}
		return []row{p.text(dim, "%s", what)}
	}
	pad := 0
	for i := range p.a.changes {
		pad = max(pad, width(p.m.o.ShownPath(p.a.changes[i].Path)))
	}
	pad = min(pad, max(8, (p.cells-rowHead)*2/5))
	var rows []row
	for i := range p.a.changes {
		c := &p.a.changes[i]
		r := row{path: c.Path, leaf: c.New != nil, event: -1, spans: []span{{named, fit(p.m.o.ShownPath(c.Path), pad)}, {plain, "  "}}}
		switch c.Op() {
		case reducer.OpAdd:
			r.sign, r.look = "+", added
			r.spans = append(r.spans, span{added, p.value(c.New)})
		case reducer.OpRemove:
			r.sign, r.look = "-", removed
			r.spans = append(r.spans, span{removed, p.value(c.Old)})
		default:
			r.sign, r.look = "~", altered
			room := max(3, (p.cells-rowHead-pad-2-len(" -> "))/2)
			was, is := p.value(c.Old), p.value(c.New)
			if w := width(is); w < room {
				was = cut(was, 2*room-w)
			} else {
				was = cut(was, room)
			}
			r.spans = append(r.spans, span{removed, was}, span{plain, " -> "}, span{added, is})
		}
		if r.leaf {
			r.event = p.by(c.Path)
		}
		rows = append(rows, r)
	}
	return rows
}

func (p *pane) blame() []row {
	leaves, ok := reducer.Diff(nil, p.a.state.text, "")
	if !ok || len(leaves) == 0 {
		return []row{p.text(dim, "there is nothing to blame anyone for")}
	}
	full := len(leaves) > maxLines
	leaves = leaves[:min(len(leaves), maxLines)]
	pad := 0
	for i := range leaves {
		pad = max(pad, width(p.m.o.ShownPath(leaves[i].Path)))
	}
	pad = min(pad, max(8, (p.cells-rowHead)/3))
	rows := make([]row, 0, len(leaves))
	for i := range leaves {
		l := &leaves[i]
		by := p.by(l.Path)
		r := row{sign: " ", path: l.Path, leaf: true, event: by, note: p.note(by)}
		r.spans = []span{{named, fit(p.m.o.ShownPath(l.Path), pad)}, {plain, "  " + p.value(l.New)}}
		if by == p.a.i {
			r.sign, r.look = "~", altered
			if c := changed(p.a.changes, l.Path); p.a.mark < 0 && c != nil && c.Op() == reducer.OpAdd {
				r.sign, r.look = "+", added
			}
		}
		rows = append(rows, r)
	}
	if full {
		rows = append(rows, p.text(dim, "… more than are shown: gesta blame has them"))
	}
	return rows
}

// subject says what the right pane is about.
func (m *Model) subject(a *answer) []span {
	at := m.o.Visible(m.o.Selection.Target())
	of := func(i int) string { return m.point(i) }
	switch m.mode {
	case showDiff:
		from := "the event before"
		switch {
		case a.mark >= 0:
			from = of(a.mark) + " (marked)"
		case a.i == 0:
			from = "nothing"
		case m.o.EffectiveAt.IsZero():
			from = of(a.i - 1)
		}
		return []span{{bold, "Diff"}, {plain, " of " + at + " from " + from + " to " + of(a.i)}}
	case showBlame:
		return []span{{bold, "Blame"}, {plain, " of " + at + " " + of(a.i)}}
	case showEvent:
		return []span{{bold, "Event"}, {plain, " " + m.place(a.i)}}
	default:
		since := ""
		if a.mark >= 0 {
			since = ", changes since " + of(a.mark)
		}
		return []span{{bold, "State"}, {plain, " of " + at + " " + of(a.i) + since}}
	}
}

// point is a place in the history of the target: of a stream a version, of a tag how many of its events.
func (m *Model) point(i int) string {
	if m.o.EffectiveAt.IsZero() {
		if m.stream() != "" {
			return fmt.Sprintf("@%d", m.ix.entries[i].version)
		}
		return fmt.Sprintf("@%d", i+1)
	}
	return m.shortTime(i)
}

// place is where an event stands: @7 in a stream, order-42@7 or its position for a tag.
func (m *Model) place(i int) string {
	e := &m.ix.entries[i]
	name := m.ix.streamOf(i)
	switch {
	case m.stream() != "":
		return fmt.Sprintf("@%d", e.version)
	case name == "":
		return fmt.Sprintf("#%d", e.position)
	}
	return m.o.Visible(name) + fmt.Sprintf("@%d", e.version)
}

// about says what is known of the event.
func (m *Model) about(i int) []span {
	e := &m.ix.entries[i]
	spans := []span{{plain, m.o.Visible(m.ix.typeOf(i))}, {dim, "  " + m.longTime(moment(e.recorded, m.o.Zone))}}
	if actor := m.ix.actorOf(i); actor != "" {
		spans = append(spans, span{plain, "  by " + m.o.Visible(actor)})
	}
	if e.late {
		spans = append(spans, span{alarm, "  late"})
	}
	if e.effective != e.recorded {
		spans = append(spans, span{dim, "  effective " + m.longTime(moment(e.effective, m.o.Zone))})
	}
	return spans
}

// answer is what was found out for the right pane.
type answer struct {
	question
	state   *state
	changes []reducer.Change // since the event before, or since the mark
	event   store.Recorded
	err     error
}

// question is what the right pane is to show.
type question struct {
	i, mark int // mark is -1 for none
}
