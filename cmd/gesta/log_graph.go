package main

import (
	"errors"
	"iter"
	"strings"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

const (
	// graphLanes is how many lines go down side by side at the most.
	graphLanes = 16

	// graphWindow is how many events are looked at in advance: lines lead as far.
	graphWindow = 1000
)

// graphed is an event as the graph shows it.
type graphed struct {
	cells []string
	node  history.Node
}

// logGraph draws what caused what beside one line an event.
func (e *env) logGraph(events iter.Seq2[store.Recorded, error]) error {
	p := e.painter(e.stdoutTerminal)
	t := &table{w: e.stdout, right: map[int]bool{1: true}, paint: map[int]func(string) string{
		1: p.yellow, 2: p.dim, 3: p.cyan, 4: p.bold, 6: p.dim,
	}}
	rows := history.Graph(func(yield func(graphed, error) bool) {
		for r, err := range events {
			g := graphed{}
			if err == nil {
				g.cells = e.onelineCells(&r)
				g.node = history.Node{ID: strings.Clone(r.ID), Links: history.LinksOf(&r)}
			}
			if !yield(g, err) {
				return
			}
		}
	}, func(g *graphed) history.Node { return g.node }, graphLanes, graphWindow)
	draw := graphParts(e.unicode())
	for row, err := range rows {
		if err != nil {
			return errors.Join(err, t.flush())
		}
		if err := t.row(append([]string{draw(row.Cells)}, row.Value.cells...)...); err != nil {
			return err
		}
	}
	return t.flush()
}

// graphParts returns what draws the cells of a row.
func graphParts(unicode bool) func([]history.GraphCell) string {
	node, ends, pass, dotted, cross, join, through, right := "*", "o", "|", ":", "+", "'", "'", "-"
	if unicode {
		node, ends, pass, dotted, cross, join, through, right = "●", "○", "│", "┊", "┼", "╯", "┴", "─"
	}
	return func(cells []history.GraphCell) string {
		var b strings.Builder
		crossed := false // a line comes from the left
		for i, c := range cells {
			switch {
			case c.Ends:
				b.WriteString(ends)
			case c.Kind == history.CellNode:
				b.WriteString(node)
			case c.Kind == history.CellJoin && c.Right:
				b.WriteString(through)
			case c.Kind == history.CellJoin:
				b.WriteString(join)
			case c.Kind == history.CellPass && crossed:
				b.WriteString(cross)
			case c.Kind == history.CellPass && c.Dotted:
				b.WriteString(dotted)
			case c.Kind == history.CellPass:
				b.WriteString(pass)
			case crossed:
				b.WriteString(right)
			default:
				b.WriteString(" ")
			}
			crossed = c.Right
			switch {
			case c.Right:
				b.WriteString(right)
			case i < len(cells)-1:
				b.WriteString(" ")
			}
		}
		return b.String()
	}
}
