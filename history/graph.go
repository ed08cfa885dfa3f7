package history

import (
	"iter"
	"slices"
)

// Node is an event of a graph: what it is, and what it comes from.
type Node struct {
	ID string
	Links
}

// The parts of a row of a graph.
const (
	CellEmpty GraphKind = iota
	CellPass            // a line goes by
	CellNode            // the event
	CellJoin            // a line from a later event ends here, in the event
)

// GraphKind says what stands in a cell.
type GraphKind int

// GraphCell is what stands in one lane of a row.
type GraphCell struct {
	Kind GraphKind

	// Dotted says of a line that it stands for correlation, not causation.
	Dotted bool

	// Right says that a line leads from here to the lane to the right: to where another one joins.
	Right bool

	// Ends says of the event that no line leads down from it.
	Ends bool
}

// GraphRow is one event with its place in the graph.
type GraphRow[T any] struct {
	Value T
	Cells []GraphCell // by lane, without empty ones at the end; valid until the next row
}

// Graph lays out events, the newest first, in lanes: a line leads down from an event to the one that caused it, or, where its metadata name none or it is not near, to the next one
// with its correlationId, or whose id that is. Lines are drawn to events at most window rows below; where all lanes are taken an event has no line. An error is yielded once, last.
func Graph[T any](values iter.Seq2[T, error], node func(*T) Node, lanes, window int) iter.Seq2[GraphRow[T], error] {
	return func(yield func(GraphRow[T], error) bool) {
		g := graph[T]{max: lanes, ids: map[string]int{}, correlations: map[string]int{}}
		for v, err := range values {
			if err != nil {
				for len(g.ahead) > 0 {
					if !yield(g.next(), nil) {
						return
					}
				}
				yield(GraphRow[T]{}, err)
				return
			}
			if g.push(v, node(&v)); len(g.ahead) > window && !yield(g.next(), nil) {
				return
			}
		}
		for len(g.ahead) > 0 {
			if !yield(g.next(), nil) {
				return
			}
		}
	}
}

// graph is a graph in the making.
type graph[T any] struct {
	max   int
	lanes []lane
	ahead []waiting[T]
	cells []GraphCell

	ids, correlations map[string]int // how many of the events ahead have these
}

type waiting[T any] struct {
	value T
	node  Node
}

// lane is a line that leads down to an event; the zero lane is free.
type lane struct{ id, correlation string }

func (l *lane) free() bool { return *l == lane{} }

// endsAt says whether the line leads to an event.
func (l *lane) endsAt(n *Node) bool {
	if l.id != "" {
		return l.id == n.ID
	}
	return l.correlation != "" && (l.correlation == n.Correlation || l.correlation == n.ID)
}

func (g *graph[T]) push(v T, n Node) {
	g.ahead = append(g.ahead, waiting[T]{v, n})
	g.ids[n.ID]++
	g.correlations[n.Correlation]++
}

func lower(counts map[string]int, name string) {
	if counts[name]--; counts[name] == 0 {
		delete(counts, name)
	}
}

// next takes the first event and places it.
func (g *graph[T]) next() GraphRow[T] {
	w := g.ahead[0]
	g.ahead[0] = waiting[T]{}
	g.ahead = g.ahead[1:]
	lower(g.ids, w.node.ID)
	lower(g.correlations, w.node.Correlation)

	at := slices.IndexFunc(g.lanes, func(l lane) bool { return l.endsAt(&w.node) })
	if at < 0 {
		at = slices.IndexFunc(g.lanes, func(l lane) bool { return l.free() })
	}
	if at < 0 {
		at = len(g.lanes)
		g.lanes = append(g.lanes, lane{})
	}
	g.cells = g.cells[:0]
	last := at
	for i := range g.lanes {
		l := &g.lanes[i]
		cell := GraphCell{Dotted: l.id == "" && !l.free()}
		switch {
		case i == at:
			cell = GraphCell{Kind: CellNode}
		case l.free():
		case l.endsAt(&w.node):
			cell.Kind, last = CellJoin, i
			*l = lane{}
		default:
			cell.Kind = CellPass
		}
		g.cells = append(g.cells, cell)
	}
	for i := at; i < last; i++ {
		g.cells[i].Right = true
	}
	g.lanes[at] = lane{}
	if at < g.max {
		g.lanes[at] = g.down(&w.node)
	}
	g.cells[at].Ends = g.lanes[at].free()
	for len(g.lanes) > 0 && g.lanes[len(g.lanes)-1].free() {
		g.lanes = g.lanes[:len(g.lanes)-1]
	}
	for len(g.cells) > 0 && g.cells[len(g.cells)-1].Kind == CellEmpty {
		g.cells = g.cells[:len(g.cells)-1]
	}
	return GraphRow[T]{Value: w.value, Cells: g.cells}
}

// down returns the line that leads down from an event.
func (g *graph[T]) down(n *Node) lane {
	switch {
	case n.Cause != "" && g.ids[n.Cause] > 0:
		return lane{id: n.Cause}
	case n.Correlation != "" && (g.correlations[n.Correlation] > 0 || g.ids[n.Correlation] > 0):
		return lane{correlation: n.Correlation}
	}
	return lane{}
}
