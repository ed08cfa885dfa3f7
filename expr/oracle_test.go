package expr_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/gestadb/gesta/expr"
)

// oracleDoc is the state of the oracle test.
const oracleDoc = `{"a": 1.50, "b": -2e1, "c": "x", "d": "xy\u007a", "e": null, "f": true, "g": [1, "x", {"h": 1.0, "i": [true]}],
	"o": {"h": 1, "i": [true]}, "p": {"i": [true], "h": 2, "h": 10e-1}, "big": 9007199254740993, "q": {"o": {"i": [], "h": 0}}, "z": [], "y": {}}`

var oraclePaths = []string{
	"a", "b", "c", "d", "e", "f", "g", "g[0]", "g[1]", "g[2]", "g[2].h", "g[3]", "o", "p", "o.h", "o.i", "big", "q.o", "z", "y", "nope", "a.b",
}

// oracle makes random expressions, and what each comes to by a calculation that shares no code with the package: on decoded values
// with numbers as fractions, missing and null being nil.
type oracle struct {
	*rand.Rand
	state any
}

func (o *oracle) pick(from []string) string { return from[o.IntN(len(from))] }

// decode reads JSON with numbers as fractions.
func decode(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return fractions(v)
}

func fractions(v any) any {
	switch v := v.(type) {
	case json.Number:
		r, _ := new(big.Rat).SetString(v.String())
		return r
	case []any:
		for i := range v {
			v[i] = fractions(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = fractions(v[name])
		}
	}
	return v
}

func (o *oracle) path() (text string, v any, found bool) {
	text = o.pick(oraclePaths)
	v = o.state
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch in := v.(type) {
		case map[string]any:
			v, found = in[name]
		case []any:
			i := int(name[0] - '0')
			if found = i < len(in); found {
				v = in[i]
			}
		default:
			return text, nil, false
		}
		if !found {
			return text, nil, false
		}
	}
	return text, v, found
}

func (o *oracle) expression(depth int) (string, any) {
	if depth == 0 || o.IntN(6) == 0 {
		if o.IntN(3) == 0 {
			literal := o.pick([]string{
				`0`, `1`, `-1`, `3`, `1.5`, `15e-1`, `-20`, `0.1`, `"x"`, `"xyz"`, `"\u0078"`, `""`, `true`, `false`, `null`, `[]`,
				`[1,"x",null]`, `9007199254740992`,
			})
			return literal, decode(literal)
		}
		path, v, _ := o.path()
		return "state." + path, v
	}
	a, x := o.expression(depth - 1)
	switch o.IntN(12) {
	case 0:
		return "!(" + a + ")", x != true
	case 1:
		if n, ok := x.(*big.Rat); ok {
			return "-(" + a + ")", new(big.Rat).Neg(n)
		}
		return "-(" + a + ")", nil
	case 2:
		path, _, found := o.path()
		return "has(state." + path + ")", found
	case 3:
		re := o.pick([]string{"x", "^x$", "^$", "[y-z]", "1", "."})
		s, ok := x.(string)
		return fmt.Sprintf("matches(%s, %q)", a, re), ok && regexp.MustCompile(re).MatchString(s)
	case 4:
		p := o.pick([]string{"x", "*", "?", "x*", "*z", "x?z", "*y*", "??", ""})
		s, ok := x.(string)
		return fmt.Sprintf("(%s) like %q", a, p), ok && like(p, s)
	case 5:
		b, y := o.expression(depth - 1)
		c, z := o.expression(depth - 1)
		return fmt.Sprintf("[%s, %s, %s]", a, b, c), []any{x, y, z}
	}
	b, y := o.expression(depth - 1)
	sign := o.pick([]string{"||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/"})
	return fmt.Sprintf("(%s) %s (%s)", a, sign, b), between(sign, x, y)
}

