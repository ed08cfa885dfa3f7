package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// The smallest window that shows anything.
const (
	leastWidth  = 40
	leastHeight = 10
	titleRows   = 2
	footRows    = 2
	headRows    = 2 // above the rows of the right pane
	maxMessage  = 6 // lines

	longestIdentity = 24 // of a reducer, in the title
)

func (m *Model) leftWidth() int  { return max(18, min(m.w*2/5, 54)) }
func (m *Model) rightWidth() int { return m.w - m.leftWidth() - 1 }
func (m *Model) listRows() int   { return max(0, m.h-titleRows-footRows) }
func (m *Model) rightRows() int  { return max(0, m.listRows()-headRows) }

// View draws the screen.
func (m *Model) View() tea.View {
	v := tea.NewView(m.screen())
	v.AltScreen = true
	v.WindowTitle = "gesta " + m.o.Visible(m.o.Selection.Target())
	return v
}

// screen is the text of the whole screen.
func (m *Model) screen() string {
	switch {
	case m.w == 0 || m.left || m.fatal != nil:
		return ""
	case m.w < leastWidth || m.h < leastHeight:
		return m.paint.line([]span{{plain, fmt.Sprintf("This needs %d columns and %d lines.", leastWidth, leastHeight)}}, m.w)
	case m.ix == nil:
		return m.paint.line([]span{{plain, fmt.Sprintf("reading %s: %d events", m.o.Visible(m.o.Selection.Target()), m.read.Load())}}, m.w)
	}
	lines := []string{m.title(), m.rule()}
	lines = append(lines, m.body()...)
	lines = append(lines, m.foot()...)
	message := m.messageLines()
	for i, l := range message {
		lines[len(lines)-1-len(message)+i] = m.paint.line([]span{{bold, l}}, m.w)
	}
	return strings.Join(lines, "\n")
}

func (m *Model) title() string {
	at, all := m.at()
	count := fmt.Sprintf("event %d of %d", at+1, all)
	if m.shown != nil {
		count += fmt.Sprintf(" with %q, of %d", m.o.Visible(m.filter.applied), len(m.ix.entries))
	}
	spans := []span{{bold, m.o.Visible(m.o.Selection.Target())}, {plain, "  " + count}}
	if m.o.Basis != "" {
		spans = append(spans, span{altered, "  " + m.o.Visible(m.o.Basis)})
	}
	if m.follow {
		spans = append(spans, span{added, "  following"})
	}
	spans = append(spans, span{dim, "  " + cut(m.o.Visible(m.o.Reducer.Identity()), longestIdentity)})
	return m.paint.line(spans, m.w)
}

func (m *Model) rule() string {
	return m.paint.looks[dim].Render(strings.Repeat("─", m.leftWidth()) + "┬" + strings.Repeat("─", m.rightWidth()))
}

// body is both panes.
func (m *Model) body() []string {
	if m.help {
		return m.helpPage()
	}
	left, right := m.list(), m.detail()
	bar := m.paint.looks[dim].Render("│")
	lines := make([]string, m.listRows())
	for i := range lines {
		lines[i] = left[i] + bar + right[i]
	}
	return lines
}

func (m *Model) helpPage() []string {
	lines := make([]string, m.listRows())
	for i := range lines {
		spans := []span{}
		if i < len(keyHelp) {
			spans = []span{{bold, " " + fit(keyHelp[i][0], 17)}, {plain, " " + keyHelp[i][1]}}
		}
		lines[i] = m.paint.line(spans, m.w)
	}
	return lines
}

// list is the left pane: the events around the cursor, the oldest first.
func (m *Model) list() []string {
	at, all := m.at()
	rows := m.listRows()
	top := max(0, min(at-rows/2, all-rows))
	lines := make([]string, rows)
	places := 0
	for n := top; n < min(top+rows, all); n++ {
		places = max(places, width(m.place(m.event(n))))
	}
	for i := range lines {
		if top+i >= all {
			lines[i] = strings.Repeat(" ", m.leftWidth())
			continue
		}
		lines[i] = m.listed(m.event(top+i), min(places, m.leftWidth()/3))
	}
	return lines
}

