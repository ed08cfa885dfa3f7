package gestatest_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
)

var (
	morning = time.Date(2026, time.May, 1, 9, 0, 0, 0, time.UTC)
	evening = time.Date(2026, time.May, 1, 18, 0, 0, 0, time.UTC)
)

// Each step is a value: many tests go on from one past.
func ExampleDeciderTest() {
	open := gestatest.For(t, Courses, Types).Given(Opened{"go", 1})
	full := open.Given(Enrolled{"go", "ann"})

	open.When(Enrol("go", "bob")).Then(Enrolled{"go", "bob"})
	full.When(Enrol("go", "bob")).ThenError(ErrFull)
	// Output:
}

// The state of this decider is a list of times: when each event was recorded, and since when it holds.
func ExampleDeciderTest_At() {
	gestatest.For(t, logs, Types).
		At(morning).Given(Opened{"go", 1}).
		At(morning.AddDate(0, 0, 1)).Given(Closed{"go"}).
		ThenState(log{[]string{
			"2026-05-01 2026-05-01  course-1 course.opened",
			"2026-05-02 2026-05-02  course-1 course.closed",
		}})
	// Output:
}

func ExampleDeciderTest_With() {
	gestatest.For(t, logs, Types).
		At(morning).
		With(gesta.Envelope{EffectiveAt: morning.AddDate(0, 0, -2), Metadata: map[string]any{"actor": "ada"}}).Given(Opened{"go", 1}).
		ThenState(log{[]string{"2026-05-01 2026-04-29 ada course-1 course.opened"}})
	// Output:
}

// The order of students does not matter here.
func ExampleDeciderTest_Comparing() {
	gestatest.For(t, Courses, Types).
		Comparing(cmpopts.SortSlices(func(a, b string) bool { return a < b })).
		Given(Opened{"go", 2}, Enrolled{"go", "bob"}, Enrolled{"go", "ann"}).
		ThenState(Course{Open: true, Seats: 2, Students: []string{"ann", "bob"}})
	// Output:
}

// An Evolve that changes what it was given is found, wherever in the past that is.
func ExampleDeciderTest_Given() {
	careless := gesta.Decider[map[string]int, Event]{
		Category: "seats",
		Evolve: func(taken map[string]int, e Event) map[string]int {
			enrolled, ok := e.(Enrolled)
			switch {
			case !ok:
				return taken
			case taken == nil:
				taken = map[string]int{}
			}
			taken[enrolled.Course]++ // of the state before, too
			return taken
		},
	}
	gestatest.For(t, careless).
		Given(Opened{"go", 3}, Enrolled{"go", "ann"}, Enrolled{"go", "bob"}).
		ThenState(map[string]int{"go": 2})
	// Output:
	// Evolve of seats changed the state that it was given, at #3 seats-1@3 gestatest_test.Enrolled{Course:"go", Student:"bob"}:
	//     state["go"]: 1, then 2
	// Make a copy and change that: others still look at the state before (slices.Clone, maps.Clone).
	// given
	//     #1 seats-1@1 gestatest_test.Opened{Course:"go", Seats:3}
	//     #2 seats-1@2 gestatest_test.Enrolled{Course:"go", Student:"ann"}
	//     #3 seats-1@3 gestatest_test.Enrolled{Course:"go", Student:"bob"}
}

// What was stored before courses had a number of seats is read through the upcaster.
func ExampleDeciderTest_GivenStored() {
	type openedV1 struct{ Course string }
	upcast := gesta.Upcast("course.opened", 1, func(o openedV1) Opened { return Opened{Course: o.Course, Seats: 20} })

	gestatest.For(t, Courses, Types, upcast).
		GivenStored(store.Event{Type: "course.opened", SchemaVersion: 1, Data: []byte(`{"Course":"go"}`)}).
		ThenState(Course{Open: true, Seats: 20})
	// Output:
}

