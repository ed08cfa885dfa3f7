package gestatest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
)

// What was once stored of a type, and is now.
type (
	Placed struct {
		Customer string `gesta:"tag=customer,personal"`
		Lines    []struct {
			SKU string
			N   int
		}
	}
	placedV1 struct {
		Name string
	}
	placedChanged struct {
		Customer string `gesta:"tag=customer,personal"`
		Cents    int64
	}
)

func TestShapesGolden(t *testing.T) { gestatest.Shapes(t, Types, "testdata/events.golden") }

// TestShapes takes a type through its life, with one golden file.
func TestShapes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "events.golden")
	one := gesta.Types[any]{"order.placed": placedV1{}}
	shapes := func(update string, types gesta.Option, more ...gesta.Option) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			t.Setenv("GESTA_UPDATE", update)
			gestatest.Shapes(tb, types, file, more...)
		}
	}
	up := gesta.Upcast("order.placed", 1, func(o placedV1) Placed { return Placed{Customer: o.Name} })
	two := gesta.Types[any]{"order.placed": Placed{}}

	wantFailure(t, shapes("", one), `"order.placed", version 1, is not in `, "    Name string", "GESTA_UPDATE=1")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is there although nobody said so: %v", err)
	}
	wantPass(t, shapes("1", one))
	wantPass(t, shapes("", one))
	wantFailure(t, shapes("", two), `the shape of "order.placed", version 1, has changed, and its version has not`,
		"    - Name string", "    + Customer string tag=customer personal", "    + Lines[].SKU string", `gesta.Upcast("order.placed", 1,`, "version 2", "GESTA_UPDATE=1")
	wantFailure(t, shapes("", two, up), `"order.placed", version 2, is not in`)
	wantPass(t, shapes("1", two, up))
	wantPass(t, shapes("", two, up))
	const want = `
"order.placed" 1
	Name string

"order.placed" 2
	Customer string tag=customer personal
	Lines[].N int
	Lines[].SKU string
`
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "number.\n")
	if d := cmp.Diff(want, rest); d != "" {
		t.Error(d)
	}
	wantFailure(t, shapes("", one), `"order.placed", version 2 is in`, "the program writes version 1", "versions never go back")
	if text, failed := said(t, shapes("1", one)); !failed || strings.Contains(text, "nothing reads it") { // also when files are rewritten, and said once
		t.Errorf("failed is %v, and it says:\n%s", failed, text)
	}

	changed := gesta.Types[any]{"order.placed": placedChanged{}}
	upChanged := gesta.Upcast("order.placed", 1, func(o placedV1) placedChanged { return placedChanged{Customer: o.Name} })
	wantFailure(t, shapes("", changed, upChanged), `the shape of "order.placed", version 2, has changed`, "+ Cents int64")
	wantPass(t, shapes("1", changed, upChanged))

	renamed := gesta.Types[any]{"order.made": placedChanged{}}
	wantFailure(t, shapes("1", renamed), `"order.placed", version 1, is in`, "nothing reads it", "gesta.Rename")
	wantPass(t, shapes("1", renamed, gesta.Upcast("order.made", 1, func(o placedV1) placedChanged { return placedChanged{} }), gesta.Rename("order.placed", "order.made")))
}

// TestShapesMeaning changes what JSON makes of a type while its fields keep their names.
func TestShapesMeaning(t *testing.T) {
	type in struct{ X int }
	type was struct {
		N int `json:"n,string"`
		M map[string]in
		A [3]in
		P struct{ Street string } `gesta:"personal"`
		D json.Number
		S map[string]struct{}
	}
	file := filepath.Join(t.TempDir(), "events.golden")
	shapes := func(event any) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			gestatest.Shapes(tb, gesta.Types[any]{"a": event}, file)
		}
	}
	t.Setenv("GESTA_UPDATE", "1")
	wantPass(t, shapes(was{}))
	t.Setenv("GESTA_UPDATE", "")
	wantPass(t, shapes(was{}))
	wantFailure(t, shapes(struct {
		N int `json:"n"`
		M map[int]in
		A []in
		P struct{ Street string }
		D string
		S map[int]struct{}
	}{}), "    - n int,string", "    + n int", "    - M{string}.X int", "    + M{int}.X int", "    - A[3].X int", "    + A[].X int",
		"    - P.Street string personal", "    + P.Street string\n", "    - D json.Number", "    + D string", "    - S map[string]struct{}", "    + S map[int]struct{}")
}

func TestShapesFileIsBroken(t *testing.T) {
	for text, says := range map[string]string{
		"\tName string\n":     `field "Name string" is of no type`,
		"order.placed 1\n":    "neither a quoted type",
		`"order.placed" x`:    "read the version",
		"\"a\" 1\n\"a\" 1\n":  `version 1 of "a" is there twice`,
		`"a" 99999999999999 `: "read the version",
	} {
		file := filepath.Join(t.TempDir(), "events.golden")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantFailure(t, func(t testing.TB) { gestatest.Shapes(t, Types, file) }, says)
	}
	wantFailure(t, func(tb testing.TB) { gestatest.Shapes(tb, Types, t.TempDir()) }, "read the golden file")
}