// listed is one event in the list.
func (m *Model) listed(i, places int) string {
	cells := m.leftWidth()
	pointer, look := " ", plain
	if i == m.cursor {
		pointer, look = ">", bold
		if !m.right {
			look = chosen
		}
	}
	marked := " "
	if i == m.mark {
		marked = "*"
	}
	when, layout := m.micros(i), "01-02 15:04"
	if cells >= 44 {
		layout = "2006-01-02 15:04"
	}
	place := m.place(i)
	place = strings.Repeat(" ", max(0, places-width(place))) + cut(place, places)
	room := cells - len(pointer+marked) - places - 2 - len(layout) - 2
	types := min(m.types, room)
	text := pointer + marked + place + " " + fit(m.o.Visible(m.ix.typeOf(i)), types) + " " + moment(when, m.o.Zone).Format(layout)
	if m.ix.entries[i].late {
		text += " late"
	}
	if actor := m.ix.actorOf(i); actor != "" && cells-width(text) > 5 {
		text += " " + m.o.Visible(actor)
	}
	return m.paint.line([]span{{look, fit(text, cells-1)}, {plain, " "}}, cells)
}

// detail is the right pane.
func (m *Model) detail() []string {
	cells := m.rightWidth()
	lines := make([]string, m.listRows())
	for i := range lines {
		lines[i] = strings.Repeat(" ", cells)
	}
	a := m.answer
	if a == nil {
		lines[0] = m.paint.line([]span{{dim, " folding …"}}, cells)
		return lines
	}
	lines[0] = m.paint.line(append([]span{{plain, " "}}, m.subject(a)...), cells)
	lines[1] = m.paint.line(append([]span{{plain, " "}}, m.about(a.i)...), cells)
	for i := range m.rightRows() {
		if at := m.top + i; at < len(m.rows) {
			lines[headRows+i] = m.drawRow(at, cells)
		}
	}
	return lines
}

func (m *Model) drawRow(at, cells int) string {
	r := &m.rows[at]
	pointer := span{plain, " "}
	if m.right && at == m.row {
		pointer = span{chosen, ">"}
	}
	spans := append([]span{pointer, {r.look, r.sign}, {plain, " "}}, r.spans...)
	if len(r.note) == 0 {
		return m.paint.line(spans, cells)
	}
	note := min(m.notes, cells/2)
	return m.paint.line(spans, cells-note-2) + "  " + m.paint.line(r.note, note)
}

// foot is what is below the panes: what is known of the row under the cursor, and keys.
func (m *Model) foot() []string {
	keys := "← → event  ↑ ↓ row  [ ] type  s d b e  m mark  / filter  y copy  ? help  q quit"
	last := m.paint.line([]span{{dim, keys}}, m.w)
	switch {
	case m.help:
		last = m.paint.line([]span{{dim, "any key: back"}}, m.w)
	case m.filter.editing:
		last = m.paint.line([]span{{plain, "/" + m.o.Visible(m.filter.text)}, {chosen, " "}}, m.w)
	}
	return []string{m.paint.line(m.status(), m.w), last}
}

// status says what goes on, or what is known of the value under the cursor.
func (m *Model) status() []span {
	switch {
	case m.filter.scanning():
		return []span{{altered, "looking for " + m.o.Visible(m.filter.applied) + " …  Esc: stop"}}
	case m.answer != nil && (m.answer.i != m.cursor || m.answer.mark != m.mark):
		return []span{{altered, "folding …"}}
	case !m.right || m.row >= len(m.rows):
		return nil
	}
	r := &m.rows[m.row]
	if r.event < 0 {
		return nil
	}
	e := &m.ix.entries[r.event]
	spans := []span{{named, m.o.ShownPath(r.path)}, {plain, " by " + m.place(r.event) + " "}}
	spans = append(spans, m.about(r.event)...)
	return append(spans, span{dim, fmt.Sprintf("  #%d", e.position)})
}

// messageLines are what was last said, above the keys.
func (m *Model) messageLines() []string {
	var lines []string
	for _, text := range m.message {
		lines = append(lines, wrapped(text, m.w)...)
	}
	return lines[:min(len(lines), maxMessage, max(0, m.h-footRows-titleRows))]
}
