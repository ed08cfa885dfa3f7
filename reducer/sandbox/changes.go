package sandbox

import (
	"encoding/binary"

	"github.com/gestadb/gesta/reducer"
)

// Changes are operations on a state, which the child writes and the parent does.
type Changes struct {
	b     []byte
	count int
}

const (
	opSet      byte = iota // text: the value; of the state itself where the path is empty
	opRemove               // a member
	opTruncate             // number: of elements that stay
)

// Reset forgets them.
func (c *Changes) Reset() { c.b, c.count = c.b[:0], 0 }

// Set makes a value, as JSON, that of a member or an element; of the state where path is empty.
func (c *Changes) Set(path []string, text []byte) {
	c.op(opSet, path)
	c.b = AppendText(c.b, text)
}

// Remove removes a member.
func (c *Changes) Remove(path []string) { c.op(opRemove, path) }

// Truncate shortens a list to n elements.
func (c *Changes) Truncate(path []string, n int) {
	c.op(opTruncate, path)
	c.b = binary.AppendUvarint(c.b, uint64(n)) //nolint:gosec // a length
}

// Full says whether there are so many that they could not be sent with as many again.
func (c *Changes) Full() bool { return len(c.b) > maxFrame/2 }

func (c *Changes) op(op byte, path []string) {
	c.count++
	c.b = binary.AppendUvarint(append(c.b, op), uint64(len(path)))
	for _, name := range path {
		c.b = AppendText(c.b, name)
	}
}

func (c *Changes) append(b []byte) []byte {
	return AppendText(binary.AppendUvarint(b, uint64(c.count)), c.b) //nolint:gosec // a length
}

// readChanges does to a document what the next changes in r say.
func readChanges(r *Reader, d *reducer.Document) error {
	count := r.Uint()
	ops := Reader{b: r.Text()}
	var path reducer.Path
	for range count {
		if len(ops.b) == 0 {
			return errFrame
		}
		op := ops.b[0]
		ops.b = ops.b[1:]
		path = path[:0]
		for range ops.Count() {
			path = append(path, string(ops.Text()))
		}
		if err := change(d, op, path, &ops); err != nil {
			return err
		}
	}
	return ops.End()
}

func change(d *reducer.Document, op byte, path reducer.Path, ops *Reader) error {
	switch op {
	case opSet:
		return d.Set(path, ops.Text())
	case opRemove:
		return d.Set(path, nil)
	case opTruncate:
		return d.Truncate(path, int(ops.Uint())) //nolint:gosec // Truncate knows how many there are
	}
	return errFrame
}
