package reducer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer"
)

// Paths name elements by a member so that no two of a list share a name, and each name is found again.
func TestElementNames(t *testing.T) {
	f, _ := fold(t, `{"l":[{"id":1,"v":"number"},{"id":"1","v":"text"},{"id":"a/b~\"]\u0041=","v":"odd"},{"id":true,"v":"yes"}]}`)
	changes, ok := reducer.Diff(nil, f.AppendState(nil), "id")
	if !ok {
		t.Fatal("the state is not JSON")
	}
	got := map[string]string{}
	for _, c := range changes {
		p, err := reducer.ParsePath(c.Path)
		if err != nil || p.String() != c.Path || p.ArrayKey() != "id" {
			t.Errorf("%s is read as %s with the key %q, %v", c.Path, p, p.ArrayKey(), err)
		}
		if at, ok := f.AppendAt(nil, p); !ok || string(at) != string(c.New) {
			t.Errorf("at %s: %s, %t; want %s", c.Path, at, ok, c.New)
		}
		if p[2] == "v" {
			got[c.Path] = string(c.New)
		}
	}
	want := map[string]string{
		"/l/[id=1]/v": `"number"`, `/l/[id="1"]/v`: `"text"`, `/l/[id="a~1b~0\"]A="]/v`: `"odd"`, "/l/[id=true]/v": `"yes"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// A list goes by places where an element lacks the key, or has null, a list or an object for it, or one that another element has.
func TestElementsByPlaces(t *testing.T) {
	for _, list := range []string{
		`[{"id":1,"v":1},{"v":2}]`, `[{"id":1,"v":1},{"id":null,"v":2}]`, `[{"id":1,"v":1},{"id":[2],"v":2}]`, `[{"id":1,"v":1},7]`,
		`[{"id":1,"v":1},{"id":1.0,"v":2}]`, `[{"id":"a","v":1},{"id":"\u0061","v":2}]`,
	} {
		changes, _ := reducer.Diff(nil, []byte(`{"l":`+list+`}`), "id")
		if len(changes) == 0 || changes[0].Path != "/l/0/id" {
			t.Errorf("%s: %v", list, changes)
		}
		f, _ := fold(t, `{"l":`+list+`}`)
		if got, ok := f.AppendAt(nil, reducer.Path{"l", "[id=1]"}); ok {
			t.Errorf("%s has an element [id=1]: %s", list, got)
		}
	}
}
