package gestatest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
)

func TestDecider(t *testing.T) {
	open := gestatest.For(t, Courses, Types).Given(Opened{"go", 1})
	open.When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"}).ThenState(Course{Open: true, Seats: 1, Students: []string{"ann"}})
	full := open.Given(Enrolled{"go", "ann"})
	full.When(Enrol("go", "bob")).ThenError(ErrFull)
	full.When(Enrol("go", "ann")).ThenNothing()
	full.ThenState(Course{Open: true, Seats: 1, Students: []string{"ann"}})
	open.ThenState(Course{Open: true, Seats: 1}) // others went on from it
	gestatest.For(t, Courses).When(Enrol("go", "ann")).ThenError(ErrClosed)
	open.Given(Closed{"go"}).When(Enrol("go", "ann")).ThenError(ErrClosed)
}

func TestDeciderEnvelopes(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, time.May, d, 0, 0, 0, 0, time.UTC) }
	told := gestatest.For(t, logs, Types).
		At(day(1)).Given(Opened{"go", 1}).
		At(day(3)).With(gesta.Envelope{EffectiveAt: day(2), Metadata: map[string]any{"actor": "ada"}}).Given(Enrolled{"go", "ann"}, Closed{"go"})
	told.ThenState(log{[]string{
		"2026-05-01 2026-05-01  course-1 course.opened",
		"2026-05-03 2026-05-02 ada course-1 course.enrolled",
		"2026-05-03 2026-05-02 ada course-1 course.closed",
	}})
	events := told.When(func(log) ([]Event, error) { return []Event{Closed{"go"}, Closed{"rust"}}, nil }).Events()
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprintf("%d %d %d %v %s %d %s", e.Position, e.Commit, e.Version, e.Tags, e.RecordedAt.Format(time.DateOnly), len(e.ID), e.Data))
	}
	want := []string{`4 4 4 [course:go] 2026-05-03 36 {"Course":"go"}`, `5 4 5 [course:rust] 2026-05-03 36 {"Course":"rust"}`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestDeciderWritesElsewhere makes sure that what goes to another stream is no part of the state.
func TestDeciderWritesElsewhere(t *testing.T) {
	d := Courses
	d.Envelope = func(e Event) gesta.Envelope {
		if _, ok := e.(Closed); ok {
			return gesta.Envelope{Stream: "closed-1", Tags: []string{"term:1"}, Metadata: map[string]any{"why": "rain"}}
		}
		return gesta.Envelope{}
	}
	o := gestatest.For(t, d, Types).Given(Opened{"go", 1}).When(func(Course) ([]Event, error) { return []Event{Closed{"go"}, Enrolled{"go", "ann"}}, nil })
	o.ThenState(Course{Open: true, Seats: 1, Students: []string{"ann"}})
	var got []string
	for _, e := range o.Events() {
		got = append(got, fmt.Sprintf("#%d %s@%d %v %s", e.Position, e.Stream, e.Version, e.Tags, e.Metadata))
	}
	if d := cmp.Diff([]string{`#2 closed-1@1 [term:1 course:go] {"why":"rain"}`, `#3 course-1@2 [course:go student:ann] `}, got); d != "" {
		t.Error(d)
	}
}

// TestDeciderFailures makes all mistakes that a test of a decider finds.
func TestDeciderFailures(t *testing.T) {
	day := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		user func(t testing.TB)
		says []string
	}{
		{"other events", func(t testing.TB) {
			gestatest.For(t, Courses).Given(Opened{"go", 2}).When(Enrol("go", "ann")).Then(Enrolled{"go", "bob"})
		}, []string{"the command led to other events (-want +got)", `"bob"`, `"ann"`, "given", "#1 course-1@1 gestatest_test.Opened{Course:\"go\", Seats:2}"}},
		{"refused", func(t testing.TB) {
			gestatest.For(t, Courses).When(Enrol("go", "ann")).Then(Enrolled{"go", "ann"})
		}, []string{"the command was refused: course is closed (*errors.errorString)", "want the events", `Student:"ann"`, "given nothing"}},
		{"not refused", func(t testing.TB) {
			gestatest.For(t, Courses).Given(Opened{"go", 2}).When(Enrol("go", "ann")).ThenError(ErrFull)
		}, []string{"was not refused, and led to", `Student:"ann"`, "want the error course is full"}},
		{"other error", func(t testing.TB) {
			gestatest.For(t, Courses).When(Enrol("go", "ann")).ThenError(ErrFull)
		}, []string{"got  course is closed", "want course is full"}},
		{"nil error", func(t testing.TB) {
			gestatest.For(t, Courses).When(Enrol("go", "ann")).ThenError(nil)
		}, []string{"ThenNothing says"}},
		{"something", func(t testing.TB) {
			gestatest.For(t, Courses).Given(Opened{"go", 2}).When(Enrol("go", "ann")).ThenNothing()
		}, []string{"led to", `Student:"ann"`, "want neither events nor an error"}},
		{"error instead of nothing", func(t testing.TB) {
			gestatest.For(t, Courses).When(Enrol("go", "ann")).ThenNothing()
		}, []string{"was refused: course is closed", "want neither"}},
		{"other state", func(t testing.TB) {
			gestatest.For(t, Courses).Given(Opened{"go", 2}).ThenState(Course{Seats: 2})
		}, []string{"the state is another one (-want +got)", "Open:"}},
		{"unexported state", func(t testing.TB) {
			gestatest.For(t, logs).Given(Opened{"go", 2}).ThenState(log{[]string{"x"}})
		}, []string{"lines:", `"x"`}},
		{"other state after", func(t testing.TB) {
			gestatest.For(t, Courses).Given(Opened{"go", 2}).When(Enrol("go", "ann")).ThenState(Course{Open: true, Seats: 2})
		}, []string{"the state is another one", `"ann"`}},
		{"nothing expected", func(t testing.TB) {
			gestatest.For(t, Courses).When(Enrol("go", "ann"))
		}, []string{"nothing was expected of a command"}},
		{"time goes back", func(t testing.TB) {
			gestatest.For(t, Courses).At(day).Given(Opened{"go", 2}).At(day.Add(-time.Hour))
		}, []string{"recorded times never go back", "EffectiveAt"}},
		{"another stream", func(t testing.TB) {
			gestatest.For(t, Courses).With(gesta.Envelope{Stream: "course-2"})
		}, []string{"the events of its own stream alone"}},
		{"no decider", func(t testing.TB) {
			gestatest.For(t, gesta.Decider[Course, Event]{Category: "course"})
		}, []string{"the decider is refused", "has no Evolve"}},
		{"empty tag", func(t testing.TB) {
			gestatest.For(t, Courses, Types).Given(Opened{"", 2})
		}, []string{"cannot be recorded", "field Course is empty"}},
		{"unknown type", func(t testing.TB) {
			gestatest.For(t, Courses, gesta.Types[Event]{"course.opened": Opened{}}).Given(Closed{"go"})
		}, []string{"the given gestatest_test.Closed", "is in no Types"}},
		{"wrong types", func(t testing.TB) {
			gestatest.For(t, Courses, gesta.Types[Event]{"$opened": Opened{}})
		}, []string{"the types are refused", "gesta's own"}},
		{"does not come back", func(t testing.TB) {
			gestatest.For(t, gesta.Decider[int, any]{Category: "x", Evolve: func(n int, _ any) int { return n }}, gesta.Types[any]{"lossy": lossy{}}).Given(lossy{"a"})
		}, []string{"it does not come back from the store as it was (-written +read)", "Name"}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantFailure(t, tt.user, tt.says...) })
	}
}

