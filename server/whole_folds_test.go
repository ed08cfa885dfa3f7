package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// noted is the one event of these tests: what is said of somebody.
type noted struct {
	About string `gesta:"tag=about"`
	Text  string
}

// notes are the texts of a stream.
type notes struct{ Texts []string }

func deciderOf(category string) gesta.Decider[notes, noted] {
	return gesta.Decider[notes, noted]{Category: category, Evolve: func(s notes, e noted) notes { return notes{append(s.Texts, e.Text)} }}
}

// opened returns a typed store at a server's, as one of its users.
func opened(t *testing.T, address, token string, options ...gesta.Option) *gesta.DB {
	t.Helper()
	c, err := httpapi.Dial(t.Context(), httpapi.DialOptions{URL: address, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	db, err := gesta.New(c, append(options, gesta.Types[noted]{"noted": noted{}})...)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestFoldsNeedAll folds in a program at a server, as one who may read orders alone: what would rest on a part of its events is denied.
func TestFoldsNeedAll(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	s, _ := serve(t, server.Options{Store: served, System: system})
	admin := opened(t, s.URLs()[0], tokens["admin"])
	order, stock := deciderOf("order"), deciderOf("stock")
	for _, d := range []gesta.Decider[notes, noted]{order, stock} {
		if _, err := d.Handle(t.Context(), admin, "1", func(notes) ([]noted, error) { return []noted{{"ann", d.Category}}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	db := opened(t, s.URLs()[0], tokens["read-some"])
	counted := func(scope gesta.Scope) func() error {
		return func() error {
			_, err := gesta.Decide(t.Context(), db, gesta.Decision[noted]{
				Views:  []gesta.AnyView{gesta.Count[noted](scope)},
				Decide: func(gesta.Facts) ([]noted, error) { return nil, nil },
			})
			return err
		}
	}
	folded := func(sel history.Selection) func() error {
		sel.Until = 2
		return func() error {
			_, err := history.FoldState(t.Context(), db.Store(), sel, history.StateOptions{})
			return err
		}
	}
	first := func(_ any, err error) error { return err }
	for _, tt := range []struct {
		name string
		do   func() error
		want eventjson.Code
	}{
		{"load an order", func() error { return first(order.Load(t.Context(), db, "1")) }, ""},
		{"load a stock", func() error { return first(stock.Load(t.Context(), db, "1")) }, eventjson.CodeDenied},
		{"load a stock as of then", func() error { return first(stock.Load(t.Context(), db, "1", gesta.AsOfPosition(2))) }, eventjson.CodeDenied},
		{"load a stock that is not there", func() error { return first(stock.Load(t.Context(), db, "2")) }, eventjson.CodeDenied},
		{"count orders", counted(gesta.Scope{Category: "order"}), ""},
		{"count by a tag", counted(gesta.Tagged("about:ann")), eventjson.CodeDenied},
		{"fold an order", folded(history.Selection{Subject: history.Stream, Name: "order-1"}), ""},
		{"fold a stock", folded(history.Selection{Subject: history.Stream, Name: "stock-1"}), eventjson.CodeDenied},
		{"fold a tag", folded(history.Selection{Subject: history.Tag, Name: "about:ann"}), eventjson.CodeDenied},
		{"diff of the store", func() error {
			for _, err := range history.DiffStore(t.Context(), db.Store(), 0, 2, history.DiffOptions{}) {
				return err
			}
			return nil
		}, eventjson.CodeDenied},
	} {
		err := tt.do()
		if got := eventjson.Describe(err).Code; got != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestKeptStateOfErased keeps a state in a program that may not see erasures: what was erased is not shown from what was kept.
func TestKeptStateOfErased(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	s, _ := serve(t, server.Options{Store: served, System: system})
	order := deciderOf("order")
	for asked, who := range []string{"append", "append-some"} {
		db := opened(t, s.URLs()[0], tokens[who], gesta.Keep(cache.NewMemory(1<<20), gesta.Every(1)))
		var first store.Position
		for _, text := range []string{"a secret of " + who, "nothing"} {
			res, err := order.Handle(t.Context(), db, who, func(notes) ([]noted, error) { return []noted{{"ann", text}}, nil })
			if err != nil {
				t.Fatal(err)
			}
			if first == 0 {
				first = res.Events[0].Position
			}
		}
		eraser, ok := store.As[store.Eraser](served)
		if !ok {
			t.Fatal("the store erases nothing")
		}
		if _, err := eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{first}}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			l, err := order.Load(t.Context(), db, who)
			if err == nil || strings.Contains(strings.Join(l.State.Texts, "\n"), "secret") {
				t.Errorf("%s, after event %d was erased: %v, %v", who, first, l.State.Texts, err)
			}
		}
		_, metrics := readAs(t, s.URLs()[0], "GET /metrics", "", "text/plain", tokens["operate"])
		if want := fmt.Sprintf("\ngesta_denied_total %d\n", asked+1); !strings.Contains(metrics, want) { // once each
			t.Errorf("%s asked in vain more than once what was erased: want %s in\n%s", who, want, metrics)
		}
	}
}
