// Package report keeps what was measured, and writes it: a table for the terminal, and Markdown with all that is needed to judge it.
package report

import "fmt"

// Spec says what a row measures and what is asked of it.
type Spec struct {
	ID    string // For -rows, such as "append-64".
	Title string // In words.
	Unit  Unit
	Lower bool // Whether less is better.

	// Limit is the subject that the ratio is to: gesta's figure divided by its. Empty for rows without a ratio.
	Limit string

	Target, Stretch Bound
}

// Bound is what a row should reach: of the ratio, or of gesta's figure where OfValue. The zero Bound asks nothing.
type Bound struct {
	Figure  float64
	OfValue bool
}

// Ratio is a bound of the ratio.
func Ratio(x float64) Bound { return Bound{Figure: x} }

// Value is a bound of gesta's own figure, in the unit of the row.
func Value(x float64) Bound { return Bound{Figure: x, OfValue: true} }

// Unit says how figures of a row are written.
type Unit int

// The units.
const (
	PerSecond Unit = iota // events, or reads, a second
	Micros                // microseconds
	Millis                // milliseconds
	Bytes                 // bytes an event
	MiB                   // mebibytes
	Times                 // a ratio
)

// Text writes a figure with the digits that mean something.
func (u Unit) Text(x float64) string {
	switch u {
	case PerSecond:
		return thousands(x)
	case Micros:
		return digits(x) + " µs"
	case Millis:
		return digits(x) + " ms"
	case Bytes:
		return digits(x) + " B"
	case MiB:
		return digits(x) + " MiB"
	case Times:
		return fmt.Sprintf("%.3f", x)
	}
	return fmt.Sprint(x)
}

func digits(x float64) string {
	switch {
	case x < 0:
		return "-" + digits(-x)
	case x < 1:
		return fmt.Sprintf("%.3f", x)
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	}
	return thousands(x)
}

// thousands writes a whole number in groups of three.
func thousands(x float64) string {
	s := fmt.Sprintf("%.0f", x)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// text writes a bound, with at least or at most in front.
func (b Bound) text(s *Spec) string {
	if b == (Bound{}) {
		return "–"
	}
	sign := "≥ "
	if s.Lower {
		sign = "≤ "
	}
	if b.OfValue {
		return sign + s.Unit.Text(b.Figure)
	}
	return sign + fmt.Sprintf("%g x", b.Figure)
}

// met says whether a bound is reached.
func (b Bound) met(s *Spec, value, ratio float64) bool {
	x := ratio
	if b.OfValue {
		x = value
	}
	if s.Lower {
		return x <= b.Figure
	}
	return x >= b.Figure
}
