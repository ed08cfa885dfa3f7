package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// diffMembers are the members of an item of diff.
var diffMembers = []string{"from", "to", "events", "changes", "ignoredSupersedes"}

// diffPrinter shows differences, in the form that was asked for.
type diffPrinter struct {
	e         *env
	f         *diffFlags
	items     *itemPrinter // for programs; else nil
	out       *bufio.Writer
	table     *table
	lines     changeLines
	single    bool // two states; otherwise all streams between two points of the store
	all       int  // how many differences were shown
	different int  // how many of them are any
	ignored   []store.Position

	leftOut leftOutStreams
}

// newDiffPrinter begins an answer: about the store where its two ends are given, else about two states.
func (e *env) newDiffPrinter(q *question, f *diffFlags, ends *[2]store.Position) (*diffPrinter, error) {
	p := &diffPrinter{e: e, f: f, single: ends == nil}
	if e.jsonMode() {
		var head []byte
		if ends != nil {
			head = answers.AppendStorePoints(nil, ends[0], ends[1])
		}
		var err error
		p.items, err = e.newItemsOf(&q.Basis, head, diffMembers...)
		return p, err
	}
	p.lines = e.changeLines()
	if err := e.page(); err != nil {
		return nil, err
	}
	p.out = bufio.NewWriterSize(e.stdout, 64<<10)
	paint := e.painter(e.stdoutTerminal)
	p.table = &table{w: p.out, right: map[int]bool{1: true}, paint: map[int]func(string) string{0: paint.cyan, 1: paint.dim}}
	return p, nil
}

func (p *diffPrinter) show(ctx context.Context, d *history.Difference) error {
	p.all++
	p.ignored = append(p.ignored, d.Ignored...)
	if len(d.Changes) > 0 {
		p.different++
	}
	if p.items != nil {
		return p.items.add(ctx, answers.AppendDifference(nil, d))
	}
	switch {
	case p.f.stat:
		return p.table.row(span(d), plural(int(d.Events), "event", "events"), countChanges(d.Changes))
	case len(d.Changes) == 0:
		return nil
	case p.f.nameOnly:
		return p.line(visible(d.To.Target))
	case !p.single:
		if p.different > 1 {
			if err := p.line(""); err != nil {
				return err
			}
		}
		if err := p.line(p.e.painter(p.e.stdoutTerminal).cyan(span(d)) + "  " + plural(int(d.Events), "event", "events")); err != nil {
			return err
		}
	default:
		p.e.note("%s  %s", span(d), plural(int(d.Events), "event", "events"))
	}
	return p.lines.write(p.out, d.Changes)
}

func (p *diffPrinter) line(text string) error {
	_, err := p.out.WriteString(text + "\n")
	return err
}

// flush sends what was shown, before an error ends the answer.
func (p *diffPrinter) flush() error {
	if p.items != nil {
		return p.items.flush()
	}
	if err := p.table.flush(); err != nil {
		return err
	}
	return p.out.Flush()
}

func (p *diffPrinter) end(ctx context.Context) error {
	slices.Sort(p.ignored)
	p.e.warnIgnored(p.ignored)
	p.e.warnTruncated(p.leftOut)
	if p.items != nil {
		return p.items.closeWith(ctx, answers.AppendTruncated(nil, p.leftOut.streams))
	}
	if err := p.flush(); err != nil {
		return err
	}
	switch {
	case p.single && p.different == 0:
		p.e.note("there is no difference")
	case !p.single:
		p.e.note("%s between the two points, %s%s", plural(p.all+p.leftOut.streams, "stream has events", "streams have events"),
			plural(p.different, "state differs", "states differ"), p.leftOut.text())
	}
	return nil
}

// span says what is compared: order-42@3..7, or order-42@3 order-43@1.
func span(d *history.Difference) string {
	if d.From.Target == d.To.Target {
		return fmt.Sprintf("%s@%d..%d", visible(d.To.Target), d.From.Version, d.To.Version)
	}
	return fmt.Sprintf("%s@%d %s@%d", visible(d.From.Target), d.From.Version, visible(d.To.Target), d.To.Version)
}

// countChanges says how many changes there are of each kind.
func countChanges(changes []reducer.Change) string {
	counts := map[string]int{}
	for i := range changes {
		counts[changes[i].Op()]++
	}
	text := ""
	for _, kind := range []struct{ op, word string }{{reducer.OpAdd, "added"}, {reducer.OpReplace, "replaced"}, {reducer.OpRemove, "removed"}} {
		if n := counts[kind.op]; n > 0 {
			if text != "" {
				text += ", "
			}
			text += thousands(n) + " " + kind.word
		}
	}
	if text == "" {
		return "no difference"
	}
	return text
}
