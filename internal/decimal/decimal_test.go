package decimal_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/gestadb/gesta/internal/decimal"
)

func TestCompare(t *testing.T) {
	million := strings.Repeat("0", 1_000_000)
	tests := []struct {
		a, b string
		want int
	}{
		{"38.50", "38.5", 0},
		{"38.5", "3850e-2", 0},
		{"385", "0.385E+3", 0},
		{"-0", "0", 0},
		{"-0.000e99", "0", 0},
		{"0e999999999999999999999", "0", 0},
		{"1", "-1", 1},
		{"-2", "-1", -1},
		{"-1", "0", -1},
		{"0", "1e-999999999", -1},
		{"0.09", "0.1", -1},
		{"100", "99.999", 1},
		{"1e400", "1e399", 1},
		{"-1e400", "-1e399", -1},
		{"1e-999999999", "1e-999999998", -1},
		{"9007199254740993", "9007199254740992", 1},
		{"123456789012345678901234567890", "123456789012345678901234567891", -1},
		{"123456789012345678901234567890", "1.2345678901234567890123456789e29", 0},
		{"1e123456789012345678901234567890", "10e123456789012345678901234567889", 0},
		{"1e123456789012345678901234567890", "11e123456789012345678901234567889", -1},
		{"1e-123456789012345678901234567890", "0.1e-0123456789012345678901234567889", 0},
		{"1e-123456789012345678901234567890", "1e123456789012345678901234567890", -1},
		{"1e1000000000000000000000", "10e999999999999999999999", 0},
		{"1e1000000000000000000000", "1e999999999999999999999", 1},
		{"1" + million, "1e1000000", 0},
		{"0." + million + "1", "1e-1000001", 0},
		{"1e" + million + "1", "10", 0},
		{"1e1" + million, "1e1" + million + "0", -1},
	}
	for _, tt := range tests {
		name := tt.a + " and " + tt.b
		t.Run(name[:min(len(name), 60)], func(t *testing.T) {
			a, b := []byte(tt.a), []byte(tt.b)
			if got := decimal.Compare(a, b); got != tt.want {
				t.Errorf("Compare = %d, want %d", got, tt.want)
			}
			if got := decimal.Compare(b, a); got != -tt.want {
				t.Errorf("Compare the other way = %d, want %d", got, -tt.want)
			}
			if got := decimal.Equal(a, b); got != (tt.want == 0) {
				t.Errorf("Equal = %t", got)
			}
		})
	}
}