func between(sign string, x, y any) any {
	n, isN := x.(*big.Rat)
	m, isM := y.(*big.Rat)
	s, isS := x.(string)
	t, isT := y.(string)
	c, ordered := 0, true
	switch {
	case isN && isM:
		c = n.Cmp(m)
	case isS && isT:
		c = strings.Compare(s, t)
	default:
		ordered = false
	}
	switch sign {
	case "||":
		return x == true || y == true
	case "&&":
		return x == true && y == true
	case "==":
		return same(x, y)
	case "!=":
		return !same(x, y)
	case "<":
		return ordered && c < 0
	case "<=":
		return ordered && c <= 0
	case ">":
		return ordered && c > 0
	case ">=":
		return ordered && c >= 0
	case "in":
		l, _ := y.([]any)
		for _, element := range l {
			if same(x, element) {
				return true
			}
		}
		return false
	case "+":
		if isS && isT {
			return s + t
		}
	}
	if !isN || !isM || sign == "/" && m.Sign() == 0 {
		return nil
	}
	return map[string]func() *big.Rat{
		"+": func() *big.Rat { return new(big.Rat).Add(n, m) },
		"-": func() *big.Rat { return new(big.Rat).Sub(n, m) },
		"*": func() *big.Rat { return new(big.Rat).Mul(n, m) },
		"/": func() *big.Rat { return to34(new(big.Rat).Quo(n, m)) },
	}[sign]()
}

// to34 rounds to 34 significant digits; no quotient of this test lies half way between two.
func to34(r *big.Rat) *big.Rat {
	if r.Sign() == 0 {
		return r
	}
	shift, size := 0, new(big.Rat).Abs(r)
	limit, ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(33), nil)), big.NewRat(10, 1)
	for ; size.Cmp(limit) < 0; shift++ {
		size.Mul(size, ten)
	}
	rounded, _ := new(big.Rat).SetString(r.FloatString(shift))
	return rounded
}

func like(pattern, s string) bool {
	if pattern == "" || s == "" {
		return strings.Trim(pattern, "*") == "" && s == ""
	}
	if pattern[0] == '*' {
		return like(pattern[1:], s) || like(pattern, s[1:])
	}
	return (pattern[0] == '?' || pattern[0] == s[0]) && like(pattern[1:], s[1:])
}

// same compares decoded values.
func same(x, y any) bool {
	switch x := x.(type) {
	case *big.Rat:
		n, ok := y.(*big.Rat)
		return ok && x.Cmp(n) == 0
	case []any:
		l, ok := y.([]any)
		if !ok || len(l) != len(x) {
			return false
		}
		for i := range x {
			if !same(x[i], l[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		m, ok := y.(map[string]any)
		if !ok || len(m) != len(x) {
			return false
		}
		for name, v := range x {
			if w, ok := m[name]; !ok || !same(v, w) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(x, y)
}

func TestOracle(t *testing.T) {
	const seed = 17
	o := oracle{rand.New(rand.NewPCG(seed, seed)), decode(oracleDoc)}
	seen := map[string]int{}
	for range 6_000 {
		text, want := o.expression(1 + o.IntN(4))
		e, err := expr.Parse(text, "state")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := expr.Parse(e.String(), "state")
		if err != nil {
			t.Fatalf("%s prints as %s: %v", text, e, err)
		}
		for _, e := range []*expr.Expr{e, again} {
			var vs [][]byte
			for _, ref := range e.Refs() {
				vs = append(vs, expr.At([]byte(oracleDoc), ref.Path))
			}
			got := string(e.Eval(vs).AppendJSON(nil))
			if !same(decode(got), want) {
				t.Fatalf("%s as %s gives %s, want %v", text, e, got, want)
			}
		}
		seen[fmt.Sprintf("%T", want)]++
	}
	for _, kind := range []string{"<nil>", "bool", "*big.Rat", "string", "[]interface {}", "map[string]interface {}"} {
		if seen[kind] < 50 {
			t.Errorf("only %d results of type %s: the test does not reach enough", seen[kind], kind)
		}
	}
}
