package gestatest_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
)

func ExampleDecisionTest() {
	open := gestatest.Deciding[Event](t, Types).In("course-go").Given(Opened{"go", 1})
	open.When(TakeSeat("go", "ann")).Then(Enrolled{"go", "ann"})
	open.Given(Enrolled{"go", "bob"}).When(TakeSeat("go", "ann")).ThenError(ErrFull)
	// Output:
}

// opening is the decision to open a course, unless one was opened in the last hour: now is a parameter.
func opening(course string, now time.Time) gesta.Decision[Event] {
	last := gesta.NewView(time.Time{}, gesta.Scope{Category: "course"}, gesta.WhenEvent(func(_ time.Time, e gesta.Event[Opened]) time.Time { return e.RecordedAt })).Last()
	return gesta.Decision[Event]{
		Views:  []gesta.AnyView{last},
		Stream: Courses.Stream(course),
		Decide: func(f gesta.Facts) ([]Event, error) {
			if now.Sub(last.In(f)) < time.Hour {
				return nil, errTooMany
			}
			return []Event{Opened{course, 1}}, nil
		},
	}
}

func ExampleDecisionTest_At() {
	opened := gestatest.Deciding[Event](t, Types).At(morning).In("course-go").Given(Opened{"go", 1})
	opened.When(opening("c", morning.Add(time.Minute))).ThenError(errTooMany)
	opened.When(opening("c", evening)).Then(Opened{"c", 1})
	// Output:
}

func ExampleDecisionTest_In() {
	gestatest.Deciding[Event](t, Types).
		In("course-go").Given(Opened{"go", 1}).
		In("elsewhere").GivenElsewhere(Opened{"c", 1}).
		When(opening("rust", evening)).
		Then(Opened{"rust", 1})
	// Output:
}

func ExampleDecisionTest_With() {
	gestatest.Deciding[Event](t, Types).
		With(gesta.Envelope{Stream: "course-go", Metadata: map[string]any{"actor": "ada"}}).Given(Opened{"go", 1}).
		When(TakeSeat("go", "ann")).
		Then(Enrolled{"go", "ann"})
	// Output:
}

// Names are the same here whatever their case.
func ExampleDecisionTest_Comparing() {
	gestatest.Deciding[Event](t, Types).
		Comparing(cmp.Comparer(strings.EqualFold)).
		Given(Opened{"go", 1}).
		When(TakeSeat("go", "ann")).
		Then(Enrolled{"go", "Ann"})
	// Output:
}

// A view that makes something of positions sees other ones when other events lie between. Where that is meant, Alone says so.
func ExampleDecisionTest_Alone() {
	opened := gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1})
	opened.Alone().When(asking(positions())).ThenNothing()

	opened.When(asking(positions())).ThenNothing()
	// Output:
	// the views see something else when events at which they do not look lie between:
	//     Views[0]: 1, then 6
	// Positions and versions count other events too. If that is meant, Alone() leaves this out.
	//     Views[0] (view of int over tag=course:go) selects type=course.opened tag=course:go
	// given
	//     #1 gestatest_test.Opened{Course:"go", Seats:1}
}

func ExampleDecisionTest_Given() {
	gestatest.Deciding[Event](t, Types).
		Given(Opened{"go", 2}, Enrolled{"go", "ann"}, Enrolled{"go", "bob"}).
		When(TakeSeat("go", "cid")).
		ThenError(ErrFull)
	// Output:
}

func ExampleDecisionTest_GivenStored() {
	gestatest.Deciding[Event](t, Types).
		GivenStored(store.Event{Type: "course.opened", Tags: []string{"course:go"}, Data: []byte(`{"Course":"go","Seats":1}`)}).
		When(TakeSeat("go", "ann")).
		Then(Enrolled{"go", "ann"})
	// Output:
}

// The decision must not look at another course.
func ExampleDecisionTest_GivenElsewhere() {
	gestatest.Deciding[Event](t, Types).
		Given(Opened{"go", 1}).
		GivenElsewhere(Opened{"c", 1}, Enrolled{"c", "bob"}).
		When(TakeSeat("go", "ann")).
		Then(Enrolled{"go", "ann"})
	// Output:
}

// A case of a view that changes the state that it was given is found, wherever in the past that is.
func ExampleDecisionTest_When() {
	taken := gesta.NewView[map[string]int](nil, gesta.Tagged("course:go"), gesta.When(lastSeats))

	gestatest.Deciding[Event](t, Types).
		Given(Opened{"go", 1}, Opened{"go", 2}).
		When(asking(taken)).
		ThenNothing()
	// Output:
	// a case of Views[0] (view of map[string]int over tag=course:go) changed the state that it was given, at #2 gestatest_test.Opened{Course:"go", Seats:2}:
	//     state["go"]: 1, then 2
	// Make a copy and change that: others still look at the state before (slices.Clone, maps.Clone).
	// given
	//     #1 gestatest_test.Opened{Course:"go", Seats:1}
	//     #2 gestatest_test.Opened{Course:"go", Seats:2}
}

