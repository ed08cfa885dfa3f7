package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/gestadb/gesta/store"
)

// NewModel returns the program as a model whose messages for later are given to after.
func NewModel(ctx context.Context, o Options, after func(tea.Msg)) *Model {
	m := newModel(ctx, o)
	m.after = func(_ time.Duration, msg tea.Msg) tea.Cmd {
		return func() tea.Msg {
			after(msg)
			return nil
		}
	}
	return m
}

// Text is the screen without colors.
func (m *Model) Text() string { return ansi.Strip(m.screen()) }

// Screen is the screen as the terminal gets it.
func (m *Model) Screen() string { return m.screen() }

// Replay finds states.
type Replay struct {
	r  *replay
	ix *index
	o  *Options
}

// NewReplay reads the events. The budgets are bytes; 0 leaves them as they are.
func NewReplay(ctx context.Context, o Options, checkpoints, steps int) (*Replay, error) {
	m := newModel(ctx, o)
	ix, err := buildIndex(ctx, &m.o, &m.read)
	if err != nil {
		return nil, err
	}
	if checkpoints > 0 {
		m.replay.checkpointBytes = checkpoints
	}
	if steps > 0 {
		m.replay.stepsBytes = steps
	}
	return &Replay{m.replay, ix, &m.o}, nil
}

// Events is how many events there are, Folded how many were folded so far.
func (r *Replay) Events() int { return len(r.ix.entries) }
func (r *Replay) Folded() int { return r.r.folded }

// Position is where an event stands.
func (r *Replay) Position(i int) store.Position { return r.ix.entries[i].position }

// At returns the state before an event and with it, and the event that changed each path last.
func (r *Replay) At(ctx context.Context, i int) (before, text []byte, blame map[string]store.Position, err error) {
	st, err := r.r.at(ctx, r.ix, i)
	if err != nil {
		return nil, nil, nil, err
	}
	blame = map[string]store.Position{}
	for path, by := range st.blame {
		blame[path] = r.ix.entries[by-1].position
	}
	return st.before, st.text, blame, nil
}

// Kept is how many bytes of checkpoints and of steps are kept.
func (r *Replay) Kept() (checkpoints, steps int) {
	for _, s := range r.r.segments {
		checkpoints += len(s.text) + 4*len(s.blame)
		steps += s.size
	}
	return checkpoints, steps
}

// Command is the command line that is copied; what is "state", "diff", "blame" or "event".
func (r *Replay) Command(ctx context.Context, i, mark int, what string) (text, note string, err error) {
	c := commandOf(ctx, r.o, r.ix, question{i, mark}, map[string]mode{"diff": showDiff, "blame": showBlame, "event": showEvent}[what])
	return c.text, c.note, c.err
}

// Fatal is what ended the program.
func (m *Model) Fatal() error { return m.fatal }

// Width is how many cells a text takes.
func Width(s string) int { return width(s) }
