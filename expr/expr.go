package expr

import (
	"slices"

	"github.com/gestadb/gesta/reducer"
)

// Expr is an expression that was parsed. It may be used by any number of goroutines.
type Expr struct {
	root *node
	refs []Ref
}

// Ref is something that an expression reads: the part at Path of the root named Root; all of it when Path is empty.
type Ref struct {
	Root string
	Path reducer.Path
}

// Parse reads an expression whose paths begin with one of roots. Its error is a [*SyntaxError], which is a [store.ErrInvalid].
func Parse(text string, roots ...string) (*Expr, error) {
	p := parser{text: text, roots: roots, places: map[string]int{}}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Expr{root: root, refs: p.refs}, nil
}

// Refs returns what the expression reads: each path once, in the order in which they first stand in the text.
func (e *Expr) Refs() []Ref { return slices.Clone(e.refs) }

// Eval evaluates the expression. The values belong to [Expr.Refs], one each in the same order: valid JSON, or nil where the
// path leads nowhere. Values that are left out at the end are nil too. What it returns may share memory with values.
//
// It allocates nothing unless it has to make a value anew, compares objects or lists, or matches a regular expression.
func (e *Expr) Eval(values [][]byte) Value {
	r := run{values: values, budget: maxMade}
	return r.eval(e.root)
}

// String returns the expression in one spelling: with single spaces, double quotes, and no more parentheses than it needs. Parsed with
// the same roots it gives the same expression.
func (e *Expr) String() string {
	p := printer{refs: e.refs}
	p.node(e.root, rankOr)
	return string(p.out)
}
