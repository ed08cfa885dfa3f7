package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// model is the read model, with the store that it is made of.
type model struct {
	db       *gesta.DB
	database *sql.DB
	target   *sqldb.Target
	carts    *projection.Runner[*sqldb.Tx]
	out      io.Writer
}

// look opens the store beside whoever writes it, and does what has to do with the read model.
func look(ctx context.Context, dir, file string, args []string, out io.Writer) (err error) {
	s, err := disk.OpenReader(dir, disk.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := gesta.New(s, Types)
	if err != nil {
		return err
	}
	if len(args) == 2 && args[0] == "carts" {
		return past(ctx, db, args[1], out)
	}
	m, err := openModel(db, file, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	return m.do(ctx, args)
}

// openModel opens the read model in a file.
func openModel(db *gesta.DB, file string, out io.Writer) (*model, error) {
	database, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	target := sqldb.New(database, sqldb.SQLite)
	carts, err := projection.New(db, Carts, target, projection.Options{})
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return &model{db: db, database: database, target: target, carts: carts, out: out}, nil
}

func (m *model) close() error {
	m.target.Close()
	return m.database.Close()
}

func (m *model) do(ctx context.Context, args []string) error {
	verb := ""
	if len(args) > 0 {
		verb = args[0]
	}
	if err := m.carts.RunToHead(ctx); err != nil {
		return err
	}
	switch {
	case verb == "carts" && len(args) == 1:
		return m.list(ctx)
	case verb == "watch" && len(args) == 1:
		return m.watch(ctx)
	case verb == "mail" && len(args) == 1:
		return m.mail(ctx)
	case verb == "parked" && len(args) == 1:
		return m.parked(ctx)
	case verb == "retry" && len(args) == 2:
		return m.retry(ctx, args[1])
	case verb == "skip" && len(args) == 4:
		return m.skip(ctx, args[1], args[2], args[3])
	}
	return errUsage
}

// row is a cart as readers see it.
type row struct {
	cart, status string
	items        int
	cents        int64
}

func (r row) String() string {
	return fmt.Sprintf("cart %s: %d for %s, %s", r.cart, r.items, money(r.cents), r.status)
}

// rows returns what is in the read model.
func (m *model) rows(ctx context.Context) (all []row, err error) {
	rows, err := m.database.QueryContext(ctx, `SELECT cart, items, cents, status FROM carts ORDER BY cart`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.cart, &r.items, &r.cents, &r.status); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// list shows all carts, and how far the read model is.
func (m *model) list(ctx context.Context) error {
	rows, err := m.rows(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := fmt.Fprintln(m.out, r); err != nil {
			return err
		}
	}
	p, err := m.carts.Progress(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(m.out, "as of position %d; %d events: %d applied, %d parked, %d skipped\n",
		p.State.Position, p.State.Seen, p.State.Applied, p.State.Parked, p.State.Skipped)
	return err
}

// past shows the carts as they were: in a read model that is thrown away.
func past(ctx context.Context, db *gesta.DB, when string, out io.Writer) (err error) {
	at, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m, err := openModel(db, filepath.Join(dir, "carts.db"), out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	p, err := projection.PositionAt(ctx, db.Store(), at)
	if err != nil {
		return err
	}
	if err := m.carts.RunTo(ctx, p); err != nil {
		return err
	}
	return m.list(ctx)
}

// watch keeps the read model up to date, and shows each cart as it changes, until ctx is done.
func (m *model) watch(ctx context.Context) error {
	g, both := errgroup.WithContext(ctx)
	g.Go(func() error { return m.carts.Follow(both) })
	g.Go(func() error { return m.show(both) })
	if err := g.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

// show shows each cart that is new or has changed, whenever the projection moves.
func (m *model) show(ctx context.Context) error {
	shown := map[string]row{}
	for {
		p, err := m.carts.Progress(ctx)
		if err != nil {
			return err
		}
		rows, err := m.rows(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if shown[r.cart] == r {
				continue
			}
			shown[r.cart] = r
			if _, err := fmt.Fprintln(m.out, r); err != nil {
				return err
			}
		}
		if err := m.carts.WaitFor(ctx, p.State.Position+1); err != nil {
			return err
		}
	}
}

// mail sends receipts; this one prints them.
func (m *model) mail(ctx context.Context) error {
	_, err := m.target.Deliver(ctx, Carts.Name, func(_ context.Context, e sqldb.Effect) error {
		_, err := fmt.Fprintf(m.out, "%s %s: %s\n", e.Kind, e.Key(), e.Body)
		return err
	})
	return err
}

func (m *model) parked(ctx context.Context) error {
	parked, err := m.carts.Parked(ctx, "")
	if err != nil {
		return err
	}
	for _, p := range parked {
		if _, err := fmt.Fprintf(m.out, "%d %s: %s\n", p.Position, p.Key, p.Error); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) retry(ctx context.Context, cart string) error {
	n, err := m.carts.Retry(ctx, Cart.Stream(cart))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(m.out, "%d applied\n", n)
	return err
}

func (m *model) skip(ctx context.Context, position, reason, actor string) error {
	n, err := strconv.ParseUint(position, 10, 53)
	if err != nil {
		return fmt.Errorf("position %q: %w", position, err)
	}
	return m.carts.Skip(ctx, store.Position(n), reason, actor)
}
