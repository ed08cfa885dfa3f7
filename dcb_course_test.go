package gesta_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// dcbCourse is the union of the first example: courses with a capacity, and students who subscribe to them.
type dcbCourse interface{ dcbCourse() }

type (
	dcbCourseDefined struct {
		Course   string `gesta:"tag=course"`
		Capacity int
	}
	dcbCapacityChanged struct {
		Course   string `gesta:"tag=course"`
		Capacity int
	}
	dcbSubscribed struct {
		Course  string `gesta:"tag=course"`
		Student string `gesta:"tag=student"`
	}
)

func (dcbCourseDefined) dcbCourse()   {}
func (dcbCapacityChanged) dcbCourse() {}
func (dcbSubscribed) dcbCourse()      {}

var dcbCourseTypes = gesta.Types[dcbCourse]{
	"dcb.course-defined": dcbCourseDefined{}, "dcb.capacity-changed": dcbCapacityChanged{}, "dcb.student-subscribed": dcbSubscribed{},
}

var (
	errDCBCourseThere  = errors.New("there is a course of this id")
	errDCBNoCourse     = errors.New("there is no such course")
	errDCBSameCapacity = errors.New("that is the capacity already")
	errDCBFull         = errors.New("the course is fully booked")
	errDCBSubscribed   = errors.New("the student has subscribed already")
	errDCBManyCourses  = errors.New("the student has five courses")
)

// dcbCoursesOfStudent is how many courses a student may have.
const dcbCoursesOfStudent = 5

func dcbCourseThere(course string) *gesta.View[bool] {
	return gesta.NewView(false, gesta.Tagged(gesta.Tag("course", course)), gesta.When(func(bool, dcbCourseDefined) bool { return true }))
}

func dcbCapacity(course string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(gesta.Tag("course", course)),
		gesta.When(func(_ int, e dcbCourseDefined) int { return e.Capacity }),
		gesta.When(func(_ int, e dcbCapacityChanged) int { return e.Capacity }))
}

// dcbSubscriptions counts those with all of some tags.
func dcbSubscriptions(tags ...string) *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged(tags...), gesta.When(func(n int, _ dcbSubscribed) int { return n + 1 }))
}

func dcbDefine(course string, capacity int) gesta.Decision[dcbCourse] {
	there := dcbCourseThere(course)
	return gesta.Decision[dcbCourse]{
		Views: []gesta.AnyView{there},
		Decide: func(f gesta.Facts) ([]dcbCourse, error) {
			if there.In(f) {
				return nil, errDCBCourseThere
			}
			return []dcbCourse{dcbCourseDefined{course, capacity}}, nil
		},
	}
}

func dcbChangeCapacity(course string, to int) gesta.Decision[dcbCourse] {
	there, capacity := dcbCourseThere(course), dcbCapacity(course)
	return gesta.Decision[dcbCourse]{
		Views: []gesta.AnyView{there, capacity},
		Decide: func(f gesta.Facts) ([]dcbCourse, error) {
			switch {
			case !there.In(f):
				return nil, errDCBNoCourse
			case capacity.In(f) == to:
				return nil, errDCBSameCapacity
			}
			return []dcbCourse{dcbCapacityChanged{course, to}}, nil
		},
	}
}

func dcbSubscribe(course, student string) gesta.Decision[dcbCourse] {
	courseTag, studentTag := gesta.Tag("course", course), gesta.Tag("student", student)
	there, capacity, booked := dcbCourseThere(course), dcbCapacity(course), dcbSubscriptions(courseTag)
	own, both := dcbSubscriptions(studentTag), dcbSubscriptions(courseTag, studentTag)
	return gesta.Decision[dcbCourse]{
		Views: []gesta.AnyView{there, capacity, booked, own, both},
		Decide: func(f gesta.Facts) ([]dcbCourse, error) {
			switch {
			case !there.In(f):
				return nil, errDCBNoCourse
			case booked.In(f) >= capacity.In(f):
				return nil, errDCBFull
			case both.In(f) > 0:
				return nil, errDCBSubscribed
			case own.In(f) >= dcbCoursesOfStudent:
				return nil, errDCBManyCourses
			}
			return []dcbCourse{dcbSubscribed{course, student}}, nil
		},
	}
}