// A command that uses more than its arguments is found: it is called again when others were faster.
func ExampleDeciderTest_When() {
	calls := 0
	gestatest.For(t, Courses, Types).
		When(func(Course) ([]Event, error) {
			calls++
			return []Event{Opened{"go", calls}}, nil
		}).
		Then(Opened{"go", 1})
	// Output:
	// deciding gave other events the second time:
	//     events[0].(gestatest_test.Opened).Seats: 1, then 2
	// It is called again when others were faster, and may use nothing but its arguments: times and new ids are parameters of the command.
	// given nothing
}

func ExampleDeciderTest_ThenState() {
	gestatest.For(t, Courses, Types).
		Given(Opened{"go", 2}, Enrolled{"go", "ann"}).
		ThenState(Course{Open: true, Seats: 2, Students: []string{"ann"}})
	// Output:
}

func ExampleDeciderOutcome() {
	outcome := gestatest.For(t, Courses, Types).Given(Opened{"go", 2}).When(Enrol("go", "ann"))

	outcome.Then(Enrolled{"go", "ann"}).ThenState(Course{Open: true, Seats: 2, Students: []string{"ann"}})
	// Output:
}

// A failure says what was given, and the state that was decided on.
func ExampleDeciderOutcome_Then() {
	gestatest.For(t, Courses, Types).
		Given(Opened{"go", 1}, Enrolled{"go", "ann"}).
		When(Enrol("go", "bob")).
		Then(Enrolled{"go", "bob"})
	// Output:
	// the command was refused: course is full (*errors.errorString)
	// want the events
	//     gestatest_test.Enrolled{Course:"go", Student:"bob"}
	// given
	//     #1 course-1@1 gestatest_test.Opened{Course:"go", Seats:1}
	//     #2 course-1@2 gestatest_test.Enrolled{Course:"go", Student:"ann"}
	// decided on
	//     state.Open = true
	//     state.Seats = 1
	//     state.Students[0] = "ann"
}

func ExampleDeciderOutcome_ThenError() {
	gestatest.For(t, Courses, Types).
		When(Enrol("go", "ann")).
		ThenError(ErrClosed)
	// Output:
}

// She is in already.
func ExampleDeciderOutcome_ThenNothing() {
	gestatest.For(t, Courses, Types).
		Given(Opened{"go", 1}, Enrolled{"go", "ann"}).
		When(Enrol("go", "ann")).
		ThenNothing()
	// Output:
}

func ExampleDeciderOutcome_ThenState() {
	gestatest.For(t, Courses, Types).
		Given(Opened{"go", 1}).
		When(Enrol("go", "ann")).
		ThenState(Course{Open: true, Seats: 1, Students: []string{"ann"}})
	// Output:
}

func ExampleDeciderOutcome_Events() {
	events := gestatest.For(t, Courses, Types).
		At(morning).Given(Opened{"go", 1}).
		At(evening).When(Enrol("go", "ann")).
		Events()
	for _, e := range events {
		fmt.Println(e.Stream, e.Version, e.RecordedAt.Format(time.TimeOnly), e.Tags, e.Body)
	}
	// Output:
	// course-1 2 18:00:00 [course:go student:ann] {go ann}
}

// greeting is a decider of an application that knows no types: the test begins without options.
var greeting = gesta.Decider[[]string, string]{Category: "greeting", Evolve: func(said []string, word string) []string { return append(slices.Clip(said), word) }}

var errRude = errors.New("that was said already")

// Without options a decider is tested as it is: nothing is encoded.
func ExampleFor_withoutTypes() {
	say := func(word string) func([]string) ([]string, error) {
		return func(said []string) ([]string, error) {
			if slices.Contains(said, word) {
				return nil, errRude
			}
			return []string{word}, nil
		}
	}
	gestatest.For(t, greeting).Given("hello").When(say("hello")).ThenError(errRude)
	// Output:
}
