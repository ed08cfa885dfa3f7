package main

import (
	"errors"

	"github.com/gestadb/gesta"
)

// Event is what happens between courses and students.
type Event interface{ enrolment() }

type (
	// Offered says that a course takes so many students.
	Offered struct {
		Course string `json:"course" gesta:"tag=course"`
		Seats  int    `json:"seats"`
	}

	// Enrolled is one fact about a course and a student: it belongs to both.
	Enrolled struct {
		Course  string `json:"course" gesta:"tag=course"`
		Student string `json:"student" gesta:"tag=student"`
	}

	// Left ends an enrolment.
	Left struct {
		Course  string `json:"course" gesta:"tag=course"`
		Student string `json:"student" gesta:"tag=student"`
	}
)

func (Offered) enrolment()  {}
func (Enrolled) enrolment() {}
func (Left) enrolment()     {}

// Types names the events as they are stored.
var Types = gesta.Types[Event]{"course.offered": Offered{}, "course.enrolled": Enrolled{}, "course.left": Left{}}

// maxCourses is how many courses a student takes at the most.
const maxCourses = 2

// What is refused.
var (
	ErrOffered     = errors.New("the course is offered already")
	ErrNotOffered  = errors.New("there is no such course")
	ErrFull        = errors.New("the course is full")
	ErrTooMany     = errors.New("the student takes two courses already")
	ErrEnrolled    = errors.New("the student takes the course already")
	ErrNotEnrolled = errors.New("the student does not take the course")
	ErrSeats       = errors.New("a course has at least one seat")
)

// seats is the view of a course: how many it has, and how many are free.
type seats struct {
	Offered bool
	Free    int
}

func seatsOf(course string) *gesta.View[seats] {
	return gesta.NewView(seats{}, gesta.Tagged(gesta.Tag("course", course)),
		gesta.When(func(_ seats, e Offered) seats { return seats{true, e.Seats} }),
		gesta.When(func(s seats, _ Enrolled) seats { return seats{s.Offered, s.Free - 1} }),
		gesta.When(func(s seats, _ Left) seats { return seats{s.Offered, s.Free + 1} }))
}

// coursesOf is the view of a student: how many courses that is in.
func coursesOf(student string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("student", student)),
		gesta.When(func(n int, _ Enrolled) int { return n + 1 }),
		gesta.When(func(n int, _ Left) int { return n - 1 }))
}

// takes is the view of both: whether the student takes the course.
func takes(course, student string) *gesta.View[bool] {
	return gesta.NewView(false, gesta.Tagged(gesta.Tag("course", course), gesta.Tag("student", student)),
		gesta.When(func(bool, Enrolled) bool { return true }),
		gesta.When(func(bool, Left) bool { return false })).Last()
}

// Offer is the decision to offer a course.
func Offer(course string, n int) gesta.Decision[Event] {
	d := gesta.Record[Event](Offered{course, n}).Given(gesta.Unique[Offered](ErrOffered, gesta.Tag("course", course)))
	if n < 1 {
		d.Decide = func(gesta.Facts) ([]Event, error) { return nil, ErrSeats }
	}
	return d
}

// Enrol is the decision that a student takes a course. It rests on three small facts, and no stream has all of them.
func Enrol(course, student string) gesta.Decision[Event] {
	room, load, already := seatsOf(course), coursesOf(student), takes(course, student)
	return gesta.Decision[Event]{
		Views: []gesta.AnyView{room, load, already},
		Decide: func(f gesta.Facts) ([]Event, error) {
			switch {
			case !room.In(f).Offered:
				return nil, ErrNotOffered
			case already.In(f):
				return nil, ErrEnrolled
			case room.In(f).Free < 1:
				return nil, ErrFull
			case load.In(f) >= maxCourses:
				return nil, ErrTooMany
			}
			return []Event{Enrolled{course, student}}, nil
		},
	}
}

// Leave is the decision that a student leaves a course.
func Leave(course, student string) gesta.Decision[Event] {
	return gesta.Record[Event](Left{course, student}).
		Given(gesta.Require(takes(course, student), func(takes bool) bool { return takes }, ErrNotEnrolled))
}
