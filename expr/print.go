package expr

// printer writes an expression.
type printer struct {
	refs []Ref
	out  []byte
}

func (p *printer) text(s string) { p.out = append(p.out, s...) }

// signs has how operators are written.
var signs = func() map[op]string {
	m := map[op]string{}
	for sign, b := range binary {
		m[b.op] = sign
	}
	return m
}()

func (n *node) rank() rank {
	switch n.op {
	case opNot:
		return rankNot
	case opNeg:
		return rankNeg
	case opValue, opRef, opList, opHas, opMatches:
		return rankOperand
	default:
		return binary[signs[n.op]].rank
	}
}

// node writes n, in parentheses where it binds less tight than it has to.
func (p *printer) node(n *node, least rank) {
	if n.rank() < least {
		p.text("(")
		defer p.text(")")
	}
	switch n.op {
	case opValue:
		p.out = n.value.AppendJSON(p.out)
	case opRef:
		p.text(p.refs[n.ref].String())
	case opHas:
		p.text("has(" + p.refs[n.ref].String() + ")")
	case opMatches:
		p.text("matches(")
		p.node(n.left, rankOr)
		p.text(", " + string(n.value.text) + ")")
	case opList:
		p.text("[")
		for i, element := range n.list {
			if i > 0 {
				p.text(", ")
			}
			p.node(element, rankOr)
		}
		p.text("]")
	case opNot:
		p.text("!")
		if n.left.op == opNot {
			p.node(n.left, rankNot)
		} else {
			p.node(n.left, rankNeg)
		}
	case opNeg:
		p.text("-")
		p.node(n.left, rankNeg)
	case opLike:
		p.node(n.left, rankSum)
		p.text(" like " + string(n.value.text))
	default:
		rank := n.rank()
		left := rank
		if rank == rankCompare {
			left++ // comparisons do not follow each other
		}
		p.node(n.left, left)
		p.text(" " + signs[n.op] + " ")
		p.node(n.right, rank+1)
	}
}
