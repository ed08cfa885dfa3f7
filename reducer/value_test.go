package reducer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/reducer"
)

// TestManyMembers sets and removes members of an object that is too large to look through, and holds their order against a list.
func TestManyMembers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 7))
	f := begin(t)
	var names []string
	values := map[string]int{}
	for i := range 3000 {
		name := fmt.Sprintf("n%d", rnd.IntN(40))
		data := fmt.Sprintf(`{%q:%d}`, name, i)
		switch _, there := values[name]; {
		case rnd.IntN(2) == 0:
			data = fmt.Sprintf(`{%q:null}`, name)
			delete(values, name)
			names = slices.DeleteFunc(names, func(n string) bool { return n == name })
		case !there:
			names = append(names, name)
			fallthrough
		default:
			values[name] = i
		}
		step(t, f, event(data), reducer.Want{})
		var want []string
		for _, n := range names {
			want = append(want, fmt.Sprintf("%q:%d", n, values[n]))
		}
		if got := string(f.AppendState(nil)); got != "{"+strings.Join(want, ",")+"}" {
			t.Fatalf("after %s the state is %s, want %v", data, got, want)
		}
	}
	if len(names) <= 8 {
		t.Errorf("only %d members are left", len(names))
	}
}

// TestRepeatedMembers: of members with the same name the last counts, in the place of the first, among few and among many.
func TestRepeatedMembers(t *testing.T) {
	few := `{"a":1,"b":2,"\u0061":3}`
	many := `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"b":10,"a":{"x":1,"x":2}}`
	for data, want := range map[string]string{
		few: `{"a":3,"b":2}`, many: `{"a":{"x":2},"b":10,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9}`,
		`{"o":` + few + `,"l":[` + many + `,` + few + `]}`: `{"o":{"a":3,"b":2},"l":[{"a":{"x":2},"b":10,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9},{"a":3,"b":2}]}`,
	} {
		f := begin(t)
		step(t, f, event(data), reducer.Want{})
		if got := string(f.AppendState(nil)); got != want {
			t.Errorf("%s made %s, want %s", data, got, want)
		}
	}
}
