package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// CourseEvent is what happens in a school.
type CourseEvent interface{ school() }

// The members of CourseEvent. Their tags are what views find them by, whatever their stream.
type (
	CourseOffered struct {
		Course string `gesta:"tag=course"`
		Seats  int
	}
	StudentEnrolled struct {
		Course  string `gesta:"tag=course"`
		Student string `gesta:"tag=student"`
	}
)

func (CourseOffered) school()   {}
func (StudentEnrolled) school() {}

// CourseTypes names the events as they are stored.
var CourseTypes = gesta.Types[CourseEvent]{"course.offered": CourseOffered{}, "student.enrolled": StudentEnrolled{}}

// Why nobody enrolls.
var (
	ErrNoSuchCourse = errors.New("there is no such course")
	ErrFull         = errors.New("the course is full")
	ErrBusy         = errors.New("the student has two courses")
	ErrOffered      = errors.New("the course is offered already")
)

// SeatsLeft is the view of how many seats a course has left.
func SeatsLeft(course string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("course", course)),
		gesta.When(func(_ int, e CourseOffered) int { return e.Seats }),
		gesta.When(func(seats int, _ StudentEnrolled) int { return seats - 1 }))
}

// CoursesOf is the view of how many courses a student has.
func CoursesOf(student string) *gesta.View[int] {
	return gesta.Count[StudentEnrolled](gesta.Tagged(gesta.Tag("student", student)))
}

// Offer is the decision to offer a course.
func Offer(course string, seats int) gesta.Decision[CourseEvent] {
	return gesta.Record[CourseEvent](CourseOffered{Course: course, Seats: seats}).
		Given(gesta.Unique[CourseOffered](ErrOffered, gesta.Tag("course", course)))
}

// Enroll is the decision to give a student a seat. It rests on the course and on the student, and neither owns it.
func Enroll(course, student string) gesta.Decision[CourseEvent] {
	seats, taken := SeatsLeft(course), CoursesOf(student)
	return gesta.Decision[CourseEvent]{
		Views: []gesta.AnyView{seats, taken},
		Decide: func(f gesta.Facts) ([]CourseEvent, error) {
			switch {
			case seats.In(f) < 1:
				return nil, ErrFull
			case taken.In(f) >= 2:
				return nil, ErrBusy
			}
			return []CourseEvent{StudentEnrolled{Course: course, Student: student}}, nil
		},
	}
}

// A student takes a seat: what decides that is in the events of the course and in those of the student. Whoever else takes the last seat meanwhile makes the
// decision be taken again.
func ExampleDecide() {
	ctx := context.Background()
	db, err := gesta.New(memory.New(memory.Options{}), CourseTypes)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := gesta.Decide(ctx, db, Offer("go", 2)); err != nil {
		log.Fatal(err)
	}
	for _, student := range []string{"ann", "bob", "cid"} {
		done, err := gesta.Decide(ctx, db, Enroll("go", student))
		if err != nil {
			fmt.Println(student, "stays outside:", err)
			continue
		}
		fmt.Println(student, "is in, at position", done.Position)
	}
	// Output:
	// ann is in, at position 2
	// bob is in, at position 3
	// cid stays outside: the course is full
}
