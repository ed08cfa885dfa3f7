package expr

import (
	"bytes"

	"github.com/gestadb/gesta/internal/decimal"
)

// maxLevels is how deep lists and objects are looked into.
const maxLevels = 10_000

// equal says whether two values are the same.
func equal(a, b Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case kindNumber:
		return decimal.Equal(a.text, b.text)
	case kindText:
		return compareText(a.inner(), b.inner()) == 0
	case kindList, kindObject:
		if bytes.Equal(a.text, b.text) {
			return true
		}
		same, _, _ := compare(a.text, 0, b.text, 0, 0)
		if same == unsure {
			x, _ := grow(a.text, 0, 0)
			y, _ := grow(b.text, 0, 0)
			return x.equal(&y)
		}
		return same == yes
	default:
		return true // null, true or false
	}
}

// answer is what a look at two texts from start to end says about their being the same.
type answer uint8

const (
	no answer = iota
	yes
	unsure
)

// compare goes over the values at i and j side by side, and returns where they end if they are the same. It knows objects to be the
// same when their members have the same order; where these differ it is unsure, because another order may do, and because
// of members with the same name the last one counts.
func compare(a []byte, i int, b []byte, j, level int) (same answer, endA, endB int) {
	if level == maxLevels || i == len(a) || j == len(b) {
		return unsure, i, j
	}
	isOpen := a[i] == '[' || a[i] == '{'
	if a[i] != b[j] && (isOpen || b[j] == '[' || b[j] == '{') {
		return no, i, j
	}
	if !isOpen {
		endA, endB = skipValue(a, i), skipValue(b, j)
		if equal(valueOf(a[i:endA]), valueOf(b[j:endB])) {
			return yes, endA, endB
		}
		return no, endA, endB
	}
	unlike := no
	if a[i] == '{' {
		unlike = unsure
	}
	for x, y := membersAt(a, i), membersAt(b, j); ; {
		more, moreB := x.item(), y.item()
		switch {
		case more != moreB || more && compareText(x.name, y.name) != 0:
			return unlike, i, j
		case !more:
			return yes, x.i, y.i
		}
		if same, endA, endB = compare(a, x.i, b, y.i, level+1); same != yes {
			return max(same, unlike), i, j
		}
		if !x.past(endA) || !y.past(endB) {
			return unsure, i, j
		}
	}
}
