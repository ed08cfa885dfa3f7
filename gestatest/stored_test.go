package gestatest_test

import (
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
)

// What was stored of courses once.
type (
	openedV1 struct{ Name string }
	filledV1 struct{ Name, Student string }
)

var oldCourses = []gesta.Option{
	Types,
	gesta.Upcast("course.opened", 1, func(o openedV1) Opened { return Opened{o.Name, 20} }),
	gesta.Split("course.filled", 1, func(f filledV1) []Event {
		return []Event{Opened{f.Name, 1}, Enrolled{f.Name, f.Student}}
	}, Event(Opened{}), Event(Enrolled{})),
}

func TestGivenStored(t *testing.T) {
	old := store.Event{Type: "course.opened", SchemaVersion: 1, Data: []byte(`{"Name":"go"}`), Tags: []string{"course:go"}}
	filled := store.Event{Type: "course.filled", Data: []byte(`{"Name":"go","Student":"ann"}`), Tags: []string{"course:go"}}
	c := gestatest.For(t, Courses, oldCourses...)
	c.GivenStored(old).When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"}).ThenState(Course{Open: true, Seats: 20, Students: []string{"ann"}})
	c.GivenStored(filled).When(Enrol("go", "bob")).ThenError(ErrFull)
	gestatest.Deciding[Event](t, oldCourses...).GivenStored(old).When(TakeSeat("go", "bob")).Then(Enrolled{"go", "bob"})
	gestatest.ViewOf(t, Types, FreeSeats("go"), oldCourses[1:]...).GivenStored(old).Is(20)

	wantFailure(t, func(t testing.TB) { gestatest.For(t, Courses).GivenStored(old) }, "GivenStored needs the types")
	wantFailure(t, func(t testing.TB) { gestatest.For(t, Courses, Types).GivenStored(store.Event{Type: "x"}) }, "the stored event cannot be read", `position 1 has a "x"`)
	wantFailure(t, func(t testing.TB) {
		gestatest.For(t, Courses, Types, orders).GivenStored(store.Event{Type: "order.placed", Data: []byte("{}")})
	}, "is a gestatest_test.Placed, which is not among the events of course")
	wantFailure(t, func(t testing.TB) {
		gestatest.For(t, Courses, oldCourses...).GivenStored(filled).ThenState(Course{})
	}, `#1 course-1@1 gestatest_test.Opened{Course:"go", Seats:1} and gestatest_test.Enrolled{Course:"go", Student:"ann"}`)
}
