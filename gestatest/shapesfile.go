package gestatest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gestadb/gesta"
)

// pinnedShape is the shape of one version of a type: a line for each field.
type pinnedShape struct {
	name    string
	version uint32
	fields  []string
}

func (s *pinnedShape) String() string { return fmt.Sprintf("%q, version %d", s.name, s.version) }

const shapesHead = `# The shapes of events, version by version: see gestatest.Shapes. GESTA_UPDATE=1 brings this file up to date.
# Versions stay here when newer ones come: stored events have them, and no other shape may take their number.
`

// shapeOf returns the pin of a shape.
func shapeOf(s *gesta.Shape) pinnedShape {
	p := pinnedShape{name: s.Type, version: s.Version}
	for _, f := range s.Fields {
		p.fields = append(p.fields, f.String())
	}
	slices.Sort(p.fields) // the order of fields means nothing
	return p
}

// parseShapes reads the lines of a golden file: the quoted name and the version of a type, and an indented line for each field.
func parseShapes(lines []string) ([]pinnedShape, error) {
	var out []pinnedShape
	for _, line := range lines {
		if field, ok := strings.CutPrefix(line, "\t"); ok {
			if len(out) == 0 {
				return nil, fmt.Errorf("field %q is of no type", field)
			}
			last := &out[len(out)-1]
			last.fields = append(last.fields, field)
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("%q is neither a quoted type with its version, nor an indented field", line)
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("read the name of a type in %q: %w", line, err)
		}
		version, err := strconv.ParseUint(strings.TrimSpace(line[len(quoted):]), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("read the version in %q: %w", line, err)
		}
		if findShape(out, name, uint32(version)) != nil {
			return nil, fmt.Errorf("version %d of %q is there twice", version, name)
		}
		out = append(out, pinnedShape{name: name, version: uint32(version)})
	}
	return out, nil
}

// formatShapes is the inverse of parseShapes, sorted.
func formatShapes(shapes []pinnedShape) string {
	slices.SortFunc(shapes, func(a, b pinnedShape) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.version, b.version))
	})
	var b strings.Builder
	b.WriteString(shapesHead)
	for _, s := range shapes {
		fmt.Fprintf(&b, "\n%q %d\n", s.name, s.version)
		for _, f := range s.fields {
			b.WriteString("\t" + f + "\n")
		}
	}
	return b.String()
}

func findShape(shapes []pinnedShape, name string, version uint32) *pinnedShape {
	for i := range shapes {
		if shapes[i].name == name && shapes[i].version == version {
			return &shapes[i]
		}
	}
	return nil
}
