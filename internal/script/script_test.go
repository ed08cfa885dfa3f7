package script_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gestadb/gesta/internal/script"
)

func TestShelf(t *testing.T) {
	script.Run(t, os.DirFS("."), "testdata/*.txt", ".", func(t *testing.T) func(script.Cmd) string {
		var shelf []string
		return func(c script.Cmd) string {
			if err := c.Only("name", "only"); err != nil {
				t.Fatalf("line %d: %v", c.Line, err)
			}
			switch c.Name {
			case "put":
				shelf = append(shelf, c.All("name")...)
				for line := range strings.Lines(c.Input) {
					shelf = append(shelf, strings.TrimSuffix(line, "\n"))
				}
				return fmt.Sprintf("%d on the shelf", len(shelf))
			case "list":
				var found []string
				for _, s := range shelf {
					if !c.Has("only") || s == c.Arg("only") {
						found = append(found, s)
					}
				}
				return strings.Join(found, "\n")
			}
			t.Fatalf("line %d: unknown command %q", c.Line, c.Name)
			return ""
		}
	})
}

func TestParse(t *testing.T) {
	tests := []struct {
		line string
		want script.Cmd
	}{
		{"head", script.Cmd{Name: "head"}},
		{"  head \n", script.Cmd{Name: "head"}},
		{"read backward after=3", script.Cmd{Name: "read", Args: []script.Arg{{Key: "backward"}, {Key: "after", Value: "3"}}}},
		{"a k=", script.Cmd{Name: "a", Args: []script.Arg{{Key: "k"}}}},
		{`a k="" 'odd name'`, script.Cmd{Name: "a", Args: []script.Arg{{Key: "k"}, {Key: "odd name"}}}},
		{`a data={"a":"b=c"}`, script.Cmd{Name: "a", Args: []script.Arg{{Key: "data", Value: `{"a":"b=c"}`}}}},
		{`a data='{"a": 1}'`, script.Cmd{Name: "a", Args: []script.Arg{{Key: "data", Value: `{"a": 1}`}}}},
		{`a k="\x00 \u00e9 \""`, script.Cmd{Name: "a", Args: []script.Arg{{Key: "k", Value: "\x00 é \""}}}},
		{`a "odd key"=v k==`, script.Cmd{Name: "a", Args: []script.Arg{{Key: "odd key", Value: "v"}, {Key: "k", Value: "="}}}},
	}
	for _, tt := range tests {
		got, err := script.Parse(tt.line)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", tt.line, got, err, tt.want)
		}
	}
	for _, line := range []string{"", "  ", "=v", "a=b", `a k="open`, `a k='open`, `a k="x"y`, `a 'x'"y"`, `a "\q"`} {
		if got, err := script.Parse(line); err == nil {
			t.Errorf("Parse(%q) = %+v; want an error", line, got)
		}
	}
}

func TestOnlyNamesTheStranger(t *testing.T) {
	c, err := script.Parse("read after=1 untill=2")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Only("after", "until"); err == nil || !strings.Contains(err.Error(), `"untill"`) {
		t.Errorf("Only: %v; want an error that names untill", err)
	}
	if err := c.Only("after", "untill"); err != nil {
		t.Errorf("Only: %v", err)
	}
}
