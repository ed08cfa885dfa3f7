package gestatest_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
)

func TestDecision(t *testing.T) {
	open := gestatest.Deciding[Event](t, Types).In("course-go").Given(Opened{"go", 1})
	open.When(TakeSeat("go", "ann")).Then(Enrolled{"go", "ann"})
	full := open.Given(Enrolled{"go", "bob"})
	full.When(TakeSeat("go", "ann")).ThenError(ErrFull)
	busy := open.In("course-rust").Given(Enrolled{"rust", "ann"}).In("course-c").Given(Enrolled{"c", "ann"})
	busy.When(TakeSeat("go", "ann")).ThenError(errTooMany)
	open.In("").GivenElsewhere(Opened{"rust", 3}, Enrolled{"rust", "bob"}).When(TakeSeat("go", "ann")).Then(Enrolled{"go", "ann"})
	gestatest.Deciding[Event](t, Types).When(TakeSeat("go", "ann")).ThenError(ErrFull)
	gestatest.Deciding[Event](t, Types).Given(Opened{"go", 1}).When(gesta.Decision[Event]{
		Views:  []gesta.AnyView{FreeSeats("go")},
		Decide: func(gesta.Facts) ([]Event, error) { return nil, nil },
	}).ThenNothing()
}

func TestDecisionEvents(t *testing.T) {
	at := time.Date(2026, time.May, 1, 12, 0, 0, 999, time.UTC)
	events := gestatest.Deciding[Event](t, Types).At(at).Given(Opened{"go", 1}).When(TakeSeat("go", "ann")).Events()
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.Stream != "course-go" || e.Position != 2 || e.Version != 1 || !e.RecordedAt.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("%+v", e)
	}
	if d := cmp.Diff([]string{"course:go", "student:ann"}, e.Tags); d != "" {
		t.Error(d)
	}
}

// asking is a decision on one view that decides nothing.
func asking[S any](v *gesta.View[S]) gesta.Decision[Event] {
	return gesta.Decision[Event]{Views: []gesta.AnyView{v}, Decide: func(f gesta.Facts) ([]Event, error) {
		_ = v.In(f)
		return nil, nil
	}}
}

// positions is a view that makes something of positions.
func positions() *gesta.View[int] {
	return gesta.NewView(0, gesta.Tagged("course:go"), gesta.WhenEvent(func(_ int, e gesta.Event[Opened]) int { return int(e.Position) }))
}

