package main

import (
	"testing"

	"github.com/gestadb/gesta/gestatest"
)

func TestEnrol(t *testing.T) {
	offered := gestatest.Deciding[Event](t, Types).Given(Offered{"go", 2})
	offered.When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"})
	offered.Given(Enrolled{"go", "bob"}, Enrolled{"go", "cid"}).When(Enrol("go", "ann")).ThenError(ErrFull)
	offered.Given(Enrolled{"go", "bob"}, Enrolled{"go", "cid"}, Left{"go", "bob"}).When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"})
	offered.Given(Enrolled{"go", "ann"}).When(Enrol("go", "ann")).ThenError(ErrEnrolled)
	offered.Given(Enrolled{"c", "ann"}, Enrolled{"ml", "ann"}).When(Enrol("go", "ann")).ThenError(ErrTooMany)
	offered.GivenElsewhere(Enrolled{"c", "eve"}).When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"})
	gestatest.Deciding[Event](t, Types).When(Enrol("go", "ann")).ThenError(ErrNotOffered)
}

func TestLeave(t *testing.T) {
	in := gestatest.Deciding[Event](t, Types).Given(Enrolled{"go", "ann"})
	in.When(Leave("go", "ann")).Then(Left{"go", "ann"})
	in.Given(Left{"go", "ann"}).When(Leave("go", "ann")).ThenError(ErrNotEnrolled)
	gestatest.Deciding[Event](t, Types).When(Leave("go", "ann")).ThenError(ErrNotEnrolled)
}

func TestOffer(t *testing.T) {
	none := gestatest.Deciding[Event](t, Types)
	none.When(Offer("go", 3)).Then(Offered{"go", 3})
	none.When(Offer("go", 0)).ThenError(ErrSeats)
	none.Given(Offered{"go", 3}).When(Offer("go", 4)).ThenError(ErrOffered)
}

// TestShapes fails when what is stored changes without an upcaster.
func TestShapes(t *testing.T) { gestatest.Shapes(t, Types, "testdata/events.golden") }
