package gestatest_test

import (
	"errors"
	"slices"
	"time"

	"github.com/gestadb/gesta"
)

// What happens in courses.
type (
	Event interface{ course() }

	Opened struct {
		Course string `gesta:"tag=course"`
		Seats  int
	}
	Enrolled struct {
		Course  string `gesta:"tag=course"`
		Student string `gesta:"tag=student"`
	}
	Closed struct {
		Course string `gesta:"tag=course"`
	}
)

func (Opened) course()   {}
func (Enrolled) course() {}
func (Closed) course()   {}

var Types = gesta.Types[Event]{"course.opened": Opened{}, "course.enrolled": Enrolled{}, "course.closed": Closed{}}

// Course is the state of one course.
type Course struct {
	Open     bool
	Seats    int
	Students []string
}

var Courses = gesta.Decider[Course, Event]{Category: "course", Evolve: evolve}

func evolve(c Course, e Event) Course {
	switch e := e.(type) {
	case Opened:
		c.Open, c.Seats = true, e.Seats
	case Enrolled:
		c.Students = append(slices.Clip(c.Students), e.Student)
	case Closed:
		c.Open = false
	}
	return c
}

var (
	ErrFull   = errors.New("course is full")
	ErrClosed = errors.New("course is closed")
)

// Enrol is the command of a student who wants a seat.
func Enrol(course, student string) func(Course) ([]Event, error) {
	return func(c Course) ([]Event, error) {
		switch {
		case slices.Contains(c.Students, student):
			return nil, nil
		case !c.Open:
			return nil, ErrClosed
		case len(c.Students) >= c.Seats:
			return nil, ErrFull
		}
		return []Event{Enrolled{course, student}}, nil
	}
}

// FreeSeats is the view of the seats that are left in a course.
func FreeSeats(course string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("course", course)),
		gesta.When(func(_ int, e Opened) int { return e.Seats }),
		gesta.When(func(n int, _ Enrolled) int { return n - 1 }),
		gesta.When(func(int, Closed) int { return 0 }))
}

// CoursesOf is the view of how many courses a student is in.
func CoursesOf(student string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("student", student)), gesta.When(func(n int, _ Enrolled) int { return n + 1 }))
}

// TakeSeat is the decision to enrol a student, who may be in two courses.
func TakeSeat(course, student string) gesta.Decision[Event] {
	seats, taken := FreeSeats(course), CoursesOf(student)
	return gesta.Decision[Event]{
		Views:  []gesta.AnyView{seats, taken},
		Stream: Courses.Stream(course),
		Decide: func(f gesta.Facts) ([]Event, error) {
			switch {
			case seats.In(f) < 1:
				return nil, ErrFull
			case taken.In(f) >= 2:
				return nil, errTooMany
			}
			return []Event{Enrolled{course, student}}, nil
		},
	}
}

var errTooMany = errors.New("student has two courses")

// log is a state of what envelopes say.
type log struct{ lines []string }

var logs = gesta.Decider[log, Event]{Category: "course", EvolveEvent: func(l log, e gesta.Event[Event]) log {
	line := e.RecordedAt.Format(time.DateOnly) + " " + e.Effective().Format(time.DateOnly) + " " + e.Actor() + " " + e.Stream + " " + e.Type
	return log{append(slices.Clip(l.lines), line)}
}}
