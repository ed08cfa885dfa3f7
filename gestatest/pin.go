package gestatest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

const (
	pinnedOfEach = 4         // made-up events of each type
	pinInterval  = time.Hour // from one event to the next
	pinSeed      = 20        // of their order
)

// Pin folds a history that was made up once, and holds what it amounts to against a golden file. It fails the test when that has changed and the version of the fold has not: states
// that were kept, in snapshots or caches, would go on to be used although the fold makes something else of the same events. Go cannot tell that a function
// has changed; this can, as far as the history leads through what has changed. [Fold.And] leads it further.
//
// The history has several events of each type, with a value in every field, in a fixed order. It is kept in the file, as it was stored, and is read through the upcasters of the
// application: so a new field or a new type changes nothing by itself.
//
// With GESTA_UPDATE=1 in the environment it adds folds to the file that are not there, and events of types and versions that the history of one lacks, and takes down the new state of
// a fold whose version has risen. It never takes down another state for the same version.
func Pin(t testing.TB, fold Fold, file string) {
	t.Helper()
	lines, err := readGolden(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	pins, err := parsePins(lines)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if fold.problem != nil {
		t.Fatalf("the fold cannot be pinned: %v", fold.problem)
	}
	p := pinner{t: t, fold: fold, file: file, encoder: newEncoder(t, fold.options)}
	if p.scope, err = fold.scope(t.Context()); err != nil {
		t.Fatalf("fold %q is refused: %v", fold.name, err)
	}
	kept := findPin(pins, fold.name)
	if kept == nil {
		pins = append(pins, pin{name: fold.name, version: fold.version})
		kept = &pins[len(pins)-1]
	}
	if !p.hold(kept) {
		return
	}
	text, err := formatPins(pins)
	if err == nil {
		err = writeGolden(file, text)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// pinner holds one fold against its pin.
type pinner struct {
	t       testing.TB
	fold    Fold
	file    string
	encoder *encoder
	scope   store.Item
}

// hold returns whether the pin was changed and is to be written.
func (p *pinner) hold(kept *pin) bool {
	p.t.Helper()
	f := &p.fold
	if f.version < kept.version {
		p.t.Errorf("fold %q has version %d, and version %d is in %s: versions never go back, lest states of that version are taken for what they are not. Raise %s.",
			f.name, f.version, kept.version, p.file, f.versions)
		return false
	}
	if f.version == kept.version && len(kept.state) > 0 {
		if d := cmp.Diff(kept.state, p.folded(kept.events)); d != "" {
			p.t.Errorf("fold %q makes something else of the same events than it did, and its version is %d as it was (-%s +now):\n%s\n"+
				"States of before would go on to be used. Raise %s to %d, and run the test once with %s=1.\n"+
				"If no state of version %d was ever kept, delete the lines of the fold from the file instead, and do the same.",
				f.name, f.version, p.file, d, f.versions, f.version+1, updateSwitch, f.version)
			return false
		}
	}
	missing := p.missing(kept.events)
	if f.version == kept.version && len(missing) == 0 && len(kept.state) > 0 {
		return false
	}
	if !updating() {
		p.t.Errorf("fold %q is not in %s as it is now: %s.\nRun the test once with %s=1, which adds that, and read the difference.", f.name, p.file, p.news(kept, missing), updateSwitch)
		return false
	}
	kept.events, kept.version = append(kept.events, missing...), f.version
	kept.state = p.folded(kept.events)
	return true
}

// news says what is not in the file.
func (p *pinner) news(kept *pin, missing []store.Event) string {
	switch {
	case len(kept.state) == 0:
		return "nothing of it is there"
	case p.fold.version != kept.version:
		return fmt.Sprintf("its version is %d, and %d there", p.fold.version, kept.version)
	default:
		return fmt.Sprintf("its history lacks %d events, such as of type %q, version %d", len(missing), missing[0].Type, missing[0].SchemaVersion)
	}
}

// folded returns what events amount to, as text. It folds twice, to be sure.
func (p *pinner) folded(events []store.Event) []string {
	p.t.Helper()
	var states [2]snapshot
	for i := range states {
		s := recordedIn(p.t, pastOf(events, &p.scope), nil, nil)
		state, err := p.fold.state(p.t.Context(), p.encoder.at(p.t, s))
		if err != nil {
			p.t.Fatalf("the history of fold %q in %s cannot be read any more: %v\nIt is as stored events are, and needs the same upcasters.", p.fold.name, p.file, err)
		}
		states[i] = snap("state", state)
	}
	if changed := states[0].changed(states[1]); changed != "" {
		p.t.Fatalf("fold %q gave another state the second time:\n%s\nIt changes its arguments, or uses more than them.", p.fold.name, changed)
	}
	return states[0].text()
}

// missing returns what a history lacks: events of the present version of each type, and the samples.
func (p *pinner) missing(history []store.Event) []store.Event {
	p.t.Helper()
	var out []store.Event
	for _, shape := range p.shapes() {
		if slices.ContainsFunc(history, func(e store.Event) bool { return e.Type == shape.Type && e.SchemaVersion == shape.Version }) {
			continue
		}
		out = append(out, p.generate(shape.Type)...)
	}
	order := rand.New(rand.NewPCG(pinSeed, uint64(len(out))))
	order.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for _, body := range p.fold.samples {
		e, err := p.encoder.encode(p.t.Context(), body, gesta.Envelope{}, nil)
		if err != nil {
			p.t.Fatalf("the event %s of the fold %q cannot be recorded: %v", shown(body), p.fold.name, err)
		}
		if !slices.ContainsFunc(slices.Concat(history, out), func(h store.Event) bool {
			return h.Type == e.Type && h.SchemaVersion == e.SchemaVersion && bytes.Equal(h.Data, e.Data)
		}) {
			out = append(out, stored(e))
		}
	}
	return out
}

// shapes returns those of the types whose events the fold takes.
func (p *pinner) shapes() []gesta.Shape {
	p.t.Helper()
	var out []gesta.Shape
	for _, shape := range p.encoder.db.Shapes() {
		_, member := p.fold.members[shape.Type]
		wanted := member
		if len(p.scope.Types) > 0 {
			wanted = slices.Contains(p.scope.Types, shape.Type)
		}
		switch {
		case wanted && !member:
			p.t.Fatalf("fold %q has a case for events of type %q, which are not in the Types that it was given: a gesta.Types[any] can have those of several unions", p.fold.name, shape.Type)
		case wanted:
			out = append(out, shape)
		}
	}
	return out
}

// generate makes events of a type up. A type that takes nothing that is made up needs a sample.
func (p *pinner) generate(name string) []store.Event {
	p.t.Helper()
	var out []store.Event
	for i := range pinnedOfEach {
		body := generate(name, p.fold.members[name], i)
		e, err := p.encoder.encode(p.t.Context(), body, gesta.Envelope{}, nil)
		if err != nil {
			if p.sampled(name) {
				return nil
			}
			p.t.Fatalf("no event of type %q can be made up: %v\nGive the fold one that can be: gestatest.FoldOf(...).And(event).", name, err)
		}
		out = append(out, stored(e))
	}
	return out
}

// sampled says whether there is a sample of a type.
func (p *pinner) sampled(name string) bool {
	return slices.ContainsFunc(p.fold.samples, func(body any) bool {
		e, err := p.encoder.encode(p.t.Context(), body, gesta.Envelope{}, nil)
		return err == nil && e.Type == name
	})
}

// stored returns what a pin keeps of an event.
func stored(e store.Event) store.Event {
	return store.Event{Type: e.Type, SchemaVersion: e.SchemaVersion, ContentType: e.ContentType, Tags: e.Tags, Data: e.Data}
}
