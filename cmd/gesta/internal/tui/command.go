package tui

import (
	"context"
	"fmt"
	"strings"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// commandLine is what shows outside of this program what is shown inside.
type commandLine struct {
	text string
	note string // how it differs
	err  error
}

// commandOf returns the command line that shows an answer.
func commandOf(ctx context.Context, o *Options, ix *index, q question, m mode) commandLine {
	w := &writer{ctx: ctx, o: o, ix: ix}
	text, err := w.write(q, m)
	return commandLine{text: text, note: w.note, err: err}
}

type writer struct {
	ctx  context.Context
	o    *Options
	ix   *index
	note string
}

func (w *writer) write(q question, m mode) (string, error) {
	if m == showEvent {
		return w.command("show", fmt.Sprint(w.ix.entries[q.i].position)), nil
	}
	if !w.o.EffectiveAt.IsZero() {
		return w.effective(q, m)
	}
	to, err := w.address(q.i)
	if err != nil {
		return "", err
	}
	switch m {
	case showBlame:
		return w.folding("blame", to), nil
	case showDiff:
		from := q.i - 1
		if q.mark >= 0 {
			from = q.mark
		}
		before, err := w.address(from)
		return w.folding("diff", before, to), err
	default:
		return w.folding("state", to), nil
	}
}

// effective writes commands about events in the order in which they took effect: what held at a time is the beginning of what holds later.
func (w *writer) effective(q question, m mode) (string, error) {
	known, err := w.resolved(w.ix.known, w.ix.last)
	if err != nil {
		return "", err
	}
	at := func(i int) []string {
		t := w.ix.entries[i].effective
		if i+1 < len(w.ix.entries) && w.ix.entries[i+1].effective == t {
			w.note = "more events took effect at the same time: it shows what they made of it"
		}
		return []string{known, "--effective-at", eventjson.FormatTime(moment(t, w.o.Zone))}
	}
	switch {
	case m == showBlame:
		return w.folding("blame", at(q.i)...), nil
	case m == showDiff && q.mark >= 0:
		return "diff <(" + w.folding("state", at(q.mark)...) + ") <(" + w.folding("state", at(q.i)...) + ")", nil
	case m == showDiff:
		return w.folding("log", append(at(q.i), "-p", "-n", "1")...), nil
	default:
		return w.folding("state", at(q.i)...), nil
	}
}

// folding writes a command that folds.
func (w *writer) folding(verb string, args ...string) string {
	if w.o.ReducerName != "" {
		args = append(args, "--reducer", w.o.ReducerName)
	}
	return w.command(verb, args...)
}

func (w *writer) command(verb string, args ...string) string {
	words := []string{"gesta", verb}
	for _, a := range append(args, w.o.Flags...) {
		words = append(words, w.o.Quote(a))
	}
	return strings.Join(words, " ")
}

// address names the target at an event, or before the first for -1.
func (w *writer) address(i int) (string, error) {
	if i < 0 {
		return w.resolved(0, 0)
	}
	n := uint64(i) + 1
	if w.o.Selection.Subject == history.Stream {
		n = w.ix.entries[i].version
	}
	return w.resolved(n, w.ix.entries[i].position)
}

// resolved returns an address that means the n-th event of the target, which stands at a position.
func (w *writer) resolved(n uint64, position store.Position) (string, error) {
	sel := &w.o.Selection
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(sel.Name) + `"`
	forms := []string{sel.Name, "stream:" + quoted}
	if sel.Subject == history.Tag {
		forms = []string{"tag:" + sel.Name, "tag:" + quoted}
	}
	for _, form := range forms {
		text := fmt.Sprintf("%s@%d", form, n)
		if strings.HasPrefix(text, "-") {
			continue // a command would take it for a flag
		}
		found, err := history.ResolveAt(w.ctx, w.o.Store, text, history.Clock{Zone: w.o.Zone}, max(w.ix.last, sel.Until))
		if err == nil && found.Subject == sel.Subject && found.Name == sel.Name && found.Until == position && !found.Range {
			return text, nil
		}
	}
	return "", fmt.Errorf("no address means %s at its event %d", sel.Target(), n)
}
