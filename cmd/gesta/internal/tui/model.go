package tui

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
)

// Model is the program: what is on the screen, and what keys do to it. Its methods are called by one goroutine; commands get what they need as values.
type Model struct {
	ctx    context.Context
	o      Options
	paint  *painter
	w, h   int
	work   work
	replay *replay // of the one command that looks for an answer
	ix     *index  // nil until the events were read
	read   atomic.Int64

	cursor, mark int   // events; mark is -1 for none
	shown        []int // the events that pass the filter; nil for all
	types        int   // how wide the longest type is

	mode     mode
	right    bool // the arrows up and down go through the right pane
	row, top int  // of the right pane
	rows     []row
	notes    int     // how wide the notes of the rows are
	answer   *answer // nil until the first one is there
	asking   bool
	unasked  bool // something changed since: ask again

	filter  filter
	message []string
	help    bool
	follow  bool
	looking bool // for events that came
	waiting bool // until it is time to look again

	fatal error
	left  bool // the person has left

	// after sends a message later.
	after func(time.Duration, tea.Msg) tea.Cmd
}

func newModel(ctx context.Context, o Options) *Model {
	o.defaults()
	m := &Model{ctx: ctx, o: o, paint: newPainter(o.Color), mark: -1, after: later}
	m.replay = newReplay(&m.o)
	return m
}

// Messages of the program to itself.
type (
	indexed struct {
		ix  *index
		err error
	}
	answered struct{ a *answer }
	tick     struct{} // something that takes long has gone on
	lookNow  struct{}
	came     struct {
		ix  *index
		err error
	}
)

const (
	tickEvery = 200 * time.Millisecond
	lookEvery = time.Second
)

// Init reads the events.
func (m *Model) Init() tea.Cmd {
	ctx, o, read := m.ctx, &m.o, &m.read
	return tea.Batch(m.work.do(func() tea.Msg {
		ix, err := buildIndex(ctx, o, read)
		return indexed{ix, err}
	}), m.ticking())
}

func later(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}

func (m *Model) ticking() tea.Cmd { return m.after(tickEvery, tick{}) }

// Update takes in a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		m.remake()
	case tea.KeyPressMsg:
		return m, m.key(msg)
	case tea.PasteMsg:
		m.filter.paste(msg.Content)
	case indexed:
		return m, m.begin(msg)
	case answered:
		return m, m.take(msg.a)
	case commandLine:
		return m, m.copied(msg)
	case filtered:
		return m, m.filtered(msg)
	case tick:
		if m.ix == nil || m.filter.scanning() || m.asking {
			return m, m.ticking()
		}
	case lookNow:
		m.waiting = false
		return m, m.look()
	case came:
		return m, m.came(msg)
	}
	return m, nil
}

// begin shows the last event of an index.
func (m *Model) begin(msg indexed) tea.Cmd {
	if msg.err != nil {
		m.fatal = msg.err
		return tea.Quit
	}
	m.ix = msg.ix
	m.cursor = len(m.ix.entries) - 1
	m.measure()
	return m.ask()
}

// measure finds how wide types are.
func (m *Model) measure() {
	m.types = 0
	seen := map[uint32]bool{}
	for i := range m.ix.entries {
		if typ := m.ix.entries[i].typ; !seen[typ] {
			seen[typ] = true
			m.types = max(m.types, width(m.o.Visible(m.ix.names[typ])))
		}
	}
}

func (m *Model) say(format string, args ...any) { m.message = []string{fmt.Sprintf(format, args...)} }

// stream is the stream that is shown, empty for a tag.
func (m *Model) stream() string {
	if m.o.Selection.Subject == history.Stream {
		return m.o.Selection.Name
	}
	return ""
}

// ask looks for what the right pane is to show. One question is under way at a time.
func (m *Model) ask() tea.Cmd {
	if m.ix == nil {
		return nil
	}
	if m.asking {
		m.unasked = true
		return nil
	}
	m.asking, m.unasked = true, false
	ctx, o, r, ix, q := m.ctx, &m.o, m.replay, m.ix, question{m.cursor, m.mark}
	return m.work.do(func() tea.Msg { return answered{find(ctx, o, r, ix, q)} })
}

// find answers a question.
func find(ctx context.Context, o *Options, r *replay, ix *index, q question) *answer {
	a := &answer{question: q}
	if a.event, a.err = ix.event(ctx, o, q.i); a.err != nil {
		return a
	}
	var from *state
	if q.mark >= 0 {
		if from, a.err = r.at(ctx, ix, q.mark); a.err != nil {
			return a
		}
	}
	if a.state, a.err = r.at(ctx, ix, q.i); a.err != nil {
		return a
	}
	before := a.state.before
	if from != nil {
		before = from.text
	}
	changes, ok := reducer.Diff(before, a.state.text, "")
	if a.changes = changes; !ok {
		a.err = fmt.Errorf("compare states of %s: one is not JSON", o.Selection.Target())
	}
	return a
}

