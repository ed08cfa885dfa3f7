package gesta_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

type (
	claimed struct {
		Name string `gesta:"tag=name"`
	}
	invoiced struct{ Number int64 }
)

var ruleModel = gesta.Options{gesta.Types[any]{"claimed": claimed{}, "invoiced": invoiced{}}}

var errTaken, errNobody = errors.New("taken"), errors.New("nobody")

func TestRules(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, ruleModel)
		claim := func(name string) error {
			_, err := gesta.Decide(t.Context(), db, gesta.Record[any](claimed{name}).Given(gesta.Unique[claimed](errTaken, gesta.Tag("name", name))))
			return err
		}
		if err := claim("ada"); err != nil {
			t.Error(err)
		}
		if err := claim("ada"); !errors.Is(err, errTaken) {
			t.Error(err)
		}
		if err := claim("bob"); err != nil {
			t.Error(err)
		}
		more := gesta.Record[any](claimed{"ada"}).Given(gesta.Exists[claimed](errNobody, gesta.Tag("name", "ada")), gesta.AtMost[claimed](2, errTaken, gesta.Tag("name", "ada")))
		if _, err := gesta.Decide(t.Context(), db, more); err != nil {
			t.Error(err)
		}
		if _, err := gesta.Decide(t.Context(), db, more); !errors.Is(err, errTaken) {
			t.Error(err)
		}
		if _, err := gesta.Decide(t.Context(), db, gesta.Record[any](claimed{"x"}).Given(gesta.Exists[claimed](errNobody, gesta.Tag("name", "eve")))); !errors.Is(err, errNobody) {
			t.Error(err)
		}
		if _, err := gesta.Decide(t.Context(), db, gesta.Record[any](claimed{"x"})); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("a decision without views: %v", err)
		}
	})
}

// TestNext lets many take the next number at once: none is left out, and none is taken twice.
func TestNext(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, ruleModel)
		next := gesta.Next(gesta.Scope{}, 100, func(e invoiced) int64 { return e.Number })
		invoice := gesta.Decision[any]{Views: []gesta.AnyView{next}, Decide: func(f gesta.Facts) ([]any, error) { return []any{invoiced{next.In(f)}}, nil }}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := gesta.Decide(t.Context(), db, invoice, gesta.Retries(1000)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		want := int64(100)
		for e, err := range gesta.Read[any](t.Context(), db, nil, gesta.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Body != any(invoiced{want}) {
				t.Errorf("position %d has %v; want %d", e.Position, e.Body, want)
			}
			want++
		}
	})
}
