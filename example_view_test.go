package gesta_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// A view is one small fact. It says itself which events it is made of: those of its cases, in its scope.
func ExampleView() {
	students := gesta.NewView([]string(nil), gesta.Tagged(gesta.Tag("course", "go")),
		gesta.When(func(all []string, e StudentEnrolled) []string { return append(slices.Clip(all), e.Student) }))
	names, err := students.Load(context.Background(), newSchool())
	fmt.Println(students, "has", names.State, err)
	// Output: view of []string over tag=course:go has [ann] <nil>
}

// A view begins with a state and has a case for each type that changes it.
func ExampleNewView() {
	type Course struct{ Seats, Taken int }
	course := gesta.NewView(Course{}, gesta.Tagged(gesta.Tag("course", "go")),
		gesta.When(func(c Course, e CourseOffered) Course { return Course{Seats: e.Seats} }),
		gesta.When(func(c Course, _ StudentEnrolled) Course { c.Taken++; return c }))
	fmt.Printf("%+v\n", ask(newSchool(), course))
	// Output: {Seats:2 Taken:1}
}

// In asks for a view in the facts. One that the decision did not list among its Views would not be guarded: that is an error.
func ExampleView_In() {
	seats, taken := SeatsLeft("go"), CoursesOf("ann")
	_, err := gesta.Decide(context.Background(), newSchool(), gesta.Decision[CourseEvent]{
		Views: []gesta.AnyView{seats},
		Decide: func(f gesta.Facts) ([]CourseEvent, error) {
			fmt.Println(seats.In(f), taken.In(f))
			return nil, nil
		},
	})
	fmt.Println(err)
	// Output:
	// 1 0
	// gesta: invalid: the decision asks a view of int over tag=student:ann, which is not among its Views
}

// Load asks a view without deciding anything.
func ExampleView_Load() {
	seats, err := SeatsLeft("go").Load(context.Background(), newSchool())
	fmt.Println(seats.State, "left at position", seats.Position, err)
	// Output: 1 left at position 2 <nil>
}

// The name and the version of a view are those of its fold.
func ExampleView_Name() {
	fmt.Println(SeatsLeft("go").Named("seats left", 1).Name())
	// Output: seats left 1
}