// take shows an answer, and asks again where the question is another one by now.
func (m *Model) take(a *answer) tea.Cmd {
	m.asking = false
	m.answer = a
	m.remake()
	if m.unasked || a.i != m.cursor || a.mark != m.mark {
		return m.ask()
	}
	return nil
}

// remake makes the rows of the right pane anew. The cursor stays on the same leaf where it is still there.
func (m *Model) remake() {
	if m.answer == nil || m.w == 0 {
		return
	}
	path, had := "", false
	if m.row < len(m.rows) {
		path, had = m.rows[m.row].path, m.rows[m.row].leaf
	}
	m.rows, m.notes = m.rowsOf(m.answer), 0
	for i := range m.rows {
		m.notes = max(m.notes, widthOf(m.rows[i].note))
	}
	if had {
		if at := slices.IndexFunc(m.rows, func(r row) bool { return r.leaf && r.path == path }); at >= 0 {
			m.row = at
		}
	}
	m.moveRow(0)
}

// moveRow moves the cursor of the right pane.
func (m *Model) moveRow(by int) {
	m.row = max(0, min(m.row+by, len(m.rows)-1))
	room := max(1, m.rightRows())
	m.top = max(0, min(m.top, m.row, len(m.rows)-room))
	if m.row >= m.top+room {
		m.top = m.row - room + 1
	}
}

// at returns where the cursor is among the events that are shown, and how many these are.
func (m *Model) at() (int, int) {
	if m.shown == nil {
		return m.cursor, len(m.ix.entries)
	}
	at, found := slices.BinarySearch(m.shown, m.cursor)
	if !found {
		at--
	}
	return at, len(m.shown)
}

// event returns the n-th event that is shown.
func (m *Model) event(n int) int {
	if m.shown == nil {
		return n
	}
	return m.shown[n]
}

// moveTo goes to the n-th event that is shown, or the nearest.
func (m *Model) moveTo(n int) tea.Cmd {
	_, all := m.at()
	if all == 0 {
		return nil
	}
	m.cursor = m.event(max(0, min(n, all-1)))
	return m.ask()
}

// move goes to an earlier or a later event.
func (m *Model) move(by int) tea.Cmd {
	at, _ := m.at()
	return m.moveTo(at + by)
}

// sameType goes to the previous or the next event of the type.
func (m *Model) sameType(by int) tea.Cmd {
	at, all := m.at()
	typ := m.ix.entries[m.cursor].typ
	for n := at + by; n >= 0 && n < all; n += by {
		if m.ix.entries[m.event(n)].typ == typ {
			return m.moveTo(n)
		}
	}
	m.say("there is no other %s that way", m.o.Visible(m.ix.typeOf(m.cursor)))
	return nil
}

// jump goes to the event that changed the leaf under the cursor last.
func (m *Model) jump() tea.Cmd {
	if m.row >= len(m.rows) || m.rows[m.row].event < 0 {
		m.say("no event changed this")
		return nil
	}
	m.cursor = m.rows[m.row].event
	if at, all := m.at(); all > 0 && (at < 0 || m.event(at) != m.cursor) {
		m.shown = nil // the filter would hide it
		m.filter.clear()
		m.say("the filter hides that event: all are shown again")
	}
	return m.ask()
}

// look finds out whether events came.
func (m *Model) look() tea.Cmd {
	if !m.follow || m.looking {
		return nil
	}
	m.looking = true
	ctx, o, ix := m.ctx, &m.o, m.ix
	return m.work.do(func() tea.Msg {
		head, err := o.Store.Head(ctx)
		if err != nil || head <= ix.last {
			return came{ix, err}
		}
		more, err := ix.more(ctx, o, head)
		return came{more, err}
	})
}

// came shows the events that came; a cursor on the last one goes along.
func (m *Model) came(msg came) tea.Cmd {
	m.looking = false
	if msg.err != nil {
		m.follow = false
		m.say("stopped following: %s", m.o.Visible(msg.err.Error()))
		return nil
	}
	var wait tea.Cmd
	if !m.waiting {
		m.waiting = true
		wait = m.after(lookEvery, lookNow{})
	}
	if len(msg.ix.entries) == len(m.ix.entries) {
		return wait
	}
	atEnd := m.cursor == len(m.ix.entries)-1
	m.ix = msg.ix
	m.measure()
	if m.shown != nil {
		return tea.Batch(wait, m.scan(m.filter.applied))
	}
	if atEnd {
		m.cursor = len(m.ix.entries) - 1
	}
	return tea.Batch(wait, m.ask())
}

func (m *Model) shortTime(i int) string {
	return moment(m.micros(i), m.o.Zone).Format("2006-01-02 15:04:05")
}

// micros is the time of an event that orders it among others.
func (m *Model) micros(i int) int64 {
	if m.o.EffectiveAt.IsZero() {
		return m.ix.entries[i].recorded
	}
	return m.ix.entries[i].effective
}

func (m *Model) longTime(t time.Time) string {
	return t.In(m.o.Zone).Format("2006-01-02 15:04:05Z07:00")
}
