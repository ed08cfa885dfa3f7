package gesta_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Enrolment is the union of what happens in courses.
type Enrolment interface{ enrolment() }

type (
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
		Reason string
	}
)

func (Opened) enrolment()   {}
func (Enrolled) enrolment() {}
func (Closed) enrolment()   {}

var enrolmentTypes = gesta.Types[Enrolment]{"course.opened": Opened{}, "course.enrolled": Enrolled{}, "course.closed": Closed{}}

type course struct {
	Open        bool
	Seats, Used int
}

var courses = gesta.Decider[course, Enrolment]{Category: "course", Evolve: func(c course, e Enrolment) course {
	switch e := e.(type) {
	case Opened:
		c.Open, c.Seats = true, e.Seats
	case Enrolled:
		c.Used++
	case Closed:
		c.Open = false
	}
	return c
}}

var (
	errNotOpen = errors.New("course is not open")
	errFull    = errors.New("course is full")
	errTooMany = errors.New("student has two courses")
)

func open(id string, seats int) func(course) ([]Enrolment, error) {
	return func(c course) ([]Enrolment, error) {
		if c.Open {
			return nil, nil
		}
		return []Enrolment{Opened{id, seats}}, nil
	}
}

func closeDown(id, why string) func(course) ([]Enrolment, error) {
	return func(c course) ([]Enrolment, error) {
		if !c.Open {
			return nil, errNotOpen
		}
		return []Enrolment{Closed{id, why}}, nil
	}
}

func freeSeats(id string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("course", id)),
		gesta.When(func(_ int, e Opened) int { return e.Seats }),
		gesta.When(func(n int, _ Enrolled) int { return n - 1 }),
		gesta.When(func(int, Closed) int { return 0 }))
}

func coursesOf(student string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("student", student)), gesta.When(func(n int, _ Enrolled) int { return n + 1 }))
}

func enrol(id, student string) gesta.Decision[Enrolment] {
	seats, taken := freeSeats(id), coursesOf(student)
	return gesta.Decision[Enrolment]{
		Views:  []gesta.AnyView{seats, taken},
		Stream: courses.Stream(id),
		Decide: func(f gesta.Facts) ([]Enrolment, error) {
			switch {
			case seats.In(f) < 1:
				return nil, errFull
			case taken.In(f) >= 2:
				return nil, errTooMany
			}
			return []Enrolment{Enrolled{id, student}}, nil
		},
	}
}

func TestEnrol(t *testing.T) { onEach(t, testEnrol) }

func testEnrol(t *testing.T, s store.Store) {
	t.Helper()
	ctx, db := t.Context(), newDB(t, s, enrolmentTypes)
	res, err := courses.Handle(ctx, db, "go", open("go", 2), gesta.Key("req-1"), gesta.Actor("ada"))
	if err != nil || !res.Changed() || res.Version != 1 || res.Events[0].Actor() != "ada" || res.State.Seats != 2 {
		t.Fatalf("%+v, %v", res, err)
	}
	res, err = courses.Handle(ctx, db, "go", open("go", 2), gesta.Key("req-1"))
	if err != nil || !res.Duplicate || res.Version != 1 || len(res.Events) != 1 || res.State.Seats != 2 {
		t.Fatalf("%+v, %v", res, err)
	}
	res, err = courses.Handle(ctx, db, "go", open("go", 2))
	if err != nil || res.Changed() || res.Position != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	for i, s := range []string{"ann", "bob", "cid"} {
		d, err := gesta.Decide(ctx, db, enrol("go", s))
		if i < 2 && (err != nil || len(d.Events) != 1) || i == 2 && !errors.Is(err, errFull) {
			t.Fatalf("%s: %+v, %v", s, d, err)
		}
	}
	if _, err := courses.Handle(ctx, db, "go", closeDown("go", "term over"), gesta.ExpectVersion(2)); !errors.Is(err, store.ErrConflict) {
		t.Fatal(err)
	}
	if _, err := courses.Handle(ctx, db, "go", closeDown("go", "term over"), gesta.ExpectVersion(3)); err != nil {
		t.Fatal(err)
	}
	l, err := courses.Load(ctx, db, "go", gesta.AsOfVersion(2))
	if err != nil || l.State.Used != 1 || l.Version != 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	var used []int
	for st, err := range courses.History(ctx, db, "go") {
		if err != nil {
			t.Fatal(err)
		}
		used = append(used, st.Before.Used, st.After.Used)
	}
	if diff := cmp.Diff([]int{0, 0, 0, 1, 1, 2, 2, 2}, used); diff != "" {
		t.Error(diff)
	}
}

func TestRace(t *testing.T) { onEach(t, testRace) }

func testRace(t *testing.T, s store.Store) {
	t.Helper()
	ctx, db := t.Context(), newDB(t, s, enrolmentTypes)
	if _, err := courses.Handle(ctx, db, "go", open("go", 1)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	ok := 0
	for i := range 64 {
		wg.Go(func() {
			if _, err := gesta.Decide(ctx, db, enrol("go", fmt.Sprint(i)), gesta.Retries(100)); err == nil {
				mu.Lock()
				defer mu.Unlock()
				ok++
			} else if !errors.Is(err, errFull) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ok != 1 {
		t.Errorf("%d students have the only seat", ok)
	}
}