// lossy is an event that forgets itself.
type lossy struct{ Name string }

func (lossy) MarshalJSON() ([]byte, error)  { return []byte(`{}`), nil }
func (*lossy) UnmarshalJSON(_ []byte) error { return nil }

// tally is a state that is easily changed by mistake.
type tally struct {
	Seats    map[string]int
	students []*string
}

// TestImpureDeciders finds folds and commands that use or change what they must not.
func TestImpureDeciders(t *testing.T) {
	calls := 0
	of := func(evolve func(tally, Event) tally) gesta.Decider[tally, Event] {
		return gesta.Decider[tally, Event]{Category: "course", Evolve: evolve, Initial: func() tally { return tally{Seats: map[string]int{"go": 1}} }}
	}
	keep := func(s tally, _ Event) tally { return s }
	for _, tt := range []struct {
		name string
		user func(t testing.TB)
		says []string
	}{
		{"changes a map", func(t testing.TB) {
			gestatest.For(t, of(func(s tally, e Event) tally {
				s.Seats["go"]++
				s.Seats["new"] = 3
				return s
			})).Given(Closed{"go"}).ThenState(tally{Seats: map[string]int{"go": 2, "new": 3}})
		}, []string{"Evolve of course changed the state that it was given, at #1 course-1@1 gestatest_test.Closed", `state.Seats["go"]: 1, then 2`, `state.Seats["new"]: not there, then 3`}},
		{"changes what an unexported pointer points at", func(t testing.TB) {
			gestatest.For(t, of(func(s tally, e Event) tally {
				if len(s.students) == 0 {
					return tally{students: []*string{new("ann")}}
				}
				*s.students[0] = "bob"
				return s
			})).Given(Closed{"go"}, Closed{"go"}).ThenState(tally{students: []*string{new("bob")}})
		}, []string{"#2 course-1@2", `state.students[0]: "ann", then "bob"`}},
		{"counts calls", func(t testing.TB) {
			gestatest.For(t, of(func(s tally, e Event) tally {
				calls++
				return tally{Seats: map[string]int{"go": calls}}
			})).Given(Closed{"go"}).ThenState(tally{Seats: map[string]int{"go": 1}})
		}, []string{"Evolve of course gave another state the second time", `state.Seats["go"]: 1, then 2`}},
		{"changes the event", func(t testing.TB) {
			gestatest.For(t, gesta.Decider[int, []int]{Category: "x", Evolve: func(n int, e []int) int {
				e[0]++
				return n
			}}).Given([]int{1}).ThenState(0)
		}, []string{"changed the event that it was given", "event[0]: 1, then 2"}},
		{"command changes the state", func(t testing.TB) {
			gestatest.For(t, of(keep)).When(func(s tally) ([]Event, error) {
				s.Seats["go"] = 7
				return nil, nil
			}).ThenNothing()
		}, []string{"deciding changed the state", `state.Seats["go"]: 1, then 7`}},
		{"command counts calls", func(t testing.TB) {
			n := 0
			gestatest.For(t, of(keep)).When(func(tally) ([]Event, error) {
				n++
				return []Event{Opened{"go", n}}, nil
			}).Then(Opened{"go", 1})
		}, []string{"deciding gave other events the second time", "events[0].(gestatest_test.Opened).Seats: 1, then 2"}},
		{"command errs once", func(t testing.TB) {
			n := 0
			gestatest.For(t, of(keep)).When(func(tally) ([]Event, error) {
				if n++; n == 1 {
					return nil, errors.New("not yet")
				}
				return nil, nil
			}).ThenError(ErrFull)
		}, []string{"deciding gave another error the second time: not yet (*errors.errorString), then no error"}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantFailure(t, tt.user, tt.says...) })
	}
}
