package gestatest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// viewName names a view in a failure message.
func viewName(i int, v gesta.AnyView) string {
	return fmt.Sprintf("Views[%d]", i) + " (" + v.String() + ")"
}

// factsOf takes the snapshot of what views amount to. A [gesta.AnyView] does not say it: its method In does, which all views have.
func factsOf(views []gesta.AnyView, f gesta.Facts) snapshot {
	var all snapshot
	for i, v := range views {
		in := reflect.ValueOf(v).MethodByName("In")
		state := in.Call([]reflect.Value{reflect.ValueOf(f)})[0]
		all = append(all, snap(fmt.Sprintf("Views[%d]", i), state.Interface())...)
	}
	return all
}

// itemText says what a view selects.
func itemText(it *store.Item) string {
	var parts []string
	if it.Stream != "" {
		parts = append(parts, "stream="+it.Stream)
	}
	if it.Category != "" {
		parts = append(parts, "category="+it.Category)
	}
	if len(it.Types) > 0 {
		parts = append(parts, "type="+strings.Join(it.Types, ","))
	}
	for _, tag := range it.Tags {
		parts = append(parts, "tag="+tag)
	}
	return strings.Join(parts, " ")
}

// selection lists what views select.
func selection(views []gesta.AnyView, items []store.Item) string {
	lines := make([]string, len(views))
	for i, v := range views {
		lines[i] = viewName(i, v) + ": " + itemText(&items[i])
	}
	return indent(lines)
}

// eventText says what views can select an event by.
func eventText(e *store.Event) string {
	parts := []string{"type=" + e.Type}
	if e.Stream != "" {
		parts = append(parts, "stream="+e.Stream)
	}
	for _, tag := range e.Tags {
		parts = append(parts, "tag="+tag)
	}
	return strings.Join(parts, " ")
}