func TestDCBCourseIsDefinedOnce(t *testing.T) { onEach(t, testDCBCourseIsDefinedOnce) }

func testDCBCourseIsDefinedOnce(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbCourseTypes)
	dcbAccepts(t, db, dcbDefine("c1", 10), dcbDefine("c2", 10))
	dcbRefuses(t, db, errDCBCourseThere, dcbDefine("c1", 15))
	dcbRace(t, db, errDCBCourseThere, []gesta.Decision[dcbCourse]{dcbDefine("c3", 1), dcbDefine("c3", 2)})
}

func TestDCBCapacityChanges(t *testing.T) { onEach(t, testDCBCapacityChanges) }

func testDCBCapacityChanges(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbCourseTypes)
	dcbRefuses(t, db, errDCBNoCourse, dcbChangeCapacity("c1", 1))
	dcbAccepts(t, db, dcbDefine("c1", 12), dcbChangeCapacity("c1", 15))
	dcbRefuses(t, db, errDCBSameCapacity, dcbChangeCapacity("c1", 15))
	dcbRace(t, db, errDCBSameCapacity, []gesta.Decision[dcbCourse]{dcbChangeCapacity("c1", 20), dcbChangeCapacity("c1", 20)})
}

func TestDCBCourseFills(t *testing.T) { onEach(t, testDCBCourseFills) }

func testDCBCourseFills(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbCourseTypes)
	dcbRefuses(t, db, errDCBNoCourse, dcbSubscribe("c1", "s1"))
	dcbAccepts(t, db, dcbDefine("c1", 2), dcbSubscribe("c1", "s1"))
	dcbRace(t, db, errDCBFull, []gesta.Decision[dcbCourse]{dcbSubscribe("c1", "s2"), dcbSubscribe("c1", "s3")})
	dcbRefuses(t, db, errDCBFull, dcbSubscribe("c1", "s4"))
	dcbAccepts(t, db, dcbChangeCapacity("c1", 3), dcbSubscribe("c1", "s4"))
	dcbAccepts(t, db, dcbChangeCapacity("c1", 5))
	if err := dcbOvertaken(t, db, dcbSubscribe("c1", "s5"), dcbChangeCapacity("c1", 3)); !errors.Is(err, errDCBFull) {
		t.Errorf("a seat was given away that was taken away meanwhile: %v", err)
	}
}

func TestDCBSubscribesOnce(t *testing.T) { onEach(t, testDCBSubscribesOnce) }

func testDCBSubscribesOnce(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbCourseTypes)
	dcbAccepts(t, db, dcbDefine("c1", 10), dcbDefine("c2", 10), dcbSubscribe("c1", "s1"), dcbSubscribe("c2", "s1"), dcbSubscribe("c1", "s2"))
	dcbRefuses(t, db, errDCBSubscribed, dcbSubscribe("c1", "s1"))
	dcbRace(t, db, errDCBSubscribed, []gesta.Decision[dcbCourse]{dcbSubscribe("c2", "s2"), dcbSubscribe("c2", "s2")})
}

func TestDCBStudentHasFiveCourses(t *testing.T) { onEach(t, testDCBStudentHasFiveCourses) }

func testDCBStudentHasFiveCourses(t *testing.T, s store.Store) {
	t.Helper()
	db := newDB(t, s, dcbCourseTypes)
	for i := range 7 {
		dcbAccepts(t, db, dcbDefine(fmt.Sprint("c", i), 10))
	}
	for i := range dcbCoursesOfStudent - 1 {
		dcbAccepts(t, db, dcbSubscribe(fmt.Sprint("c", i), "s1"))
	}
	dcbRace(t, db, errDCBManyCourses, []gesta.Decision[dcbCourse]{dcbSubscribe("c5", "s1"), dcbSubscribe("c6", "s1")})
	dcbRefuses(t, db, errDCBManyCourses, dcbSubscribe("c4", "s1"))
	dcbAccepts(t, db, dcbSubscribe("c4", "s2"))
}
