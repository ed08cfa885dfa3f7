package tui

import (
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// keyHelp is the page of keys.
var keyHelp = [][2]string{
	{"left right, h l", "the event before, the one after"},
	{"up down, k j", "the same among the events; on the right, a row"},
	{"PgUp PgDn", "a page of either"},
	{"Home End, g G", "the first, the last"},
	{"[ ]", "the previous, the next event of the same type"},
	{"Tab", "to the other side"},
	{"s", "the state: + new, ~ another, - gone since the event before, or the mark"},
	{"d", "what differs since the event before, or the mark"},
	{"b", "blame: which event changed each value last"},
	{"e", "the event itself"},
	{"Enter", "on a value: to the event that changed it last"},
	{"m", "mark the event, to compare with it; again: no mark"},
	{"/", "only events whose type, data or changed paths have a text; Esc: all"},
	{"f", "follow: show events as they come"},
	{"y", "copy the command line that shows the same"},
	{"?", "this page"},
	{"q, Ctrl-C", "leave"},
}

// key does what a key says.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	m.message = nil
	switch name := k.String(); {
	case name == "ctrl+c":
		return tea.Interrupt
	case name == "ctrl+z":
		return tea.Suspend
	case m.filter.editing:
		return m.typed(k)
	case name == "q":
		m.left = true
		return tea.Quit
	case m.ix == nil:
		return nil
	case m.help:
		m.help = false
		return nil
	default:
		return m.command(name)
	}
}

func (m *Model) command(name string) tea.Cmd {
	switch name {
	case "left", "h":
		return m.move(-1)
	case "right", "l":
		return m.move(1)
	case "up", "k", "down", "j", "pgup", "pgdown", "ctrl+b", "ctrl+f", "home", "g", "end", "G":
		return m.vertical(name)
	case "[":
		return m.sameType(-1)
	case "]":
		return m.sameType(1)
	case "tab", "shift+tab":
		m.right = !m.right
	case "s":
		m.show(showState)
	case "d":
		m.show(showDiff)
	case "b":
		m.show(showBlame)
	case "e":
		m.show(showEvent)
	case "enter":
		return m.enter()
	case "m":
		return m.setMark()
	case "/":
		m.filter.editing = true
	case "esc":
		return m.showAll()
	case "f":
		return m.toggleFollow()
	case "y":
		return m.copy()
	case "?":
		m.help = true
	}
	return nil
}

// vertical goes through events or rows.
func (m *Model) vertical(name string) tea.Cmd {
	by := map[string]int{
		"up": -1, "k": -1, "down": 1, "j": 1, "home": -1 << 30, "g": -1 << 30, "end": 1 << 30, "G": 1 << 30,
	}[name]
	page := m.listRows()
	if m.right {
		page = m.rightRows()
	}
	switch name {
	case "pgup", "ctrl+b":
		by = -max(1, page-1)
	case "pgdown", "ctrl+f":
		by = max(1, page-1)
	}
	if m.right {
		m.moveRow(by)
		return nil
	}
	return m.move(by)
}

func (m *Model) show(what mode) {
	if what == m.mode {
		return
	}
	m.mode = what
	leaf := m.row < len(m.rows) && m.rows[m.row].leaf
	m.top = 0
	if m.remake(); !leaf || m.row >= len(m.rows) || !m.rows[m.row].leaf {
		m.row = 0
		m.moveRow(0)
	}
}

// enter goes to the event of a value; from the events it goes to the values.
func (m *Model) enter() tea.Cmd {
	if !m.right {
		m.right = true
		return nil
	}
	return m.jump()
}

func (m *Model) setMark() tea.Cmd {
	if m.mark == m.cursor {
		m.mark = -1
	} else {
		m.mark = m.cursor
	}
	return m.ask()
}

// showAll ends the filter, or the mark where there is none.
func (m *Model) showAll() tea.Cmd {
	if m.shown != nil || m.filter.scanning() {
		m.shown = nil
		m.filter.clear()
		return nil
	}
	if m.mark >= 0 {
		m.mark = -1
		return m.ask()
	}
	return nil
}

func (m *Model) toggleFollow() tea.Cmd {
	if !m.o.Follow {
		m.say("what is shown ends in the past: there is nothing to follow")
		return nil
	}
	m.follow = !m.follow
	if !m.follow {
		return nil
	}
	return tea.Batch(m.moveTo(1<<30), m.look())
}

// typed takes a key while a filter is typed.
func (m *Model) typed(k tea.KeyPressMsg) tea.Cmd {
	f := &m.filter
	switch k.String() {
	case "esc":
		f.editing, f.text = false, f.applied
	case "enter":
		f.editing = false
		if f.text == "" {
			return m.showAll()
		}
		return m.scan(f.text)
	case "backspace":
		_, n := utf8.DecodeLastRuneInString(f.text)
		f.text = f.text[:len(f.text)-n]
	case "ctrl+u":
		f.text = ""
	default:
		f.paste(k.Text)
	}
	return nil
}

// copy puts the command line that shows the same into the clipboard.
func (m *Model) copy() tea.Cmd {
	if m.answer == nil {
		return nil
	}
	ctx, o, ix, q, what := m.ctx, &m.o, m.ix, question{m.cursor, m.mark}, m.mode
	return m.work.do(func() tea.Msg { return commandOf(ctx, o, ix, q, what) })
}

func (m *Model) copied(c commandLine) tea.Cmd {
	if c.err != nil {
		m.say("%s", m.o.Visible(c.err.Error()))
		return nil
	}
	m.message = []string{"Copied: " + m.o.Visible(c.text)}
	if c.note != "" {
		m.message = append(m.message, "("+c.note+")")
	}
	return tea.SetClipboard(c.text)
}
