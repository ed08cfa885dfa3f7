package decimal

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"sync"
)

const (
	// MaxDigits is how many digits a [Number] may have, also those that two numbers need when their points are aligned.
	MaxDigits = 10_000

	// QuoDigits is how many significant digits a quotient has at most.
	QuoDigits = 34

	maxExponent = 1_000_000_000_000
)

// What stops arithmetic.
var (
	ErrRange = errors.New("number needs more than 10,000 digits, or a power of ten beyond a million million")
	ErrZero  = errors.New("division by zero")
)

// Number is a decimal number: sums, differences and products are exact. Its zero value is 0. Each method returns a number of
// its own, and [ErrRange] where the result, or an operand when it is aligned with the other, would have more than [MaxDigits]
// digits.
type Number struct {
	small    int64    // the coefficient when large is nil; never the least int64, so that its negative is one too
	large    *big.Int // never changed
	exponent int64    // of ten
}

// Parse reads a JSON number. It returns [ErrRange] for one with more than [MaxDigits] significant digits or an exponent too far out.
func Parse(text []byte) (Number, error) {
	p := read(text)
	if p.isZero() {
		return Number{}, nil
	}
	n := p.count()
	exponent := p.point + distance(p.exponent, power{}) - int64(n)
	if n > MaxDigits || exponent < -maxExponent || exponent > maxExponent {
		return Number{}, ErrRange
	}
	if n < len("9223372036854775807") {
		var small int64
		for i := range n {
			small = small*10 + int64(p.at(i)-'0')
		}
		if p.negative {
			small = -small
		}
		return Number{small: small, exponent: exponent}, nil
	}
	digits := make([]byte, 0, n)
	digits = append(append(digits, p.whole...), p.fraction...)
	large, ok := new(big.Int).SetString(string(digits), 10)
	if !ok {
		return Number{}, ErrRange
	}
	if p.negative {
		large.Neg(large)
	}
	return fit(large, exponent)
}

// fit makes a number of a coefficient that it may keep.
func fit(c *big.Int, exponent int64) (Number, error) {
	if c.IsInt64() && c.Int64() != math.MinInt64 {
		return fitSmall(c.Int64(), exponent)
	}
	if c.CmpAbs(beyond()) >= 0 || exponent < -maxExponent || exponent > maxExponent {
		return Number{}, ErrRange
	}
	return Number{large: c, exponent: exponent}, nil
}

func fitSmall(c, exponent int64) (Number, error) {
	if c == 0 {
		return Number{}, nil
	}
	if exponent < -maxExponent || exponent > maxExponent {
		return Number{}, ErrRange
	}
	return Number{small: c, exponent: exponent}, nil
}

// beyond returns the least number that has too many digits.
var beyond = sync.OnceValue(func() *big.Int { return tenTo(MaxDigits) })

func tenTo(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

// coefficient returns the digits with their sign, not to be changed.
func (n Number) coefficient() *big.Int {
	if n.large != nil {
		return n.large
	}
	return big.NewInt(n.small)
}

func (n Number) isZero() bool { return n.large == nil && n.small == 0 }

// Neg returns -n.
func (n Number) Neg() Number {
	if n.large != nil {
		return Number{large: new(big.Int).Neg(n.large), exponent: n.exponent}
	}
	return Number{small: -n.small, exponent: n.exponent}
}

// Add returns n + m.
func (n Number) Add(m Number) (Number, error) {
	if n.isZero() {
		return m, nil
	}
	if m.isZero() {
		return n, nil
	}
	if n.exponent < m.exponent {
		n, m = m, n
	}
	shift := n.exponent - m.exponent
	if shift > MaxDigits {
		return Number{}, ErrRange
	}
	if n.large == nil && m.large == nil {
		if sum, ok := addSmall(n.small, m.small, shift); ok {
			return fitSmall(sum, m.exponent)
		}
	}
	aligned := n.coefficient()
	if shift > 0 {
		aligned = new(big.Int).Mul(aligned, tenTo(shift))
		if aligned.CmpAbs(beyond()) >= 0 {
			return Number{}, ErrRange
		}
	}
	return fit(new(big.Int).Add(aligned, m.coefficient()), m.exponent)
}

// Sub returns n - m.
func (n Number) Sub(m Number) (Number, error) { return n.Add(m.Neg()) }

// Mul returns n * m.
func (n Number) Mul(m Number) (Number, error) {
	exponent := n.exponent + m.exponent
	if n.large == nil && m.large == nil {
		if product, ok := mulSmall(n.small, m.small); ok {
			return fitSmall(product, exponent)
		}
	}
	return fit(new(big.Int).Mul(n.coefficient(), m.coefficient()), exponent)
}

// addSmall returns a times ten to the power of shift, plus b, and false where that is no small coefficient.
func addSmall(a, b, shift int64) (int64, bool) {
	for ; shift > 0; shift-- {
		if a > math.MaxInt64/10 || a < -math.MaxInt64/10 {
			return 0, false
		}
		a *= 10
	}
	sum := a + b
	return sum, (sum > a) == (b > 0) && sum != math.MinInt64
}

func mulSmall(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	product := a * b
	return product, product/b == a && product != math.MinInt64
}

// Cmp returns -1 where n is less than m, 0 where they are equal, and 1 where n is greater.
func (n Number) Cmp(m Number) int {
	var a, b [64]byte
	return Compare(n.AppendText(a[:0]), m.AppendText(b[:0]))
}

// AppendText appends the number as JSON, as short as it goes: without an exponent from 0.000001 to below 1e21, and with one elsewhere.
func (n Number) AppendText(dst []byte) []byte {
	if n.isZero() {
		return append(dst, '0')
	}
	var buf [64]byte
	digits := n.appendDigits(buf[:0])
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	point := int64(len(digits)) + n.exponent // right of as many digits
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if point < -5 || point > 21 {
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		return strconv.AppendInt(append(dst, 'e'), point-1, 10)
	}
	if point <= 0 {
		return append(append(append(dst, "0."...), "000000"[:-point]...), digits...)
	}
	for i := range max(int(point), len(digits)) {
		if i == int(point) {
			dst = append(dst, '.')
		}
		if i < len(digits) {
			dst = append(dst, digits[i])
		} else {
			dst = append(dst, '0')
		}
	}
	return dst
}

// appendDigits appends the coefficient, with a sign where it is negative.
func (n Number) appendDigits(dst []byte) []byte {
	if n.large != nil {
		return n.large.Append(dst, 10)
	}
	return strconv.AppendInt(dst, n.small, 10)
}
