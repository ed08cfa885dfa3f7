// Package decimal takes JSON numbers for what their digits say: 38.50 is 38.5, and 9007199254740993 is not its neighbor. No
// number passes through a float64, and none is written out to its exponent: the work is linear in the length of the texts,
// whatever they say.
//
// [Equal] and [Compare] work on texts as they stand; [Number] is for arithmetic. Texts are JSON numbers (RFC 8259, section 6);
// what is none has an answer too, without a meaning.
package decimal

import (
	"bytes"
	"cmp"
)

// Equal reports whether two JSON numbers have the same decimal value. Zero has no sign.
func Equal(a, b []byte) bool { return bytes.Equal(a, b) || Compare(a, b) == 0 }

// Compare returns -1 where a is less than b, 0 where they have the same decimal value, and 1 where a is greater.
func Compare(a, b []byte) int {
	x, y := read(a), read(b)
	if c := cmp.Compare(x.sign(), y.sign()); c != 0 || x.isZero() {
		return c
	}
	c := cmp.Compare(distance(x.exponent, y.exponent), y.point-x.point)
	if c == 0 {
		c = compareDigits(&x, &y)
	}
	return c * x.sign()
}

// parts is a JSON number taken apart: 0.DIGITS times ten to the power of point + exponent. DIGITS are those of whole, then
// those of fraction, and neither begin nor end with a zero. There are none in zero.
type parts struct {
	negative        bool
	whole, fraction []byte
	point           int64
	exponent        power
}

// power is an exponent as it is written: any number of digits.
type power struct {
	negative bool
	digits   []byte
}

func read(text []byte) parts {
	var p parts
	if len(text) > 0 && text[0] == '-' {
		p.negative, text = true, text[1:]
	}
	end := 0
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	p.whole, text = text[:end], text[end:]
	if len(text) > 0 && text[0] == '.' {
		for end = 1; end < len(text) && isDigit(text[end]); end++ {
		}
		p.fraction, text = text[1:end], text[end:]
	}
	if len(text) > 1 { // the letter, and what follows it
		p.exponent.negative, text = text[1] == '-', text[1:]
		if !isDigit(text[0]) {
			text = text[1:]
		}
		p.exponent.digits = bytes.TrimLeft(text, "0")
	}
	p.trim()
	return p
}

// trim takes the zeros away at both ends, and places the point.
func (p *parts) trim() {
	for len(p.whole) > 0 && p.whole[0] == '0' {
		p.whole = p.whole[1:]
	}
	p.point = int64(len(p.whole))
	if len(p.whole) == 0 {
		for len(p.fraction) > 0 && p.fraction[0] == '0' {
			p.fraction = p.fraction[1:]
			p.point--
		}
	}
	for n := len(p.fraction); n > 0 && p.fraction[n-1] == '0'; n-- {
		p.fraction = p.fraction[:n-1]
	}
	if len(p.fraction) == 0 {
		for n := len(p.whole); n > 0 && p.whole[n-1] == '0'; n-- {
			p.whole = p.whole[:n-1]
		}
	}
}

func (p *parts) count() int   { return len(p.whole) + len(p.fraction) }
func (p *parts) isZero() bool { return p.count() == 0 }

func (p *parts) sign() int {
	switch {
	case p.isZero():
		return 0
	case p.negative:
		return -1
	}
	return 1
}

// at returns a digit, zeros after the last one.
func (p *parts) at(i int) byte {
	if i < len(p.whole) {
		return p.whole[i]
	}
	if i -= len(p.whole); i < len(p.fraction) {
		return p.fraction[i]
	}
	return '0'
}

func compareDigits(x, y *parts) int {
	for i := range max(x.count(), y.count()) {
		if c := cmp.Compare(x.at(i), y.at(i)); c != 0 {
			return c
		}
	}
	return 0
}

// far is more than any two points lie apart, and is safe from overflow when it is multiplied by ten.
const far = 1 << 58

// distance returns a - b where that lies between -far and far, and something beyond where it does not.
func distance(a, b power) int64 {
	var d int64
	// From the first digit on. Once the distance is 3 or more it never comes back: ten times 3, less two nines, is 12.
	for i := max(len(a.digits), len(b.digits)); i > 0 && -far < d && d < far; i-- {
		d = d*10 + a.fromEnd(i) - b.fromEnd(i)
	}
	return d
}

// fromEnd returns the i-th digit from the end, the last being the first, with the sign of the whole.
func (p power) fromEnd(i int) int64 {
	if i > len(p.digits) {
		return 0
	}
	d := int64(p.digits[len(p.digits)-i] - '0')
	if p.negative {
		return -d
	}
	return d
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