func TestCompareAllocatesNothing(t *testing.T) {
	a, b := []byte("-123456789012345678901234567890.5e-7"), []byte("-1.23e22")
	long := []byte("0." + strings.Repeat("3", 1000))
	n := testing.AllocsPerRun(100, func() { decimal.Compare(a, b); decimal.Float64Keeps(b); decimal.Float64Keeps(long) })
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFloat64Keeps(t *testing.T) {
	zeros := strings.Repeat("0", 100_000)
	tests := []struct {
		text string
		want bool
	}{
		{"0", true},
		{"-0", true},
		{"-0.0e5", true},
		{"0e99999999999999999999", true},
		{"0.1", true},
		{"38.50", true},
		{"-38.50", true},
		{"9007199254740992", true},
		{"9007199254740993", false},
		{"9007199254740994", true},
		{"9007199254740993.0", false},
		{"12345678901234567890", false},
		{"12345678901234567000", true},
		{"1e21", true},
		{"1e308", true},
		{"1.7976931348623157e308", true},
		{"1e309", false},
		{"1e400", false},
		{"1e-400", false},
		{"5e-324", true},
		{"4e-324", false},
		{"0.30000000000000004", true},
		{"0.30000000000000000001", false},
		{"0.3000000000000000000", true},
		{"1e99999999999999999999", false},
		{"0." + zeros + "1e100001", true},
		{"1" + zeros + "e-100000", true},
		{"1" + zeros, false},
	}
	for _, tt := range tests {
		t.Run(tt.text[:min(len(tt.text), 30)], func(t *testing.T) {
			if got := decimal.Float64Keeps([]byte(tt.text)); got != tt.want {
				t.Errorf("Float64Keeps = %t", got)
			}
		})
	}
}

// rat reads a number with the standard library. It returns nil for what is no JSON number, or has too large an exponent to write out.
func rat(text string) *big.Rat {
	if !json.Valid([]byte(text)) || strings.ContainsAny(text, " \t\r\n\"[]{}l") || strings.ContainsAny(text, "tf") {
		return nil
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if n, err := strconv.Atoi(exponent); err != nil || n < -5000 || n > 5000 {
			return nil
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("no number: " + text)
	}
	return r
}

func FuzzCompare(f *testing.F) {
	f.Add("38.50", "3850e-2")
	f.Add("-0", "0.0e17")
	f.Add("123456789012345678901234567890", "1.5E+29")
	f.Add("9007199254740993", "0.1")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := decimal.Compare([]byte(a), []byte(b)) // of anything: no panic
		if back := decimal.Compare([]byte(b), []byte(a)); json.Valid([]byte(a)) && json.Valid([]byte(b)) && back != -got {
			t.Errorf("Compare(%s, %s) = %d, and %d the other way", a, b, got, back)
		}
		decimal.Float64Keeps([]byte(a))
		x, y := rat(a), rat(b)
		if x == nil || y == nil {
			return
		}
		if want := x.Cmp(y); got != want {
			t.Errorf("Compare(%s, %s) = %d, want %d", a, b, got, want)
		}
		// The same with exponents that nobody writes out.
		if !strings.ContainsAny(a+b, "eE") {
			const far = "e-99999999999999999999"
			if got := decimal.Compare([]byte(a+far), []byte(b+far)); got != x.Cmp(y) {
				t.Errorf("Compare(%s, %s) = %d, want %d", a+far, b+far, got, x.Cmp(y))
			}
		}
		if want := floatKeeps(a, x); decimal.Float64Keeps([]byte(a)) != want {
			t.Errorf("Float64Keeps(%s) = %t", a, !want)
		}
	})
}

func floatKeeps(text string, x *big.Rat) bool {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	printed := rat(strconv.FormatFloat(f, 'g', -1, 64))
	return printed.Cmp(x) == 0
}

func FuzzNumber(f *testing.F) {
	f.Add("38.50", "3850e-2")
	f.Add("-9223372036854775808", "9223372036854775807")
	f.Add("922337203685477580", "-1e1")
	f.Add("123456789012345678901234567890", "-7e-3")
	f.Add("1e3000", "1e-3000")
	f.Fuzz(func(t *testing.T, a, b string) {
		n, errN := decimal.Parse([]byte(a))
		m, errM := decimal.Parse([]byte(b))
		x, y := rat(a), rat(b)
		if errN != nil || errM != nil || x == nil || y == nil {
			return
		}
		check(t, a, n, nil, x)
		check(t, "-"+a, n.Neg(), nil, new(big.Rat).Neg(x))
		sum, err := n.Add(m)
		check(t, a+" + "+b, sum, err, new(big.Rat).Add(x, y))
		difference, err := n.Sub(m)
		check(t, a+" - "+b, difference, err, new(big.Rat).Sub(x, y))
		product, err := n.Mul(m)
		check(t, a+" * "+b, product, err, new(big.Rat).Mul(x, y))
		if got, want := n.Cmp(m), x.Cmp(y); got != want {
			t.Errorf("Cmp(%s, %s) = %d, want %d", a, b, got, want)
		}
		if y.Sign() == 0 {
			if _, err := n.Quo(m); !errors.Is(err, decimal.ErrZero) {
				t.Errorf("%s / %s: %v", a, b, err)
			}
			return
		}
		quotient, err := n.Quo(m)
		check(t, a+" / "+b, quotient, err, rounded(new(big.Rat).Quo(x, y)))
	})
}

