package projection_test

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store/memory"
)

type shopEvent interface{ shop() }

type (
	itemAdded struct {
		Item  string
		Count int
	}
	cartClosed struct{}
)

func (itemAdded) shop()  {}
func (cartClosed) shop() {}

var (
	shopTypes = gesta.Types[shopEvent]{"item.added": itemAdded{}, "cart.closed": cartClosed{}}
	carts     = gesta.Decider[int, shopEvent]{Category: "cart", Evolve: func(n int, _ shopEvent) int { return n + 1 }}
)

func addItem(item string, count int) func(int) ([]shopEvent, error) {
	return func(int) ([]shopEvent, error) { return []shopEvent{itemAdded{item, count}}, nil }
}

// sold is a read model: how many of each item are in carts.
type sold map[string]int

func (s sold) Clone() sold { return maps.Clone(s) }

var popular = projection.Projection[sold]{
	Name: "popular", Version: 1,
	Handlers: []projection.Handler[sold]{
		projection.On(func(_ context.Context, s sold, e gesta.Event[itemAdded]) error {
			if e.Body.Count < 0 {
				return fmt.Errorf("%d items", e.Body.Count)
			}
			s[e.Body.Item] += e.Body.Count
			return nil
		}),
	},
}

func Example() {
	ctx := context.Background()
	db, _ := gesta.New(memory.New(memory.Options{}), shopTypes)
	model := projection.NewMemory(sold{}, nil)
	runner, _ := projection.New(db, popular, model, projection.Options{})

	follow, stop := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- runner.Follow(follow) }()

	_, _ = carts.Handle(ctx, db, "1", addItem("tea", 2))
	res, _ := carts.Handle(ctx, db, "2", addItem("tea", 3))
	_ = runner.WaitFor(ctx, res.Position) // read your writes
	fmt.Println(model.Model())

	stop()
	<-done
	// Output: map[tea:5]
}

// What fails for good is put aside, with what follows it in its stream; the others go on.
func ExampleRunner_Skip() {
	ctx := context.Background()
	db, _ := gesta.New(memory.New(memory.Options{}), shopTypes)
	_, _ = carts.Handle(ctx, db, "1", addItem("tea", -2))
	_, _ = carts.Handle(ctx, db, "1", addItem("tea", 4))
	_, _ = carts.Handle(ctx, db, "2", addItem("tea", 1))

	model := projection.NewMemory(sold{}, nil)
	runner, _ := projection.New(db, popular, model, projection.Options{})
	_ = runner.RunToHead(ctx)
	parked, _ := runner.Parked(ctx, "")
	for _, p := range parked {
		fmt.Printf("%d, %s: %s\n", p.Position, p.Key, p.Error)
	}
	fmt.Println(model.Model())

	_ = runner.Skip(ctx, 1, "there are no negative items", "ada")
	n, _ := runner.Retry(ctx, "cart-1")
	fmt.Println(n, model.Model())
	// Output:
	// 1, cart-1: -2 items
	// 2, cart-1: an earlier event of its key is parked
	// map[tea:1]
	// 1 map[tea:5]
}

// A read model as it was: into a target that is thrown away.
func ExampleRunner_RunTo() {
	ctx := context.Background()
	db, _ := gesta.New(memory.New(memory.Options{}), shopTypes)
	for n := range 5 {
		_, _ = carts.Handle(ctx, db, "1", addItem("tea", n))
	}
	model := projection.NewMemory(sold{}, nil)
	runner, _ := projection.New(db, popular, model, projection.Options{})
	_ = runner.RunTo(ctx, 3)
	fmt.Println(model.Model())
	// Output: map[tea:3]
}

// The same in SQLite: rows and checkpoint in one transaction.
func Example_sqlite() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "gesta")
	defer func() { _ = os.RemoveAll(dir) }()
	database, _ := sql.Open("sqlite", "file:"+filepath.Join(dir, "shop.db")+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	defer func() { _ = database.Close() }()

	db, _ := gesta.New(memory.New(memory.Options{}), shopTypes)
	_, _ = carts.Handle(ctx, db, "1", addItem("tea", 2))
	_, _ = carts.Handle(ctx, db, "1", addItem("rice", 1))

	runner, _ := projection.New(db, projection.Projection[*sqldb.Tx]{
		Name: "carts", Version: 1,
		Setup: func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("carts")+` (id TEXT PRIMARY KEY, items INTEGER NOT NULL)`)
			return err
		},
		Handlers: []projection.Handler[*sqldb.Tx]{
			projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[itemAdded]) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("carts")+` VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET items = items + excluded.items`,
					e.Stream, e.Body.Count)
				return err
			}),
		},
	}, sqldb.New(database, sqldb.SQLite), projection.Options{})
	_ = runner.RunToHead(ctx)

	var items int
	_ = database.QueryRowContext(ctx, `SELECT items FROM carts WHERE id = 'cart-1'`).Scan(&items) // a view of the version that is active
	p, _ := runner.Progress(ctx)
	fmt.Println(items, "items;", p.State.Applied, "applied, lag", p.Lag)
	// Output: 3 items; 2 applied, lag 0
}