// TestDecisionFailures makes all mistakes that a test of a decision finds.
func TestDecisionFailures(t *testing.T) {
	go1 := func(t testing.TB) gestatest.DecisionTest[Event] {
		t.Helper()
		return gestatest.Deciding[Event](t, Types).In("course-go").Given(Opened{"go", 1})
	}
	for _, tt := range []struct {
		name string
		user func(t testing.TB)
		says []string
	}{
		{
			"other events", func(t testing.TB) { go1(t).When(TakeSeat("go", "ann")).Then(Enrolled{"go", "bob"}) },
			[]string{"the decision led to other events", "bob", "ann", "#1 course-go@1"},
		},
		{
			"refused", func(t testing.TB) { go1(t).When(TakeSeat("rust", "ann")).Then() },
			[]string{"refused: course is full", "no view looks at the given #1 course-go@1"},
		},
		{"not selected", func(t testing.TB) {
			go1(t).Given(Enrolled{"rust", "bob"}).When(TakeSeat("go", "ann")).Then(Enrolled{"go", "ann"})
		}, []string{
			`no view looks at the given #2 course-go@2 gestatest_test.Enrolled{Course:"rust", Student:"bob"}, which has type=course.enrolled stream=course-go tag=course:rust tag=student:bob`,
			"Views[0] (view of int", "type=course.closed,course.enrolled,course.opened tag=course:go", "type=course.enrolled tag=student:ann", "GivenElsewhere",
		}},
		{"selected elsewhere", func(t testing.TB) {
			go1(t).GivenElsewhere(Enrolled{"go", "bob"}).When(TakeSeat("go", "ann")).ThenError(ErrFull)
		}, []string{"a view looks at #2 course-go@2", "which was given elsewhere", "it is given by Given"}},
		{"no views", func(t testing.TB) {
			go1(t).When(gesta.Decision[Event]{Decide: func(gesta.Facts) ([]Event, error) { return nil, nil }}).ThenNothing()
		}, []string{"the decision is refused: it has no Views"}},
		{"a view without its type", func(t testing.TB) {
			gestatest.Deciding[Event](t, gesta.Types[Event]{"course.closed": Closed{}}).When(TakeSeat("go", "ann")).ThenNothing()
		}, []string{"the decision is refused", "which is in no Types"}},
		{"no Decide", func(t testing.TB) {
			go1(t).When(gesta.Decision[Event]{Views: []gesta.AnyView{FreeSeats("go")}}).ThenNothing()
		}, []string{"was refused", "and a Decide"}},
		{"nothing expected", func(t testing.TB) { go1(t).When(TakeSeat("go", "ann")) }, []string{"nothing was expected of a decision"}},
		{"an initial state that can be changed", func(t testing.TB) {
			go1(t).When(asking(gesta.NewView(map[string]int{}, gesta.Tagged("course:go"), gesta.When(func(m map[string]int, e Opened) map[string]int {
				m[e.Course]++
				return m
			})))).ThenNothing()
		}, []string{"the decision is refused", "map[string]int", "begin with nil"}},
		{"a case changes a state in between", func(t testing.TB) {
			go1(t).Given(Opened{"go", 2}, Opened{"go", 3}).When(asking(gesta.NewView[map[string]int](nil, gesta.Tagged("course:go"), gesta.When(lastSeats)))).ThenNothing()
		}, []string{"a case of Views[0]", "changed the state that it was given, at #2 course-go@2", `state["go"]: 1, then 2`}},
		{"a case changes the event", func(t testing.TB) {
			v := gesta.NewView(0, gesta.Scope{}, gesta.When(func(n int, e moved) int {
				e.Rooms[0] = "nowhere"
				return n + 1
			}))
			gestatest.Deciding[any](t, gesta.Types[any]{"moved": moved{}}).Given(moved{[]string{"a"}}).When(gesta.Decision[any]{
				Views: []gesta.AnyView{v}, Decide: func(gesta.Facts) ([]any, error) { return nil, nil },
			}).ThenNothing()
		}, []string{"changed the event that it was given, at #1", `event.Rooms[0]: "a", then "nowhere"`}},
		{"a case counts its calls", func(t testing.TB) {
			calls := 0
			go1(t).When(asking(gesta.NewView(0, gesta.Tagged("course:go"), gesta.When(func(int, Opened) int {
				calls++
				return calls
			})))).ThenNothing()
		}, []string{"a case of Views[0]", "gave another state the second time, at #1", "state: 2, then 3"}},
		{"a case that changes its mind later", func(t testing.TB) {
			calls := 0
			go1(t).When(asking(gesta.NewView(0, gesta.Tagged("course:go"), gesta.When(func(int, Opened) int {
				calls++
				return calls / 4
			})))).ThenNothing()
		}, []string{"what the views saw of the same events was something else the second time", "Views[0]: 0, then 1"}},
		{
			"a view of positions", func(t testing.TB) { go1(t).When(asking(positions())).ThenNothing() },
			[]string{"the views see something else when events at which they do not look lie between", "Views[0]: 1, then ", "Alone()"},
		},
		{"a decision that changes what it sees", func(t testing.TB) {
			v := gesta.NewView(map[string]int(nil), gesta.Tagged("course:go"), gesta.When(func(m map[string]int, e Opened) map[string]int {
				m = maps.Clone(m)
				if m == nil {
					m = map[string]int{}
				}
				m[e.Course]++
				return m
			}))
			go1(t).When(gesta.Decision[Event]{Views: []gesta.AnyView{v}, Decide: func(f gesta.Facts) ([]Event, error) {
				v.In(f)["go"]++
				return nil, nil
			}}).ThenNothing()
		}, []string{"deciding changed the state that it looked at", `Views[0]["go"]: 1, then 2`}},
		{"what cannot be read", func(t testing.TB) {
			d := asking(FreeSeats("go"))
			d.Decide = func(gesta.Facts) ([]Event, error) { return []Event{forgetful{lossy{"x"}}}, nil }
			gestatest.Deciding[Event](t, Types, gesta.Types[Event]{"forgetful": forgetful{}}).Given(Opened{"go", 1}).When(d).Then(forgetful{lossy{"x"}})
		}, []string{"what the decision led to cannot be read", "it does not come back"}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantFailure(t, tt.user, tt.says...) })
	}
	t.Run("positions alone", func(t *testing.T) {
		wantPass(t, func(t testing.TB) { go1(t).Alone().When(asking(positions())).ThenNothing() })
	})
}