// check holds a number against what it should be, and its text against the form that it should have.
func check(t *testing.T, what string, n decimal.Number, err error, want *big.Rat) {
	t.Helper()
	if err != nil {
		// No number of these fuzz tests has more digits than it is written with, and a power up to 5,000.
		if len(what) < 1000 && !strings.ContainsAny(what, "eE") {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	text := string(n.AppendText(nil))
	plain, exponent, isExp := strings.Cut(text, "e")
	got, ok := new(big.Rat).SetString(text)
	if !json.Valid([]byte(text)) || !ok || got.Cmp(want) != 0 {
		t.Errorf("%s = %s, want %s", what, text, want.RatString())
	}
	size := new(big.Rat).Abs(want)
	wantExp := size.Sign() != 0 && (size.Cmp(rat("1e-6")) < 0 || size.Cmp(rat("1e21")) >= 0)
	if isExp != wantExp || exponent == "0" || strings.Contains(plain, ".") && strings.HasSuffix(plain, "0") {
		t.Errorf("%s = %s, which is not the shortest form", what, text)
	}
}

// rounded rounds to 34 digits by long division of the digits, half to even.
func rounded(x *big.Rat) *big.Rat {
	if x.Sign() == 0 {
		return x
	}
	ten, scale := big.NewRat(10, 1), big.NewRat(1, 1)
	low, high := new(big.Rat).SetInt(pow10(33)), new(big.Rat).SetInt(pow10(34))
	size := new(big.Rat).Abs(x)
	for size.Cmp(low) < 0 {
		size.Mul(size, ten)
		scale.Quo(scale, ten)
	}
	for size.Cmp(high) >= 0 {
		size.Quo(size, ten)
		scale.Mul(scale, ten)
	}
	whole := new(big.Int).Quo(size.Num(), size.Denom())
	rest := new(big.Rat).Sub(size, new(big.Rat).SetInt(whole))
	if c := rest.Cmp(big.NewRat(1, 2)); c > 0 || c == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	result := new(big.Rat).Mul(new(big.Rat).SetInt(whole), scale)
	if x.Sign() < 0 {
		result.Neg(result)
	}
	return result
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

func number(t *testing.T, text string) decimal.Number {
	t.Helper()
	n, err := decimal.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%.40s: %v", text, err)
	}
	return n
}

func TestQuo(t *testing.T) {
	tests := []struct{ a, b, want string }{
		{"1", "4", "0.25"},
		{"1", "3", "0.3333333333333333333333333333333333"},
		{"2", "-3", "-0.6666666666666666666666666666666667"},
		{"6", "3", "2"},
		{"0", "3", "0"},
		{ // half way but for what follows after 40 digits
			"10000000000000000000000000000000005000002", "10000000000000000000000000000000000000001",
			"1.000000000000000000000000000000001",
		},
		{"1e10", "1e-15", "1e25"},
		{"12345678901234567890123456789012345", "10", "1.234567890123456789012345678901234e33"},   // half way, to even
		{"12345678901234567890123456789012355", "10", "1.234567890123456789012345678901236e33"},   // half way, to even
		{"123456789012345678901234567890123451", "10", "1.234567890123456789012345678901235e34"},  // above
		{"99999999999999999999999999999999999", "1", "1e35"},                                      // one digit more
		{"-12345678901234567890123456789012345", "10", "-1.234567890123456789012345678901234e33"}, // the same below zero
	}
	for _, tt := range tests {
		t.Run(tt.a+" by "+tt.b, func(t *testing.T) {
			got, err := number(t, tt.a).Quo(number(t, tt.b))
			if text := string(got.AppendText(nil)); err != nil || text != tt.want {
				t.Errorf("got %s, %v, want %s", text, err, tt.want)
			}
		})
	}
}

// TestLeastSmall goes to the one small coefficient that has no negative.
func TestLeastSmall(t *testing.T) {
	const want = "9223372036854775808"
	sum, errSum := number(t, "-9223372036854775807").Add(number(t, "-1"))
	product, errProduct := number(t, "-4611686018427387904").Mul(number(t, "2"))
	for _, n := range []decimal.Number{sum, product, number(t, "-"+want)} {
		if got := string(n.Neg().AppendText(nil)); got != want {
			t.Errorf("got %s", got)
		}
	}
	if errSum != nil || errProduct != nil {
		t.Error(errSum, errProduct)
	}
}

func TestAppendText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"-0", "0"},
		{"38.50", "38.5"},
		{"3850e-2", "38.5"},
		{"0.000001", "0.000001"},
		{"0.00000123", "0.00000123"},
		{"0.0000009", "9e-7"},
		{"999999999999999999999", "999999999999999999999"},
		{"1e20", "100000000000000000000"},
		{"1000000000000000000000", "1e21"},
		{"-1234567890123456789012", "-1.234567890123456789012e21"},
		{"1e-999999999", "1e-999999999"},
	}
	for _, tt := range tests {
		if got := string(number(t, tt.in).AppendText(nil)); got != tt.want {
			t.Errorf("%s becomes %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	most := strings.Repeat("9", decimal.MaxDigits)
	for _, text := range []string{most + "9", "1e1000000000001", "1e-1000000000001", "1e99999999999999999999"} {
		if _, err := decimal.Parse([]byte(text)); !errors.Is(err, decimal.ErrRange) {
			t.Errorf("Parse(%.30s) = %v", text, err)
		}
	}
	one, huge, far := number(t, "1"), number(t, most), number(t, "1e10000")
	tests := []struct {
		name string
		do   func() (decimal.Number, error)
		want error
	}{
		{"1e9999 + 1", func() (decimal.Number, error) { return number(t, "1e9999").Add(one) }, nil},
		{"1e10000 + 1", func() (decimal.Number, error) { return far.Add(one) }, decimal.ErrRange},
		{"1 - 1e999999999999", func() (decimal.Number, error) { return one.Sub(number(t, "1e999999999999")) }, decimal.ErrRange},
		{"most + 1", func() (decimal.Number, error) { return huge.Add(one) }, decimal.ErrRange},
		{"most * 2", func() (decimal.Number, error) { return huge.Mul(number(t, "2")) }, decimal.ErrRange},
		{"most * 1e5", func() (decimal.Number, error) { return huge.Mul(number(t, "1e5")) }, nil},
		{"exponents add", func() (decimal.Number, error) { n := number(t, "1e999999999999"); return n.Mul(n) }, decimal.ErrRange},
		{"most / 3", func() (decimal.Number, error) { return huge.Quo(number(t, "3")) }, nil},
		{"by zero", func() (decimal.Number, error) { return one.Quo(number(t, "0.0")) }, decimal.ErrZero},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.do(); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	x, y := []byte("38.50"), []byte("3850e-2")
	b.ReportAllocs()
	sum := 0
	for b.Loop() {
		sum += cmp.Compare(decimal.Compare(x, y), 0)
	}
	if sum != 0 {
		b.Fatal("they are equal")
	}
}

func BenchmarkFloat64Keeps(b *testing.B) {
	x := []byte("1234567.89")
	b.ReportAllocs()
	for b.Loop() {
		if !decimal.Float64Keeps(x) {
			b.Fatal("it does not")
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	x, y := []byte("38.50"), []byte("1234567.8")
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		n, errN := decimal.Parse(x)
		m, errM := decimal.Parse(y)
		sum, err := n.Add(m)
		if errN != nil || errM != nil || err != nil {
			b.Fatal(errN, errM, err)
		}
		buf = sum.AppendText(buf[:0])
	}
}
