package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gestadb/gesta"
)

// A decision is a value: the views that it rests on, and a function of what they say. Where its events go, and what else is said of them, is part of it.
func ExampleDecision() {
	seats := SeatsLeft("go")
	enroll := gesta.Decision[CourseEvent]{
		Views: []gesta.AnyView{seats},
		Decide: func(f gesta.Facts) ([]CourseEvent, error) {
			if seats.In(f) < 1 {
				return nil, ErrFull
			}
			return []CourseEvent{StudentEnrolled{Course: "go", Student: "bob"}}, nil
		},
		Stream:   "course-go",
		Envelope: func(CourseEvent) gesta.Envelope { return gesta.Envelope{Tags: []string{"term:2026"}} },
	}
	done, err := gesta.Decide(context.Background(), newSchool(), enroll)
	if err != nil {
		log.Fatal(err)
	}
	e := done.Events[0]
	fmt.Println(e.Stream, e.Version, e.Tags)
	// Output: course-go 1 [term:2026 course:go student:bob]
}

// Rules come before what the decision itself asks: the first that does not hold is the answer.
func ExampleDecision_Given() {
	ctx, db := context.Background(), newSchool()
	enroll := func(course, student string) error {
		_, err := gesta.Decide(ctx, db, Enroll(course, student).Given(
			gesta.Exists[CourseOffered](ErrNoSuchCourse, gesta.Tag("course", course)),
		))
		return err
	}
	fmt.Println(enroll("sql", "bob"))
	fmt.Println(enroll("go", "bob"))
	fmt.Println(enroll("go", "cid"))
	// Output:
	// there is no such course
	// <nil>
	// the course is full
}

// Decided has what was recorded. With a key, a form that is sent twice gets the same answer twice.
func ExampleDecided() {
	ctx, db := context.Background(), newSchool()
	for range 2 {
		done, err := gesta.Decide(ctx, db, Enroll("go", "bob"), gesta.Key("form-12"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%+v at position %d, duplicate %t\n", done.Events[0].Body, done.Position, done.Duplicate)
	}
	// Output:
	// {Course:go Student:bob} at position 3, duplicate false
	// {Course:go Student:bob} at position 3, duplicate true
}

// Decide is given the facts and asks each view for its own. All of them are as of one position.
func ExampleFacts() {
	seats, taken := SeatsLeft("go"), CoursesOf("ann")
	look := gesta.Decision[CourseEvent]{
		Views: []gesta.AnyView{seats, taken},
		Decide: func(f gesta.Facts) ([]CourseEvent, error) {
			fmt.Println("seats left:", seats.In(f), "- courses of ann:", taken.In(f))
			return nil, nil // nothing happens
		},
	}
	done, err := gesta.Decide(context.Background(), newSchool(), look)
	fmt.Println(len(done.Events), "events; read up to position", done.Position, err)
	// Output:
	// seats left: 1 - courses of ann: 1
	// 0 events; read up to position 2 <nil>
}

// A list of views may have them of all types of state.
func ExampleAnyView() {
	seats := SeatsLeft("go")                                                      // *View[int]
	offered := gesta.Any[CourseOffered](gesta.Tagged(gesta.Tag("course", "sql"))) // *View[bool]
	for _, view := range []gesta.AnyView{seats, offered} {
		fmt.Println(view)
	}
	// Output:
	// view of int over tag=course:go
	// view of bool over tag=course:sql
}

// What happens is known; the rules say whether it may.
func ExampleRecord() {
	type NameClaimed struct {
		Name string `gesta:"tag=name"`
	}
	ctx, taken := context.Background(), errors.New("the name is taken")
	db, err := gesta.New(newArchive(), gesta.Types[any]{"name.claimed": NameClaimed{}})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		_, err := gesta.Decide(ctx, db, gesta.Record[any](NameClaimed{"ann"}).Given(gesta.Unique[NameClaimed](taken, gesta.Tag("name", "ann"))))
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// the name is taken
}

// Rules have names of their own where several decisions share them.
func ExampleRule() {
	hasSeat := func(course string) gesta.Rule {
		return gesta.Require(SeatsLeft(course), func(seats int) bool { return seats > 0 }, ErrFull)
	}
	db := newSchool()
	for _, student := range []string{"bob", "cid"} {
		seat := gesta.Record[CourseEvent](StudentEnrolled{Course: "go", Student: student}).Given(hasSeat("go"))
		_, err := gesta.Decide(context.Background(), db, seat)
		fmt.Println(student, err)
	}
	// Output:
	// bob <nil>
	// cid the course is full
}

// Any view can be asked for something. The time of the decision is a parameter, as it is for commands.
func ExampleRequire() {
	tooLate := errors.New("enrolment has ended")
	begins := gesta.NewView(time.Time{}, gesta.Tagged(gesta.Tag("course", "go")),
		gesta.WhenEvent(func(_ time.Time, e gesta.Event[CourseOffered]) time.Time { return e.RecordedAt.Add(24 * time.Hour) }))
	enroll := func(now time.Time) gesta.Decision[CourseEvent] {
		return Enroll("go", "bob").Given(gesta.Require(begins, now.Before, tooLate))
	}
	db := newSchool()
	_, err := gesta.Decide(context.Background(), db, enroll(db.Now().Add(48*time.Hour)))
	fmt.Println(err)
	// Output: enrolment has ended
}

// Without this rule, a course that nobody offers would be called full.
func ExampleExists() {
	offered := gesta.Exists[CourseOffered](ErrNoSuchCourse, gesta.Tag("course", "sql"))
	_, err := gesta.Decide(context.Background(), newSchool(), Enroll("sql", "ann").Given(offered))
	fmt.Println(err)
	// Output: there is no such course
}

// No two students twice in one course: both tags have to match.
func ExampleUnique() {
	already := errors.New("the student has a seat in this course")
	enroll := func(student string) gesta.Decision[CourseEvent] {
		return Enroll("go", student).Given(gesta.Unique[StudentEnrolled](already, gesta.Tag("course", "go"), gesta.Tag("student", student)))
	}
	db := newSchool()
	for _, student := range []string{"ann", "bob"} {
		_, err := gesta.Decide(context.Background(), db, enroll(student))
		fmt.Println(student, err)
	}
	// Output:
	// ann the student has a seat in this course
	// bob <nil>
}

// Ann has one course; one more makes two, and that is all.
func ExampleAtMost() {
	ctx, db := context.Background(), newSchool()
	for _, course := range []string{"sql", "art"} {
		seat := gesta.Record[CourseEvent](StudentEnrolled{Course: course, Student: "ann"}).
			Given(gesta.AtMost[StudentEnrolled](2, ErrBusy, gesta.Tag("student", "ann")))
		_, err := gesta.Decide(ctx, db, seat)
		fmt.Println(course, err)
	}
	// Output:
	// sql <nil>
	// art the student has two courses
}