// lastSeats is what a case of a view is not to do: from the second event on it changes the state that it was given.
func lastSeats(m map[string]int, e Opened) map[string]int {
	if m == nil {
		return map[string]int{e.Course: e.Seats}
	}
	m[e.Course] = e.Seats
	return m
}

// moved is an event that shares memory with its copies.
type moved struct{ Rooms []string }

// forgetful is an event with a field that is lost.
type forgetful struct{ Field lossy }

func (forgetful) course() {}

func TestView(t *testing.T) {
	v := gestatest.ViewOf(t, Types, FreeSeats("go")).In("course-go").Given(Opened{"go", 3}, Enrolled{"go", "ann"})
	v.Is(2)
	v.GivenElsewhere(Enrolled{"rust", "ann"}).Is(2)
	v.Given(Closed{"go"}).Is(0)
	gestatest.ViewOf(t, Types, positions()).Alone().Given(Opened{"go", 3}).Is(1)
	at := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	when := gesta.NewView(time.Time{}, gesta.Scope{Category: "course"}, gesta.WhenEvent(func(_ time.Time, e gesta.Event[Opened]) time.Time { return e.Effective() })).Last()
	last := gestatest.ViewOf(t, Types, when).In("course-go").Given(Opened{"go", 1})
	last.At(at).Given(Opened{"go", 3}).Is(at)
	last.With(gesta.Envelope{EffectiveAt: at.Add(time.Hour)}).Given(Opened{"go", 3}).Is(at.Add(time.Hour))
}

func TestViewFailures(t *testing.T) {
	wantFailure(t, func(t testing.TB) {
		gestatest.ViewOf(t, Types, FreeSeats("go")).Given(Opened{"go", 3}).Is(4)
	}, "the state is another one (-want +got)", "4", "3", "#1 gestatest_test.Opened")
	wantFailure(t, func(t testing.TB) {
		gestatest.ViewOf(t, Types, FreeSeats("go")).Given(Opened{"rust", 3}).Is(0)
	}, "the view does not look at the given #1", "the view of int over tag=course:go selects type=")
	wantFailure(t, func(t testing.TB) {
		gestatest.ViewOf(t, Types, FreeSeats("go")).GivenElsewhere(Opened{"go", 3}).Is(3)
	}, "the view looks at #1", "which was given elsewhere")
	wantFailure(t, func(t testing.TB) {
		gestatest.ViewOf(t, Types, gesta.NewView[map[string]int](nil, gesta.Scope{}, gesta.When(lastSeats))).
			Given(Opened{"go", 1}, Opened{"go", 2}).GivenElsewhere().Given(Opened{"go", 3}).Is(map[string]int{"go": 3})
	}, "a case of the view of map[string]int over everything changed the state that it was given, at #2", `state["go"]: 1, then 2`)
	wantFailure(t, func(t testing.TB) {
		gestatest.ViewOf(t, Types, gesta.NewView[int](0, gesta.Scope{})).Is(0)
	}, "the view is refused", "has no cases")
}

// TestViewOfTheLast is about views that begin with the initial state at each event, as any may be the last.
func TestViewOfTheLast(t *testing.T) {
	greatest := gesta.When(func(n int, e Opened) int { return max(n, e.Seats) })
	gestatest.ViewOf(t, Types, gesta.NewView(0, gesta.Scope{}, greatest).Last()).Given(Opened{"go", 3}, Opened{"go", 2}).Is(2)
	first := gesta.NewView[map[string]int](nil, gesta.Scope{}, gesta.When(lastSeats)).Last()
	gestatest.ViewOf(t, Types, first).Given(Opened{"go", 1}, Opened{"go", 2}).Is(map[string]int{"go": 2}) // it never sees a state that has something in it
	wantFailure(t, func(t testing.TB) {
		gestatest.ViewOf(t, Types, first).GivenElsewhere(Opened{"go", 1}).Is(nil)
	}, "(the last of these alone)")
}

// TestViewOfAnInterface is about states that are nil in an interface.
func TestViewOfAnInterface(t *testing.T) {
	v := gesta.NewView[error](nil, gesta.Scope{}, gesta.When(func(err error, e Opened) error {
		if e.Seats > 1 {
			return nil
		}
		return ErrFull
	}))
	gestatest.ViewOf(t, Types, v).Given(Opened{"go", 1}, Opened{"go", 2}).Is(nil)
	gestatest.ViewOf(t, Types, v).Given(Opened{"go", 2}, Opened{"go", 1}).Is(ErrFull)
}
