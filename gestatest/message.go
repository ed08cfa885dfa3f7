package gestatest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/store"
)

// comparing returns how values are compared: unexported fields count, and an empty slice or map is as good as none. The options of the user
// come on top.
func comparing(more []cmp.Option) cmp.Options {
	return append(cmp.Options{cmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.EquateEmpty()}, more...)
}

// diff says how values differ, empty for not at all.
func diff(want, got any, options []cmp.Option) string {
	return strings.TrimRight(cmp.Diff(want, got, comparing(options)), "\n")
}

// indent puts each line below the one before, a step to the right.
func indent(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "    " + strings.Join(lines, "\n    ")
}

// shown returns a value as a failure message has it.
func shown(v any) string { return fmt.Sprintf("%#v", deref(v)) }

// deref returns what a pointer points at, and any other value as it is.
func deref(v any) any {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() {
		return p.Elem().Interface()
	}
	return v
}

// shownError returns an error as a failure message has it.
func shownError(err error) string {
	if err == nil {
		return "no error"
	}
	return fmt.Sprintf("%v (%T)", err, err)
}

// list returns values, one a line and so many at most.
func list[E any](of []E) string {
	const most = 30
	if len(of) == 0 {
		return "    nothing"
	}
	var lines []string
	for i, v := range of {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(of)-most))
			break
		}
		lines = append(lines, shown(v))
	}
	return indent(lines)
}

// place returns where an event was recorded.
func place(r *store.Recorded) string {
	if r.Stream == "" {
		return fmt.Sprintf("#%d", r.Position)
	}
	return fmt.Sprintf("#%d %s@%d", r.Position, r.Stream, r.Version)
}
