package gesta_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// purse is an aggregate with methods.
type purse struct{ Coins int }

func (p *purse) Apply(e tally) {
	switch e := e.(type) {
	case added:
		p.Coins += e.N
	case moved:
		p.Coins -= e.N
	}
}

func (p *purse) Put(c *gesta.Changes[tally], n int) { c.Record(added{N: n}) }

func (p *purse) Take(c *gesta.Changes[tally], n int) error {
	if p.Coins < n {
		return errTooLittle
	}
	c.Record(moved{n})
	return nil
}

var purses = gesta.ObjectsOf[purse, tally]("purse")

func TestObjects(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes)
		res, err := purses.Use(t.Context(), db, "1", func(p *purse, c *gesta.Changes[tally]) error {
			p.Put(c, 5)
			return p.Take(c, 3) // of what was put in just now
		})
		if err != nil || res.State.Coins != 2 || res.Version != 2 {
			t.Fatalf("%+v, %v", res, err)
		}
		if _, err := purses.Use(t.Context(), db, "1", func(p *purse, c *gesta.Changes[tally]) error {
			p.Put(c, 1)
			return p.Take(c, 4)
		}); !errors.Is(err, errTooLittle) {
			t.Errorf("took what is not there: %v", err)
		}
		l, err := purses.Load(t.Context(), db, "1", gesta.MustExist())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(gesta.Loaded[purse]{State: purse{2}, Version: 2, Position: 2}, l); diff != "" {
			t.Error(diff)
		}
		give := func(n int) func(p *purse, c *gesta.Changes[tally]) error {
			return func(p *purse, c *gesta.Changes[tally]) error { return p.Take(c, n) }
		}
		d := purses.Decider()
		from, to := d.Handling("1", purses.Command(give(2))), d.Handling("2", add2)
		if err := gesta.Atomic(t.Context(), db, from, to); err != nil || from.Result().State.Coins != 0 || to.Result().State.Coins != 2 {
			t.Errorf("%v: %+v, %+v", err, from.Result(), to.Result())
		}
	})
}

func add2(purse) ([]tally, error) { return []tally{added{N: 2}}, nil }
