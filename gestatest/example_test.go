package gestatest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// t stands for the *testing.T of a test: it prints what that would say.
var t testing.TB = printer{}

type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Cleanup(func())                    {}
func (printer) Context() context.Context          { return context.Background() }
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// inScratch goes to a new directory, with an events.golden in it, and returns what goes back.
func inScratch(golden string) (back func()) {
	home, _ := os.Getwd()
	dir, _ := os.MkdirTemp("", "")
	os.WriteFile(filepath.Join(dir, "events.golden"), []byte(golden), 0o600)
	os.Chdir(dir)
	update := os.Getenv("GESTA_UPDATE")
	os.Setenv("GESTA_UPDATE", "")
	return func() {
		os.Setenv("GESTA_UPDATE", update)
		os.Chdir(home)
		os.RemoveAll(dir)
	}
}

func Example() {
	open := gestatest.For(t, Courses, Types).Given(Opened{"go", 1})
	open.When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"})

	full := open.Given(Enrolled{"go", "ann"})
	full.When(Enrol("go", "bob")).ThenError(ErrFull)
	full.When(Enrol("go", "ann")).ThenNothing()
	full.ThenState(Course{Open: true, Seats: 1, Students: []string{"ann"}})
	fmt.Println("all is well")
	// Output:
	// all is well
}

// A test that fails says what was given, too.
func ExampleFor() {
	gestatest.For(t, Courses, Types).
		At(time.Date(2026, time.May, 1, 9, 0, 0, 0, time.UTC)).
		Given(Opened{"go", 1}, Enrolled{"go", "ann"}).
		When(Enrol("go", "bob")).
		ThenError(ErrClosed)
	// Output:
	// the command was refused with another error:
	//   got  course is full (*errors.errorString)
	//   want course is closed (*errors.errorString), which errors.Is finds in it
	// given
	//     #1 course-1@1 gestatest_test.Opened{Course:"go", Seats:1} recorded 2026-05-01T09:00:00Z
	//     #2 course-1@2 gestatest_test.Enrolled{Course:"go", Student:"ann"} recorded 2026-05-01T09:00:00Z
	// decided on
	//     state.Open = true
	//     state.Seats = 1
	//     state.Students[0] = "ann"
}

// The second event is one that neither of the two views looks at, as if its tag had been forgotten.
func ExampleDeciding() {
	gestatest.Deciding[Event](t, Types).
		In("course-go").Given(Opened{"go", 1}).
		In("course-c").Given(Opened{"c", 1}).
		When(TakeSeat("go", "ann")).
		Then(Enrolled{"go", "ann"})
	// Output:
	// no view looks at the given #2 course-c@1 gestatest_test.Opened{Course:"c", Seats:1}, which has type=course.opened stream=course-c tag=course:c:
	//     Views[0] (view of int over tag=course:go) selects type=course.closed,course.enrolled,course.opened tag=course:go
	//     Views[1] (view of int over tag=student:ann) selects type=course.enrolled tag=student:ann
	// If that is meant, it is given by GivenElsewhere.
}

func ExampleViewOf() {
	gestatest.ViewOf(t, Types, FreeSeats("go")).
		Given(Opened{"go", 3}, Enrolled{"go", "ann"}).
		GivenElsewhere(Enrolled{"c", "ann"}).
		Is(2)
	// Output:
}

// The field Seats was called Places when the golden file was written.
func ExampleShapes() {
	defer inScratch("\"course.opened\" 1\n\tCourse string tag=course\n\tPlaces int\n")()

	gestatest.Shapes(t, gesta.Types[Event]{"course.opened": Opened{}}, "events.golden")
	// Output:
	// the shape of "course.opened", version 1, has changed, and its version has not (-events.golden +now):
	//     - Places int
	//     + Seats int
	// Events that are stored have the old shape. Keep the old struct and add an upcaster, which makes the new shape version 2:
	//     gesta.Upcast("course.opened", 1, func(old) new { ... })
	// If no event of version 1 is stored anywhere, or each one reads as the new shape as it is, run the test once with GESTA_UPDATE=1: that rewrites the file.
}

func ExampleHistory() {
	s := memory.New(memory.Options{})
	s.Append(context.Background(), store.Commit{Events: []store.Event{
		{Type: "course.opened", Data: []byte(`{"Course":"go","Seats":3}`)},
		{Type: "course.opened", Data: []byte(`{"Course":"c","Seats":"many"}`)},
		{Type: "course.moved", Data: []byte(`{"Course":"go","Room":7}`)},
	}})
	gestatest.History(t, Types, s)
	// Output:
	// 2 of 3 events cannot be read
	//
	// BROKEN  TYPE           VERSION  FIRST AT  WHAT IS WRONG
	// 1       course.opened  1        #2        json: cannot unmarshal string into Go struct field Opened.Seats of type int
	// 1       course.moved   1        #3        unknown type: it is in no Types, and nothing renames or upcasts it
	//
	// EVENTS  TYPE           VERSION  BROKEN
	// 1       course.moved   1        1
	// 2       course.opened  1        1
	//
	// Each of them stops whoever reads its stream. A type that has gone needs a gesta.Rename or a gesta.Upcast to what it is now; one that changed needs its old struct, and a gesta.Upcast from that; what was erased needs a gesta.StandIn.
}

func ExamplePin() {
	gestatest.Pin(t, gestatest.FoldOf(Courses, Types), "testdata/pin.golden")
	fmt.Println("the fold does what it did")
	// Output:
	// the fold does what it did
}

func ExampleFoldOf() {
	fold := gestatest.FoldOf(Courses, Types)
	gestatest.Pin(t, fold, "testdata/pin.golden")
	fmt.Println("the fold does what it did")
	// Output:
	// the fold does what it did
}

func ExampleFoldOfView() {
	fold := gestatest.FoldOfView("open courses", 1, openCourses, Types).And(Opened{"rust", 0}, Closed{"go"})
	gestatest.Pin(t, fold, "testdata/pin.golden")
	fmt.Println("the view does what it did")
	// Output:
	// the view does what it did
}

func ExampleFold() {
	for _, fold := range []gestatest.Fold{gestatest.FoldOf(Courses, Types), gestatest.FoldOfView("free seats", 1, FreeSeats("go"), Types)} {
		gestatest.Pin(t, fold, "testdata/pin.golden")
	}
	// Output:
}

// The events that are made up have texts such as "Course-1". A fold that looks for a certain one gets it so.
func ExampleFold_And() {
	fold := gestatest.FoldOfView("open courses", 1, openCourses, Types).And(Opened{"rust", 0}, Closed{"go"})
	gestatest.Pin(t, fold, "testdata/pin.golden")
	// Output:
}

// takenSeats is a view whose states are kept, by its name and its version.
var takenSeats = gesta.NewView(0, gesta.Scope{Category: "course"}, gesta.When(func(n int, _ Enrolled) int { return n + 1 })).Named("taken seats", 1)

func ExampleFoldOfNamed() {
	gestatest.Pin(t, gestatest.FoldOfNamed(takenSeats, Types), "testdata/pin.golden")
	// Output:
}
