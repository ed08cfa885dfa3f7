package decimal

import "math/big"

// Quo returns n / m with at most [QuoDigits] significant digits: exact where these are enough, else rounded to the nearest, and
// half way between two to the one whose last digit is even. It returns [ErrZero] where m is 0.
func (n Number) Quo(m Number) (Number, error) {
	if m.isZero() {
		return Number{}, ErrZero
	}
	if n.isZero() {
		return Number{}, nil
	}
	if n.large == nil && m.large == nil && n.small%m.small == 0 {
		return fitSmall(n.small/m.small, n.exponent-m.exponent)
	}
	var buf [64]byte
	// So many zeros that the quotient of the coefficients has a digit more than it may have, or two.
	zeros := int64(max(0, QuoDigits+1+len(m.appendDigits(buf[:0]))-len(n.appendDigits(buf[:0]))+1))
	dividend := new(big.Int).Mul(n.coefficient(), tenTo(zeros))
	quotient, rest := new(big.Int).QuoRem(dividend, m.coefficient(), new(big.Int))
	quotient, dropped := roundEven(quotient, rest.Sign() != 0)
	return fit(quotient, n.exponent-m.exponent-zeros+dropped)
}

// roundEven rounds c to [QuoDigits] digits, and returns how many it dropped. More says that c is a little short: something
// that is not zero follows its last digit.
func roundEven(c *big.Int, more bool) (*big.Int, int64) {
	var buf [64]byte
	drop := int64(len(new(big.Int).Abs(c).Append(buf[:0], 10)) - QuoDigits)
	if drop <= 0 {
		return c, 0
	}
	unit := tenTo(drop)
	kept, rest := new(big.Int).QuoRem(c, unit, new(big.Int))
	half := rest.Lsh(rest.Abs(rest), 1).Cmp(unit)
	if half > 0 || half == 0 && (more || kept.Bit(0) == 1) {
		kept.Add(kept, big.NewInt(int64(c.Sign())))
	}
	return kept, drop
}
