package tui

import (
	"bytes"
	"context"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// filter is what is typed after a slash: the events whose type, data or changed paths have it, whatever the case.
type filter struct {
	editing bool
	text    string // as it is typed
	applied string
	cancel  context.CancelFunc // of the scan under way
	number  int                // of the last scan
}

// longestFilter is how many bytes a filter may have.
const longestFilter = 200

func (f *filter) scanning() bool { return f.cancel != nil }

func (f *filter) clear() {
	f.stop()
	f.applied, f.text = "", ""
}

// stop ends the scan under way.
func (f *filter) stop() {
	if f.cancel != nil {
		f.cancel()
	}
	f.cancel = nil
}

// paste takes text that was pasted.
func (f *filter) paste(s string) {
	if f.editing {
		f.text += strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, s[:max(0, min(len(s), longestFilter-len(f.text)))])
	}
}

// filtered is the end of a scan.
type filtered struct {
	number int
	shown  []int
	err    error
}

// scan looks for the events that have a text.
func (m *Model) scan(text string) tea.Cmd {
	m.filter.stop()
	m.filter.applied = text
	m.filter.number++
	ctx, cancel := context.WithCancel(m.ctx)
	m.filter.cancel = cancel
	o, ix, number := &m.o, m.ix, m.filter.number
	return tea.Batch(m.work.do(func() tea.Msg {
		shown, err := match(ctx, o, ix, text)
		return filtered{number, shown, err}
	}), m.ticking())
}

// match returns the events that have a text. Where the reducer fails it goes on without changed paths.
func match(ctx context.Context, o *Options, ix *index, text string) ([]int, error) {
	want := bytes.ToLower([]byte(text))
	has := func(s []byte) bool { return bytes.Contains(bytes.ToLower(s), want) }
	typed := map[string]bool{}
	event := func(r *store.Recorded) bool {
		is, known := typed[r.Type]
		if !known {
			is = has([]byte(r.Type))
			typed[strings.Clone(r.Type)] = is
		}
		return is || has(r.Data)
	}
	shown, i := []int{}, 0
	for step, err := range each(ctx, o, ix) {
		if err != nil {
			break
		}
		if event(&step.Event) || changedPath(step.Changes, o, has) {
			shown = append(shown, i)
		}
		i++
	}
	for r, err := range ix.events(ctx, o, i, len(ix.entries)) {
		if err != nil {
			return nil, err
		}
		if event(&r) {
			shown = append(shown, i)
		}
		i++
	}
	return shown, ctx.Err()
}

func changedPath(changes []reducer.Change, o *Options, has func([]byte) bool) bool {
	for i := range changes {
		if path := changes[i].Path; has([]byte(path)) || has([]byte(o.ShownPath(path))) {
			return true
		}
	}
	return false
}

// filtered shows the events that a scan found.
func (m *Model) filtered(msg filtered) tea.Cmd {
	if msg.number != m.filter.number || m.filter.cancel == nil {
		return nil // another one has begun, or the person does not wait for it any more
	}
	m.filter.stop()
	switch {
	case msg.err != nil:
		m.say("filter: %s", m.o.Visible(msg.err.Error()))
		m.filter.clear()
		m.shown = nil
		return nil
	case len(msg.shown) == 0:
		m.say("no event has “%s”", m.o.Visible(m.filter.applied))
		m.filter.clear()
		m.shown = nil
		return nil
	}
	m.shown = msg.shown
	return m.move(0)
}
