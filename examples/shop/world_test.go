package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// runner feeds one version.
type runner = projection.Runner[*sqldb.Tx]

// world is a shop with customers, and with readers of what it shows. Only shopping has a goroutine of its own.
type world struct {
	t        *testing.T
	db       *gesta.DB
	database *sql.DB
	target   *sqldb.Target
	sent     []string // keys of receipts, in the order in which they were sent
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := gesta.New(memory.New(memory.Options{}), Types)
	if err != nil {
		t.Fatal(err)
	}
	database := openFile(t)
	target := sqldb.New(database, sqldb.SQLite)
	t.Cleanup(target.Close)
	return &world{t: t, db: db, database: database, target: target}
}

// feed makes a runner that follows the store until it is stopped.
func (w *world) feed(p projection.Projection[*sqldb.Tx]) (r *runner, stop func()) {
	w.t.Helper()
	r, err := projection.New(w.db, p, w.target, projection.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return r, w.background(r.Follow)
}

// background runs a function until it is stopped, or the test ends.
func (w *world) background(f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := f(ctx); !errors.Is(err, context.Canceled) {
			w.t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	w.t.Cleanup(stop)
	return stop
}

// shopping lets one customer after the other fill a cart: some take one item out again, some two, some none, and every other one
// orders. Each sees what it has done before it goes on.
func (w *world) shopping(r *runner) (stop func()) {
	return w.background(func(ctx context.Context) error {
		for i := 0; ; i++ {
			cart := fmt.Sprintf("%04d", i)
			commands := []Command{Add(cart, "cup", 3, 900), Add(cart, "pot", 1, 2500)}
			if n := i % 3; n > 0 {
				commands = append(commands, Remove(cart, "cup", n))
			}
			if i%2 == 0 {
				commands = append(commands, Checkout(cart, "ada"))
			}
			for _, c := range commands {
				res, err := Cart.Handle(ctx, w.db, cart, c)
				if err != nil {
					return err
				}
				if err := r.WaitFor(ctx, res.Position); err != nil {
					return err
				}
			}
		}
	})
}

// head returns where the store ends.
func (w *world) head() store.Position {
	w.t.Helper()
	head, err := w.db.Store().Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return head
}

// patience bounds a wait for what never comes; it measures nothing.
const patience = time.Minute

// wait waits until n events more have happened, and a version has them.
func (w *world) wait(r *runner, n store.Position) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := r.WaitFor(ctx, w.head()+n); err != nil {
		w.t.Fatal(err)
	}
}

// deliver sends the receipts that were not sent yet.
func (w *world) deliver() {
	w.t.Helper()
	_, err := w.target.Deliver(w.t.Context(), Carts.Name, func(_ context.Context, e sqldb.Effect) error {
		w.sent = append(w.sent, e.Key())
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// switched lets readers see another version. What the old one has put on record is sent first; while customers order, there may
// be more of it at once.
func (w *world) switched(from, to *runner) {
	w.t.Helper()
	for {
		w.deliver()
		err := w.target.Switch(w.t.Context(), from, to, false)
		if err == nil {
			return
		}
		if !errors.Is(err, sqldb.ErrUnsent) {
			w.t.Fatal(err)
		}
	}
}

// sees checks what readers see: the columns of a version, and rows that are what a fold of the log makes, up to the position that
// stands beside them, which is not before what there is now.
func (w *world) sees(r *runner, columns string) {
	w.t.Helper()
	head := w.head()
	w.wait(r, 0)
	tx, err := w.database.BeginTx(w.t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var at store.Position
	const position = `SELECT position FROM gesta_projections WHERE projection = 'carts' AND version = ?`
	if err := tx.QueryRowContext(w.t.Context(), position, r.ID().Version).Scan(&at); err != nil {
		w.t.Fatal(err)
	}
	rows, err := tx.QueryContext(w.t.Context(), `SELECT cart, items, cents FROM carts`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	got := map[string]total{}
	for rows.Next() {
		var cart string
		var sum total
		if err := rows.Scan(&cart, &sum.Items, &sum.Cents); err != nil {
			w.t.Fatal(err)
		}
		got[cart] = sum
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(w.fold(at), got); diff != "" || at < head {
		w.t.Errorf("readers see, at position %d of %d (-fold +rows):\n%s", at, head, diff)
	}
	all, err := tx.QueryContext(w.t.Context(), `SELECT * FROM carts LIMIT 0`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = all.Close() }()
	names, err := all.Columns()
	if err = errors.Join(err, all.Err()); err != nil {
		w.t.Fatal(err)
	}
	if got := strings.Join(names, " "); got != columns {
		w.t.Errorf("readers see the columns %s; want %s", got, columns)
	}
}

// total is what is compared of a cart.
type total struct {
	Items int
	Cents int64
}

// until yields the events up to a position.
func (w *world) until(at store.Position, f func(e gesta.Event[Event])) {
	w.t.Helper()
	for e, err := range gesta.Read[Event](w.t.Context(), w.db, nil, gesta.ReadOptions{ReadOptions: store.ReadOptions{Until: at}}) {
		if err != nil {
			w.t.Fatal(err)
		}
		f(e)
	}
}

// fold returns what the log amounts to, by cart.
func (w *world) fold(at store.Position) map[string]total {
	w.t.Helper()
	states, totals := map[string]State{}, map[string]total{}
	w.until(at, func(e gesta.Event[Event]) { states[e.Stream] = evolve(states[e.Stream], e.Body) })
	for stream, s := range states {
		totals[strings.TrimPrefix(stream, "cart-")] = total{s.Items(), s.Cents()}
	}
	return totals
}

// carts returns how many carts there were.
func (w *world) carts(at store.Position) int { return len(w.fold(at)) }

// tookOutMany returns the carts out of which more than one item was taken at once.
func (w *world) tookOutMany(at store.Position) []string {
	w.t.Helper()
	found := map[string]bool{}
	w.until(at, func(e gesta.Event[Event]) {
		if b, ok := e.Body.(ItemRemoved); ok && b.Count > 1 {
			found[b.Cart] = true
		}
	})
	return slices.Sorted(maps.Keys(found))
}

// orders returns the key of the receipt of each order.
func (w *world) orders() (keys []string) {
	w.t.Helper()
	w.until(0, func(e gesta.Event[Event]) {
		if _, ok := e.Body.(OrderPlaced); ok {
			keys = append(keys, fmt.Sprintf("%s/%d/0", Carts.Name, e.Position))
		}
	})
	return keys
}
