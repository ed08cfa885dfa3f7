package tui

import (
	"sync"

	tea "charm.land/bubbletea/v2"
)

// work is what commands of the program do beside it. The program does not wait for them when it ends: end does.
type work struct {
	mu    sync.Mutex
	ended bool
	wait  sync.WaitGroup
}

// do makes a command of f.
func (w *work) do(f func() tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if !w.begin() {
			return nil
		}
		defer w.wait.Done()
		return f()
	}
}

// begin returns false when nothing is to begin any more.
func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.wait.Add(1)
	}
	return !w.ended
}

// end lets nothing begin any more, and waits for what has begun.
func (w *work) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.wait.Wait()
}
