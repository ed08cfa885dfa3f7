package gestatest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Shapes holds the shapes of the types of an application against a golden file, which is kept with its source: names, kinds and marks of all fields, as [gesta.Shape] has
// them, for each version of each type. More are the further options of the application: its upcasters. It fails the test
//   - when a shape has changed and its version has not: stored events have the old one;
//   - when a type, or a version of one, is not in the file yet;
//   - when a version in the file is read by nothing any more, or is above that of the type.
//
// With GESTA_UPDATE=1 in the environment it adds to the file what is new, and puts the present shape in the place of one that has changed: that is right as long as no event
// with the old one is stored anywhere. Old versions stay in the file.
func Shapes(t testing.TB, types gesta.Option, file string, more ...gesta.Option) {
	t.Helper()
	c := newEncoder(t, append([]gesta.Option{types}, more...))
	lines, err := readGolden(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	pinned, err := parseShapes(lines)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	h := shapeHolder{t: t, file: file, pinned: pinned, update: updating(), written: map[string]bool{}}
	for _, s := range c.db.Shapes() {
		h.written[s.Type] = true
		h.hold(shapeOf(&s))
	}
	h.holdOld(c.db)
	if h.changed {
		if err := writeGolden(file, formatShapes(h.pinned)); err != nil {
			t.Fatalf("%v", err)
		}
	}
}

// shapeHolder holds shapes against those that are pinned.
type shapeHolder struct {
	t       testing.TB
	file    string
	pinned  []pinnedShape
	update  bool
	written map[string]bool // the types that the program writes
	changed bool            // pinned is to be written
}

// hold looks at the present shape of a type.
func (h *shapeHolder) hold(now pinnedShape) {
	h.t.Helper()
	for _, p := range h.pinned {
		if p.name == now.name && p.version > now.version {
			h.t.Errorf("%v is in %s, and the program writes version %d: versions never go back.\n"+
				"Bring back the Upcast of version %d; or, if no event of version %d is stored anywhere, delete its lines from the file.",
				&p, h.file, now.version, p.version-1, p.version)
			return
		}
	}
	was := findShape(h.pinned, now.name, now.version)
	switch {
	case was != nil && slices.Equal(was.fields, now.fields):
	case h.update && was != nil:
		was.fields, h.changed = now.fields, true
	case h.update:
		h.pinned, h.changed = append(h.pinned, now), true
	case was != nil:
		h.t.Errorf("the shape of %v, has changed, and its version has not (-%s +now):\n%s\n"+
			"Events that are stored have the old shape. Keep the old struct and add an upcaster, which makes the new shape version %d:\n"+
			"    gesta.Upcast(%q, %d, func(old) new { ... })\n"+
			"If no event of version %d is stored anywhere, or each one reads as the new shape as it is, run the test once with %s=1: that rewrites the file.",
			&now, h.file, shapeChanges(was.fields, now.fields), now.version+1, now.name, now.version, now.version, updateSwitch)
	default:
		h.t.Errorf("%v, is not in %s yet:\n%s\nRun the test once with %s=1, which adds it, and read the difference.", &now, h.file, indent(now.fields), updateSwitch)
	}
}

// holdOld looks for pinned versions that nothing reads.
func (h *shapeHolder) holdOld(db *gesta.DB) {
	h.t.Helper()
	for i := range h.pinned {
		p := &h.pinned[i]
		// Data that is no JSON keeps upcasters from being called.
		r := store.Recorded{Event: store.Event{Type: p.name, SchemaVersion: p.version, Data: []byte{0}}, Position: 1}
		_, err := db.Decode(&r)
		if !errors.Is(err, gesta.ErrUnknownType) || h.written[p.name] {
			continue // it is read, or hold has said what is wrong
		}
		h.t.Errorf("%v, is in %s, and nothing reads it: events of it may be stored.\n"+
			"Keep the type, or lead it on to another by gesta.Rename, gesta.Upcast or gesta.Split; or, if none is stored anywhere, delete its lines from the file.", p, h.file)
	}
}

// shapeChanges lists the fields that are in one of two sorted lists alone.
func shapeChanges(was, now []string) string {
	var lines []string
	for _, f := range was {
		if !slices.Contains(now, f) {
			lines = append(lines, fmt.Sprintf("- %s", f))
		}
	}
	for _, f := range now {
		if !slices.Contains(was, f) {
			lines = append(lines, fmt.Sprintf("+ %s", f))
		}
	}
	return indent(lines)
}