func ExampleDecisionOutcome() {
	outcome := gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1}).When(TakeSeat("go", "ann"))

	events := outcome.Then(Enrolled{"go", "ann"}).Events()
	fmt.Println(len(events), events[0].Stream)
	// Output:
	// 1 course-go
}

func ExampleDecisionOutcome_Then() {
	gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1}).When(TakeSeat("go", "ann")).Then(Enrolled{"go", "ann"})
	// Output:
}

// A failure says what was given, and what the views amounted to.
func ExampleDecisionOutcome_ThenError() {
	gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1}).When(TakeSeat("go", "ann")).ThenError(ErrFull)
	// Output:
	// the decision was not refused, and led to
	//     gestatest_test.Enrolled{Course:"go", Student:"ann"}
	// want the error course is full (*errors.errorString)
	// given
	//     #1 gestatest_test.Opened{Course:"go", Seats:1}
	// decided on
	//     Views[0] = 1
	//     Views[1] = 0
}

func ExampleDecisionOutcome_ThenNothing() {
	gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1}).When(asking(FreeSeats("go"))).ThenNothing()
	// Output:
}

func ExampleDecisionOutcome_Events() {
	for _, e := range gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1}).When(TakeSeat("go", "ann")).Events() {
		fmt.Println(e.Stream, e.Tags, e.Body)
	}
	// Output:
	// course-go [course:go student:ann] {go ann}
}

func ExampleViewTest() {
	opened := gestatest.ViewOf(t, Types, FreeSeats("go")).Given(Opened{"go", 3})
	opened.Is(3)
	opened.Given(Enrolled{"go", "ann"}).Is(2)
	opened.Given(Closed{"go"}).Is(0)
	// Output:
}

// opened is the view of when a course was opened.
func opened(course string) *gesta.View[time.Time] {
	return gesta.NewView(time.Time{}, gesta.Tagged(gesta.Tag("course", course)),
		gesta.WhenEvent(func(_ time.Time, e gesta.Event[Opened]) time.Time { return e.Effective() }))
}

func ExampleViewTest_At() {
	gestatest.ViewOf(t, Types, opened("go")).At(morning).Given(Opened{"go", 1}).Is(morning)
	// Output:
}

func ExampleViewTest_In() {
	count := gesta.NewView(0, gesta.Scope{Category: "course"}, gesta.When(func(n int, _ Opened) int { return n + 1 }))

	gestatest.ViewOf(t, Types, count).
		In("course-go").Given(Opened{"go", 1}).
		In("archive-go").GivenElsewhere(Opened{"go", 1}).
		Is(1)
	// Output:
}

func ExampleViewTest_With() {
	gestatest.ViewOf(t, Types, opened("go")).
		At(evening).With(gesta.Envelope{EffectiveAt: morning}).Given(Opened{"go", 1}).
		Is(morning)
	// Output:
}

func ExampleViewTest_Comparing() {
	gestatest.ViewOf(t, Types, opened("go")).
		Comparing(cmpopts.EquateApproxTime(time.Minute)).
		At(morning).Given(Opened{"go", 1}).
		Is(morning.Add(time.Second))
	// Output:
}

func ExampleViewTest_Alone() {
	gestatest.ViewOf(t, Types, positions()).Alone().Given(Opened{"go", 1}).Is(1)
	// Output:
}

// The view of the seats of one course has to look at each given event: a forgotten tag is found.
func ExampleViewTest_Given() {
	gestatest.ViewOf(t, Types, FreeSeats("go")).Given(Opened{"go", 3}, Enrolled{"rust", "ann"}).Is(3)
	// Output:
	// the view does not look at the given #2 gestatest_test.Enrolled{Course:"rust", Student:"ann"}, which has type=course.enrolled tag=course:rust tag=student:ann:
	//     the view of int over tag=course:go selects type=course.closed,course.enrolled,course.opened tag=course:go
	// If that is meant, it is given by GivenElsewhere.
}

func ExampleViewTest_GivenStored() {
	gestatest.ViewOf(t, Types, FreeSeats("go")).
		GivenStored(store.Event{Type: "course.opened", Tags: []string{"course:go"}, Data: []byte(`{"Course":"go","Seats":3}`)}).
		Is(3)
	// Output:
}

func ExampleViewTest_GivenElsewhere() {
	gestatest.ViewOf(t, Types, CoursesOf("ann")).Given(Enrolled{"go", "ann"}).GivenElsewhere(Enrolled{"go", "bob"}).Is(1)
	// Output:
}

func ExampleViewTest_Is() {
	gestatest.ViewOf(t, Types, CoursesOf("ann")).Is(0)
	// Output:
}
