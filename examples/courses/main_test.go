package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// TestProgram runs the program as a person would.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		command, want string
		err           error
	}{
		{"offer go 2", "course.offered at position 1\n", nil},
		{"offer ml 1", "course.offered at position 2\n", nil},
		{"enrol go ann", "course.enrolled at position 3\n", nil},
		{"enrol ml ann", "course.enrolled at position 4\n", nil},
		{"enrol ml bob", "", ErrFull},
		{"leave ml ann", "course.left at position 5\n", nil},
		{"enrol ml bob", "course.enrolled at position 6\n", nil},
		{"student ann", "3: takes go\n4: takes ml\n5: left ml\n", nil},
		{"enrol rust ann", "", ErrNotOffered},
		{"offer x many", "", errAny},
		{"", "", errUsage},
	} {
		var out strings.Builder
		err := run(t.Context(), append([]string{"-store", dir}, strings.Fields(tt.command)...), &out)
		if diff := cmp.Diff(tt.want, out.String()); diff != "" || !errors.Is(err, tt.err) && (!errors.Is(tt.err, errAny) || err == nil) {
			t.Errorf("%s: %v; want %v\n%s", tt.command, err, tt.err, diff)
		}
	}
}

var errAny = errors.New("any error")

// TestRush lets many students ask for a few seats at once.
func TestRush(t *testing.T) {
	db, err := gesta.New(memory.New(memory.Options{}), Types)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gesta.Decide(t.Context(), db, Offer("go", 3)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	in := make(chan string, 50)
	for i := range cap(in) {
		wg.Go(func() {
			student := fmt.Sprint("s", i)
			switch _, err := gesta.Decide(t.Context(), db, Enrol("go", student), gesta.Retries(100)); {
			case err == nil:
				in <- student
			case !errors.Is(err, ErrFull):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(in) != 3 {
		t.Errorf("%d students have three seats", len(in))
	}
}
