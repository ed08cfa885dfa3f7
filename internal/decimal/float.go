package decimal

import "strconv"

// floatDigits is how many digits the shortest printing of a float64 has at most.
const floatDigits = 17

// Float64Keeps reports whether a JSON number survives a float64: whether the shortest text that reads back as the nearest
// float64, which is what JavaScript prints, has the same decimal value. 0.1 and 38.50 do; 9007199254740993 and 1e400 do not.
func Float64Keeps(text []byte) bool {
	p := read(text)
	if p.isZero() {
		return true
	}
	power := p.point + distance(p.exponent, power{})
	if p.count() > floatDigits || power < -330 || power > 310 {
		return false // beyond what is said by a float64, and by any text as short as the ones below
	}
	var buf, printed [floatDigits + 16]byte
	short := append(buf[:0], "0."...)
	short = append(append(short, p.whole...), p.fraction...)
	short = strconv.AppendInt(append(short, 'e'), power, 10)
	f, err := strconv.ParseFloat(string(short), 64)
	return err == nil && Equal(short, strconv.AppendFloat(printed[:0], f, 'g', -1, 64))
}
