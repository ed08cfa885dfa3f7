package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// keptEnrol is enrol over views that are kept, and tells what they said.
func keptEnrol(id, student string, saw *[2]int) gesta.Decision[Enrolment] {
	seats, taken := freeSeats(id).Named("seats", 1), coursesOf(student).Named("taken", 1)
	d := enrol(id, student)
	d.Views = []gesta.AnyView{seats, taken}
	d.Decide = func(f gesta.Facts) ([]Enrolment, error) {
		*saw = [2]int{seats.In(f), taken.In(f)}
		if saw[0] < 1 {
			return nil, errFull
		}
		return []Enrolment{Enrolled{id, student}}, nil
	}
	return d
}

// TestKeptViewsChangeNothing enrols at random with views that are kept, and with some that are not: both see the same. What is kept is damaged and lost meanwhile.
func TestKeptViewsChangeNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		rnd := rand.New(rand.NewPCG(3, 4))
		box := newDrawer()
		db := newDB(t, s, enrolmentTypes, gesta.Keep(box, gesta.Every(2)), gesta.VerifyKept(0.2))
		for _, id := range []string{"go", "sql", "c"} {
			if _, err := courses.Handle(t.Context(), db, id, open(id, 40)); err != nil {
				t.Fatal(err)
			}
		}
		for range 300 {
			id, student := []string{"go", "sql", "c"}[rnd.IntN(3)], fmt.Sprint(rnd.IntN(9))
			switch rnd.IntN(8) {
			case 0:
				for key, b := range box.values {
					b = append([]byte(nil), b...)
					b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
					box.values[key] = b
				}
			case 1:
				if err := db.Forget(t.Context(), gesta.Tagged(gesta.Tag("course", id)).String()); err != nil {
					t.Fatal(err)
				}
			}
			var saw, want [2]int
			seats, taken := freeSeats(id), coursesOf(student)
			if _, err := gesta.Decide(t.Context(), db, gesta.Decision[Enrolment]{
				Views:  []gesta.AnyView{seats, taken},
				Decide: func(f gesta.Facts) ([]Enrolment, error) { want = [2]int{seats.In(f), taken.In(f)}; return nil, nil },
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := gesta.Decide(t.Context(), db, keptEnrol(id, student, &saw)); err != nil && !errors.Is(err, errFull) {
				t.Fatal(err)
			}
			if saw != want {
				t.Fatalf("kept views of %s and %s say %v; afresh they say %v", id, student, saw, want)
			}
		}
		if k := db.Kept(); k.Hits == 0 || k.Misses == 0 || k.Puts == 0 || k.Verified == 0 || k.Unusable == 0 || k.Wrong > 0 || k.Failed > 0 {
			t.Errorf("%+v", k)
		}
	})
}

// TestKeptViewReadsLittle counts the events that a decision reads on a view of many, with and without a state that was kept.
func TestKeptViewReadsLittle(t *testing.T) {
	s := &counting{Store: memory.New(memory.Options{})}
	db := newDB(t, s, enrolmentTypes, gesta.Keep(newDrawer(), gesta.Every(1), "seats"))
	if _, err := courses.Handle(t.Context(), db, "go", open("go", 1000)); err != nil {
		t.Fatal(err)
	}
	var saw [2]int
	for i := range 100 {
		if _, err := gesta.Decide(t.Context(), db, keptEnrol("go", fmt.Sprint(i), &saw)); err != nil {
			t.Fatal(err)
		}
	}
	s.read = 0
	if _, err := gesta.Decide(t.Context(), db, keptEnrol("go", "one more", &saw)); err != nil {
		t.Fatal(err)
	}
	if saw[0] != 900 || s.read != 2 {
		t.Errorf("%d seats after %d events were read; want 900 and 2: the last that was folded, and one more", saw[0], s.read)
	}
}

// counting counts the events that are read.
type counting struct {
	store.Store
	read int
}

func (s *counting) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range s.Store.Read(ctx, q, o) {
			s.read++
			if !yield(r, err) {
				return
			}
		}
	}
}

