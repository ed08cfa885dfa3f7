package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// look is how a text looks. What it says is never said by colors alone.
type look int

const (
	plain look = iota
	dim
	bold
	added
	removed
	altered
	named // a place or a name
	alarm
	chosen // what a cursor stands on
)

// span is a piece of a line. Its text has nothing that a terminal would obey.
type span struct {
	look look
	text string
}

// painter gives text its look.
type painter struct{ looks [chosen + 1]lipgloss.Style }

func newPainter(color bool) *painter {
	p := &painter{}
	style := lipgloss.NewStyle().Inline(true).TabWidth(lipgloss.NoTabConversion)
	for i := range p.looks {
		p.looks[i] = style
	}
	p.looks[bold] = style.Bold(true)
	p.looks[chosen] = style.Reverse(true)
	if color {
		p.looks[dim] = style.Faint(true)
		p.looks[added] = style.Foreground(lipgloss.Green)
		p.looks[removed] = style.Foreground(lipgloss.Red)
		p.looks[altered] = style.Foreground(lipgloss.Yellow)
		p.looks[named] = style.Foreground(lipgloss.Cyan)
		p.looks[alarm] = style.Foreground(lipgloss.Red).Bold(true)
	}
	return p
}

// width is how many cells of a terminal a text takes. It may be more than where several characters are drawn as one.
func width(s string) int { return ansi.StringWidthWc(s) }

// cut cuts a text to so many cells, the last of which then is an ellipsis.
func cut(s string, cells int) string {
	if cells <= 0 {
		return ""
	}
	if len(s) <= cells || width(s) <= cells {
		return s
	}
	used := 0
	for i, r := range s {
		w := width(string(r))
		if used += w; used > cells-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// fit makes a text exactly so many cells wide.
func fit(s string, cells int) string {
	s = cut(s, cells)
	return s + strings.Repeat(" ", max(0, cells-width(s)))
}

// line paints spans on exactly so many cells.
func (p *painter) line(spans []span, cells int) string {
	var b strings.Builder
	left := cells
	for i, s := range spans {
		if left == 0 {
			break
		}
		text := s.text
		if w := width(text); w > left || w == left && i+1 < len(spans) && widthOf(spans[i+1:]) > 0 {
			text = cut(text+" ", left)
		}
		left -= width(text)
		b.WriteString(p.looks[s.look].Render(text))
	}
	return b.String() + strings.Repeat(" ", max(0, left))
}

func widthOf(spans []span) (n int) {
	for _, s := range spans {
		n += width(s.text)
	}
	return n
}

// wrapped breaks a text into lines of so many cells.
func wrapped(s string, cells int) []string {
	return strings.Split(ansi.HardwrapWc(s, max(1, cells), true), "\n")
}