// The text of a scope is what what is kept of a view is known by.
func ExampleView_Scope() {
	seats := SeatsLeft("go").Named("seats left", 1)
	db, err := gesta.New(newSchool().Store(), CourseTypes, gesta.Keep(cache.NewMemory(1<<20), gesta.Every(1)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(seats.Scope(), db.Forget(context.Background(), seats.Scope().String()))
	// Output: tag=course:go <nil>
}

// Initial and Fold are the view without any store: what a test, or a projection, folds by itself.
func ExampleView_Fold() {
	seats := SeatsLeft("go")
	s := seats.Initial()
	for _, body := range []any{CourseOffered{Course: "go", Seats: 2}, StudentEnrolled{Course: "go", Student: "ann"}} {
		s = seats.Fold(s, gesta.Event[any]{Body: body})
		fmt.Println(s)
	}
	// Output:
	// 2
	// 1
}

// Of a course that was never offered nobody takes a seat: that is what its view begins with.
func ExampleView_Initial() {
	fmt.Println(SeatsLeft("go").Initial(), ask(newSchool(), SeatsLeft("sql")))
	// Output: 0 0
}

// Where the newest event says it all, the store is asked for that alone.
func ExampleView_Last() {
	last := gesta.NewView("nobody", gesta.Tagged(gesta.Tag("course", "go")),
		gesta.When(func(_ string, e StudentEnrolled) string { return e.Student })).Last()
	db := newSchool()
	fmt.Println(ask(db, last))
	if _, err := gesta.Decide(context.Background(), db, Enroll("go", "bob")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ask(db, last))
	// Output:
	// ann
	// bob
}

// A view that has a name is kept: the second time it begins where the first has ended. The version
// is raised when its cases make something else of the same events.
func ExampleView_Named() {
	seats := SeatsLeft("go").Named("seats left", 1)
	db, err := gesta.New(newSchool().Store(), CourseTypes, gesta.Keep(cache.NewMemory(1<<20), gesta.Every(1)))
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		fmt.Println(ask(db, seats), "left, hits:", db.Kept().Hits)
	}
	// Output:
	// 1 left, hits: 0
	// 1 left, hits: 1
}

// Cases are values: several views may share one.
func ExampleCase() {
	count := gesta.When(func(n int, _ StudentEnrolled) int { return n + 1 })
	cases := []gesta.Case[int]{count}
	ofCourse := gesta.NewView(0, gesta.Tagged(gesta.Tag("course", "go")), cases...)
	ofAll := gesta.NewView(0, gesta.Scope{}, cases...)
	db := newSchool()
	fmt.Println(ask(db, ofCourse), ask(db, ofAll))
	// Output: 1 1
}

// A case is given the state and the event, and returns the state after it.
func ExampleWhen() {
	enrolled := gesta.NewView(false, gesta.Tagged(gesta.Tag("course", "go"), gesta.Tag("student", "ann")),
		gesta.When(func(bool, StudentEnrolled) bool { return true }))
	fmt.Println(ask(newSchool(), enrolled))
	// Output: true
}

// WhenEvent gives a case the envelope too: here the time.
func ExampleWhenEvent() {
	since := gesta.NewView(time.Time{}, gesta.Tagged(gesta.Tag("course", "go")),
		gesta.WhenEvent(func(_ time.Time, e gesta.Event[CourseOffered]) time.Time { return e.RecordedAt }))
	fmt.Println("offered since", ask(newSchool(), since).Format(time.TimeOnly))
	// Output: offered since 12:00:00
}

// A scope bounds the events by stream, by category, by tags, or by all of these.
func ExampleScope() {
	for _, scope := range []gesta.Scope{
		{},
		{Stream: "course-go"},
		{Category: "course", Tags: []string{gesta.Tag("student", "ann")}},
	} {
		fmt.Println(scope)
	}
	// Output:
	// everything
	// stream=course-go
	// category=course tag=student:ann
}

// More tags are fewer events.
func ExampleTagged() {
	fmt.Println(gesta.Tagged(gesta.Tag("student", "ann")))
	fmt.Println(gesta.Tagged(gesta.Tag("student", "ann"), gesta.Tag("course", "go")))
	// Output:
	// tag=student:ann
	// tag=student:ann tag=course:go
}

// It looks at one event at the most, however many there are.
func ExampleAny() {
	db := newSchool()
	for _, course := range []string{"go", "sql"} {
		offered := gesta.Any[CourseOffered](gesta.Tagged(gesta.Tag("course", course)))
		fmt.Println(course, ask(db, offered))
	}
	// Output:
	// go true
	// sql false
}

// Count is the view that most rules about numbers are made of; see [AtMost].
func ExampleCount() {
	students := gesta.Count[StudentEnrolled](gesta.Tagged(gesta.Tag("course", "go")))
	fmt.Println(ask(newSchool(), students))
	// Output: 1
}

// Invoices are numbered without gaps, whoever writes them at the same time: two that see the same number are in conflict, and one of them takes the next.
func ExampleNext() {
	type Invoiced struct{ Number int64 }
	ctx := context.Background()
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"invoice.written": Invoiced{}})
	if err != nil {
		log.Fatal(err)
	}
	next := gesta.Next(gesta.Scope{}, 1000, func(e Invoiced) int64 { return e.Number })
	invoice := gesta.Decision[any]{
		Views:  []gesta.AnyView{next},
		Decide: func(f gesta.Facts) ([]any, error) { return []any{Invoiced{next.In(f)}}, nil },
	}
	for range 3 {
		if _, err := gesta.Decide(ctx, db, invoice); err != nil {
			log.Fatal(err)
		}
	}
	for e, err := range gesta.Read[Invoiced](ctx, db, store.Query{}, gesta.ReadOptions{}) {
		fmt.Println(e.Body.Number, err)
	}
	// Output:
	// 1000 <nil>
	// 1001 <nil>
	// 1002 <nil>
}
