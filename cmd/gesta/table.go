package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// table writes rows of cells in aligned columns. It aligns rows page by page, so that a list of any length costs little
// memory and begins at once.
type table struct {
	w      io.Writer
	right  map[int]bool // columns that are aligned to the right
	paint  map[int]func(string) string
	rows   [][]string
	err    error
	widest []int // so far: columns never get narrower
}

const tablePage = 500 // rows

func (t *table) row(cells ...string) error {
	t.rows = append(t.rows, cells)
	if len(t.rows) == tablePage {
		return t.flush()
	}
	return t.err
}

// flush writes what is waiting.
func (t *table) flush() error {
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(t.widest) {
				t.widest = append(t.widest, 0)
			}
			t.widest[i] = max(t.widest[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", t.widest[i]-utf8.RuneCountInString(cell))
			if paint := t.paint[i]; paint != nil {
				cell = paint(cell)
			}
			if t.right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	t.rows = t.rows[:0]
	if t.err == nil && b.Len() > 0 {
		_, t.err = io.WriteString(t.w, b.String())
	}
	return t.err
}
