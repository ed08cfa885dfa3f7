package expr

import (
	"fmt"
	"strings"

	"github.com/gestadb/gesta/store"
)

// SyntaxError says where an expression cannot be read on.
type SyntaxError struct {
	Offset   int    // in bytes from the start of the text
	Found    string // what stands there, cut after a few characters; empty at the end of the text
	Expected string // what could stand there, in words
	Nearest  string // the known name that is nearest to Found; empty if none is near
}

func (e *SyntaxError) Error() string {
	found := "its end"
	if e.Found != "" {
		found = fmt.Sprintf("%q", e.Found)
	}
	text := fmt.Sprintf("gesta: invalid: expression at byte %d: found %s, expected %s", e.Offset, found, e.Expected)
	if e.Nearest != "" {
		text += fmt.Sprintf("; did you mean %q?", e.Nearest)
	}
	return text
}

// Is matches [store.ErrInvalid].
func (e *SyntaxError) Is(target error) bool { return target == store.ErrInvalid }

// maxFound is how many characters an error quotes.
const maxFound = 40

func shorten(found string) string {
	n := 0
	for i := range found {
		if n++; n > maxFound {
			return found[:i] + "…"
		}
	}
	return found
}

// nearest returns the name that takes the fewest letters to change, if these are two at most and no more than half of it.
func nearest(name string, known []string) string {
	best, fewest := "", min(3, len(name)/2+1)
	if len(name) > maxFound {
		return ""
	}
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance counts the bytes to insert, remove or replace to make b out of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

// either lists words: "a", "a or b", "a, b or c".
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