// TestKeptViewIsRefused has states that were kept of something else than the view that is asked.
func TestKeptViewIsRefused(t *testing.T) {
	s, box := memory.New(memory.Options{}), newDrawer()
	count := func(v *gesta.View[int], options ...gesta.Option) (int, gesta.KeptStats, error) {
		t.Helper()
		db := newDB(t, s, append(options, enrolmentTypes, gesta.Keep(box, gesta.Every(1)), gesta.VerifyKept(0))...)
		n := 0
		_, err := gesta.Decide(t.Context(), db, gesta.Decision[Enrolment]{
			Views:  []gesta.AnyView{v},
			Decide: func(f gesta.Facts) ([]Enrolment, error) { n = v.In(f); return nil, nil },
		})
		return n, db.Kept(), err
	}
	if _, err := courses.Handle(t.Context(), newDB(t, s, enrolmentTypes), "go", open("go", 7)); err != nil {
		t.Fatal(err)
	}
	if n, k, err := count(freeSeats("go").Named("seats", 1)); err != nil || n != 7 || k.Puts != 1 {
		t.Fatalf("%d, %+v, %v", n, k, err)
	}
	for _, tt := range []struct {
		name string
		view *gesta.View[int]
		hits uint64
	}{
		{"the same", freeSeats("go").Named("seats", 1), 1},
		{"without a name", freeSeats("go"), 0},
		{"another version", freeSeats("go").Named("seats", 2), 0},
		{"another name", freeSeats("go").Named("chairs", 1), 0},
		{"other cases", gesta.NewView(7, gesta.Tagged(gesta.Tag("course", "go")), gesta.When(func(n int, _ Enrolled) int { return n })).Named("seats", 1), 0},
	} {
		if n, k, err := count(tt.view); err != nil || n != 7 || k.Hits != tt.hits {
			t.Errorf("%s: %d, %+v, %v", tt.name, n, k, err)
		}
	}
	if _, _, err := count(freeSeats("go").Last().Named("seats", 1)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a view of one event is kept: %v", err)
	}
	type hidden struct{ n int }
	v := gesta.NewView(hidden{}, gesta.Tagged("course:go"), gesta.When(func(s hidden, e Opened) hidden { return hidden{s.n + e.Seats} })).Named("hidden", 1)
	_, err := gesta.Decide(t.Context(), newDB(t, s, enrolmentTypes, gesta.Keep(box, gesta.Every(1))), gesta.Decision[Enrolment]{
		Views: []gesta.AnyView{v}, Decide: func(gesta.Facts) ([]Enrolment, error) { return nil, nil },
	})
	if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "field n") {
		t.Errorf("a state that does not come back: %v", err)
	}
}

// TestScopesHaveTextsOfTheirOwn asks views of scopes that look alike, one after the other.
func TestScopesHaveTextsOfTheirOwn(t *testing.T) {
	scopes := []gesta.Scope{
		{},
		{Stream: "everything"},
		gesta.Tagged("a tag=b"), gesta.Tagged("a", "b"), gesta.Tagged(`a"`, "b"), gesta.Tagged(`"a"`), gesta.Tagged(`a\`), gesta.Tagged(`a\\`),
		{Stream: "a tag=b"},
		{Stream: "a", Tags: []string{"b"}},
		{Category: "a", Tags: []string{"b"}},
		gesta.Tagged("a,b"), gesta.Tagged("a\tb"),
	}
	seen := map[string]gesta.Scope{}
	for _, s := range scopes {
		if other, twice := seen[s.String()]; twice {
			t.Errorf("%#v and %#v are both %s", s, other, s)
		}
		seen[s.String()] = s
	}
}

// TestVerifyKeptView forgets to raise the version of a view that was changed.
func TestVerifyKeptView(t *testing.T) {
	s, box := memory.New(memory.Options{}), newDrawer()
	db := newDB(t, s, enrolmentTypes, gesta.Keep(box, gesta.Every(1)), gesta.VerifyKept(1))
	if _, err := courses.Handle(t.Context(), db, "go", open("go", 7)); err != nil {
		t.Fatal(err)
	}
	ask := func(seats int) int {
		v := gesta.NewView(0, gesta.Tagged("course:go"), gesta.When(func(int, Opened) int { return seats })).Named("seats", 1)
		n := 0
		if _, err := gesta.Decide(t.Context(), db, gesta.Decision[Enrolment]{
			Views:  []gesta.AnyView{v},
			Decide: func(f gesta.Facts) ([]Enrolment, error) { n = v.In(f); return nil, nil },
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ask(1)
	wrong := db.Kept().Wrong
	if n := ask(2); n != 2 || db.Kept().Wrong != wrong+1 {
		t.Errorf("%d, %+v", n, db.Kept())
	}
	if n := ask(2); n != 2 || db.Kept().Wrong != wrong+1 {
		t.Errorf("replaced: %d, %+v", n, db.Kept())
	}
}
