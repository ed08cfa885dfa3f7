package expr

import (
	"bytes"

	"github.com/gestadb/gesta/internal/decimal"
)

// maxMade is how many bytes one evaluation makes anew at most.
const maxMade = 16 << 20

// run is one evaluation.
type run struct {
	values [][]byte
	made   []byte // holds what was made anew; it is never moved
	budget int    // bytes that may still be made
}

func (r *run) eval(n *node) Value {
	switch n.op {
	case opValue:
		return n.value
	case opRef:
		return valueOf(r.ref(n))
	case opList:
		return r.list(n)
	case opNeg:
		return r.negative(r.eval(n.left))
	case opAdd, opSub, opMul, opQuo:
		return r.calculate(n.op, r.eval(n.left), r.eval(n.right))
	default:
		return boolean(r.truth(n))
	}
}

// ref returns the value that the caller gave, nil where there is none.
func (r *run) ref(n *node) []byte {
	if n.ref >= len(r.values) {
		return nil
	}
	return r.values[n.ref]
}

// truth evaluates what is true or false, and takes everything else than true for false.
func (r *run) truth(n *node) bool {
	switch n.op {
	case opOr:
		return r.truth(n.left) || r.truth(n.right)
	case opAnd:
		return r.truth(n.left) && r.truth(n.right)
	case opNot:
		return !r.truth(n.left)
	case opHas:
		return r.ref(n) != nil
	case opEqual:
		return equal(r.eval(n.left), r.eval(n.right))
	case opUnequal:
		return !equal(r.eval(n.left), r.eval(n.right))
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		return ordered(n.op, r.eval(n.left), r.eval(n.right))
	case opIn:
		return r.in(r.eval(n.left), n.right)
	case opLike:
		v := r.eval(n.left)
		return v.kind == kindText && n.pattern.match(v.inner())
	case opMatches:
		v := r.eval(n.left)
		return v.kind == kindText && n.regexp.Match(unescape(v.inner()))
	default:
		return r.eval(n).Truth()
	}
}

// ordered compares two numbers or two texts. Nothing else is ordered.
func ordered(o op, a, b Value) bool {
	var c int
	switch {
	case a.kind == kindNumber && b.kind == kindNumber:
		c = decimal.Compare(a.text, b.text)
	case a.kind == kindText && b.kind == kindText:
		c = compareText(a.inner(), b.inner())
	default:
		return false
	}
	switch o {
	case opLess:
		return c < 0
	case opLessEqual:
		return c <= 0
	case opGreater:
		return c > 0
	default:
		return c >= 0
	}
}

func (r *run) in(v Value, n *node) bool {
	if n.op == opList {
		for _, element := range n.list {
			if equal(v, r.eval(element)) {
				return true
			}
		}
		return false
	}
	l := r.eval(n)
	if l.kind != kindList {
		return false
	}
	for m := membersAt(l.text, 0); ; {
		element, ok := m.next()
		if !ok {
			return false
		}
		if equal(v, valueOf(element)) {
			return true
		}
	}
}

// calculate adds, subtracts, multiplies or divides two numbers, and joins two texts.
func (r *run) calculate(o op, a, b Value) Value {
	if o == opAdd && a.kind == kindText && b.kind == kindText {
		return r.keep(kindText, []byte{'"'}, a.inner(), b.inner(), []byte{'"'})
	}
	if a.kind != kindNumber || b.kind != kindNumber {
		return Value{}
	}
	x, errX := decimal.Parse(a.text)
	y, errY := decimal.Parse(b.text)
	if errX != nil || errY != nil {
		return Value{}
	}
	var err error
	switch o {
	case opAdd:
		x, err = x.Add(y)
	case opSub:
		x, err = x.Sub(y)
	case opMul:
		x, err = x.Mul(y)
	default:
		x, err = x.Quo(y)
	}
	if err != nil {
		return Value{}
	}
	return r.number(x)
}

func (r *run) negative(v Value) Value {
	if v.kind != kindNumber {
		return Value{}
	}
	x, err := decimal.Parse(v.text)
	if err != nil {
		return Value{}
	}
	return r.number(x.Neg())
}

func (r *run) number(x decimal.Number) Value {
	var buf [64]byte
	return r.keep(kindNumber, x.AppendText(buf[:0]))
}

// list evaluates the operands of a list and makes one of them.
func (r *run) list(n *node) Value {
	texts := make([][]byte, len(n.list))
	for i, element := range n.list {
		if v := r.eval(element); v.kind == kindNull {
			texts[i] = names["null"].text
		} else {
			texts[i] = v.text
		}
	}
	size := len("[]")
	for _, t := range texts {
		size += len(t) + 1
	}
	if size > r.budget {
		return Value{}
	}
	return r.keep(kindList, []byte{'['}, bytes.Join(texts, []byte{','}), []byte{']'})
}

// keep makes a value of the parts of its text. It is null when the evaluation has made too much already.
func (r *run) keep(k valueKind, parts ...[]byte) Value {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if r.budget -= size; r.budget < 0 {
		r.budget = 0
		return Value{}
	}
	if cap(r.made)-len(r.made) < size {
		r.made = make([]byte, 0, max(size, 64))
	}
	start := len(r.made)
	for _, part := range parts {
		r.made = append(r.made, part...)
	}
	return Value{k, r.made[start:len(r.made):len(r.made)]}
}
