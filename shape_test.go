package gesta_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

type (
	cell struct{ X int }

	// knot has itself within.
	knot struct {
		Name  string
		Loops []knot `json:"loops"`
		Ends  struct{ By map[string]*knot }
		Cells []tangle
	}
	tangle struct {
		At   cell
		More []tangle
	}

	personalMarks struct {
		Home  struct{ Street, Town string } `gesta:"personal"`
		Homes map[string][]cell             `gesta:"personal"`
		knots `gesta:"personal"`
		Open  cell
	}
	knots struct{ Loose *knots }
)

// shapeOf returns the lines of the shape of an event.
func shapeOf(t *testing.T, event any) []string {
	t.Helper()
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"a": event})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range db.Shapes()[0].Fields {
		lines = append(lines, f.String())
	}
	return lines
}

// TestShapes has all that the stored form rests on.
func TestShapes(t *testing.T) {
	for name, tt := range map[string]struct {
		event any
		want  []string
	}{
		"nothing": {struct{}{}, nil},
		"string": {struct {
			N int      `json:"n,string"`
			M int      `json:"m"`
			P *bool    `json:",omitempty,string"`
			L []string `json:",string"` //nolint:staticcheck // it has no effect
		}{}, []string{"n int,string", "m int", "P bool,string", "L []string"}},
		"elements": {struct {
			S map[string]cell
			I map[int]cell
			T map[time.Duration]map[string]*cell
			A [3]cell
			L [][2]cell
			B [4]byte
		}{}, []string{"S{string}.X int", "I{int}.X int", "T{int64}{string}.X int", "A[3].X int", "L[][2].X int", "B [4]uint8"}},
		"sets":         {struct{ S map[string]struct{} }{}, []string{"S map[string]struct{}"}},
		"json.Number":  {struct{ N json.Number }{}, []string{"N json.Number"}},
		"own JSON":     {struct{ T []*time.Time }{}, []string{"T []time.Time"}},
		"made by it":   {ownMark{}, []string{" gesta_test.ownMark personal"}},
		"within":       {knot{}, []string{"Name string", "loops []^", "Ends.By map[string]^", "Cells[].At.X int", "Cells[].More []^Cells[]"}},
		"marked whole": {personalMarks{}, []string{"Home.Street string personal", "Home.Town string personal", "Homes{string}[].X int personal", "Loose ^ personal", "Open.X int"}},
	} {
		if diff := cmp.Diff(tt.want, shapeOf(t, tt.event)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
