package tui

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/reducer"
)

// maxLines is how many lines of one state are shown.
const maxLines = 100_000

// leaf is a line of a state: one of its leaves, or a bracket.
type leaf struct {
	depth int
	key   string // as in the JSON, with quotes; empty for an element of a list
	value string // as in the JSON, or a bracket
	comma bool
	path  string // of a leaf, and of what a bracket opens
	inner bool   // a bracket
}

// tree writes JSON as indented lines. The text is valid.
type tree struct {
	text  []byte
	lines []leaf
	full  bool // there are more lines than are shown
}

// treeOf returns the lines of a state. It keeps digits and order as they are; a text is spelled as it was.
func treeOf(text []byte) (lines []leaf, full bool) {
	t := &tree{text: text}
	t.value(t.skip(0), leaf{})
	return t.lines, t.full
}

// skip returns where the next token begins, at or after i.
func (t *tree) skip(i int) int {
	for i < len(t.text) && strings.IndexByte(" \t\r\n", t.text[i]) >= 0 {
		i++
	}
	return i
}

func (t *tree) add(l leaf) {
	if len(t.lines) >= maxLines {
		t.full = true
		return
	}
	t.lines = append(t.lines, l)
}

// value writes the value at i in the line that began, and returns where it ends.
func (t *tree) value(i int, l leaf) int {
	if i >= len(t.text) {
		return i
	}
	opened := t.text[i]
	if opened != '{' && opened != '[' {
		end := t.scalar(i)
		l.value = string(t.text[i:end])
		l.comma = t.comma(end)
		t.add(l)
		return end
	}
	closing := string(opened + 2) // in ASCII: { and }, [ and ]
	first := t.skip(i + 1)
	if first < len(t.text) && string(t.text[first]) == closing {
		l.value = string(opened) + closing
		l.comma = t.comma(first + 1)
		t.add(l)
		return first + 1
	}
	l.value, l.inner = string(opened), true
	t.add(l)
	end := t.members(first, opened == '{', l)
	t.add(leaf{depth: l.depth, value: closing, comma: t.comma(end), path: l.path, inner: true})
	return end
}

// members writes what is in an object or a list, and returns where that ends.
func (t *tree) members(i int, object bool, parent leaf) int {
	for n := 0; i < len(t.text); n++ {
		l := leaf{depth: parent.depth + 1}
		name := strconv.Itoa(n)
		if object {
			end := t.scalar(i)
			l.key = string(t.text[i:end])
			name = unquoted(t.text[i:end])
			i = t.skip(t.skip(end) + 1) // the colon
		}
		l.path = parent.path + reducer.Path{name}.String()
		i = t.skip(t.value(i, l))
		if i >= len(t.text) || t.text[i] != ',' {
			return i + 1
		}
		i = t.skip(i + 1)
	}
	return i
}

func (t *tree) comma(end int) bool {
	end = t.skip(end)
	return end < len(t.text) && t.text[end] == ','
}

// scalar returns where a text, a number or a word ends.
func (t *tree) scalar(i int) int {
	if t.text[i] != '"' {
		for i < len(t.text) && strings.IndexByte(",]} \t\r\n", t.text[i]) < 0 {
			i++
		}
		return i
	}
	for i++; i < len(t.text) && t.text[i] != '"'; i++ {
		if t.text[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(t.text))
}

// unquoted returns what a text says.
func unquoted(text []byte) string {
	var s string
	if json.Unmarshal(text, &s) != nil {
		return string(text)
	}
	return s
}

// removedBelow groups removed leaves by where they are shown: below the innermost part of the state that is still there.
func removedBelow(changes []reducer.Change, lines []leaf) map[string][]reducer.Change {
	var there map[string]bool
	out := map[string][]reducer.Change{}
	for i := range changes {
		if changes[i].New != nil {
			continue
		}
		if there == nil {
			there = map[string]bool{}
			for j := range lines {
				if lines[j].inner {
					there[lines[j].path] = true
				}
			}
		}
		above := changes[i].Path
		for above != "" {
			above = above[:strings.LastIndexByte(above, '/')]
			if there[above] {
				break
			}
		}
		out[above] = append(out[above], changes[i])
	}
	return out
}

// changed returns the change of a leaf, nil where it did not change. The changes are sorted by path.
func changed(changes []reducer.Change, path string) *reducer.Change {
	at, ok := slices.BinarySearchFunc(changes, path, func(c reducer.Change, path string) int { return strings.Compare(c.Path, path) })
	if !ok {
		return nil
	}
	return &changes[at]
}
