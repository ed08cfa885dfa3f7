package expr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPresumed(t *testing.T) {
	for text, want := range map[string][]bool{
		`state.a < 0 && event.type == "x"`:          {true, true},
		`has(state.a) && state.b > 0`:               {false, true},
		`state.a < 0 || has(state.a)`:               {false},
		`state.a == null && null != state.b`:        {false, false},
		`state.a in [1, null]`:                      {false},
		`state.a in [1, 2] || !(state.b + 1)`:       {true, true},
		`state.a == [state.b, null]`:                {false, true},
		`(state.a == null) == (state.b == 1)`:       {false, true},
		`matches(state.a, "x") && state.b like "*"`: {true, true},
	} {
		if diff := cmp.Diff(want, parse(t, text).Presumed()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
