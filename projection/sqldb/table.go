package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// quote makes an identifier of a name, as standard SQL has it.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// tableOf returns the table that a version has for a name.
func tableOf(id projection.ID, name string) string {
	return quote(fmt.Sprintf("%s_v%d", name, id.Version))
}

// Table returns the table that this version of the projection has for a name, quoted: "carts_v2" for carts. Its Setup makes it, and its handlers change it. Whoever reads uses the plain
// name: a view of the table of the version that is active, which is the first one until [Target.Switch].
func (t *Tx) Table(name string) string {
	table, ok := t.tables[name]
	if !ok {
		table = tableOf(t.b.id, name)
		if t.tables == nil {
			t.tables = map[string]string{}
		}
		t.tables[name] = table
	}
	return table
}

// Name returns a name of this version of the projection, quoted: "carts_by_customer_v2" for carts_by_customer. It is for indexes, which have to have names of their own, and go with their
// tables.
func (t *Tx) Name(name string) string { return tableOf(t.b.id, name) }

// own puts on record the tables that the transaction has named for the first time, and makes the views of those of the active version.
func (t *transaction) own(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(t.handle.tables)) {
		if t.t.owns(t.id, name) {
			continue
		}
		if err := t.free(ctx, name); err != nil {
			return err
		}
		r, err := t.c.exec(ctx, t.t.q.own, t.id.Name, t.id.Version, name)
		if err != nil {
			return fmt.Errorf("put table %s on record: %w", name, err)
		}
		switch n, err := r.RowsAffected(); {
		case err != nil:
			return fmt.Errorf("put table %s on record: %w", name, err)
		case n == 0:
			continue // an earlier process has
		}
		active, err := t.active(ctx)
		if err != nil {
			return err
		}
		if active == t.id.Version {
			if err := t.show(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// ErrTaken says that a table that a projection names is one of another projection.
var ErrTaken = errors.New("gesta: table of another projection")

// free returns an error unless a name is free for this version to own, and its table is there.
func (t *transaction) free(ctx context.Context, name string) error {
	var owner string
	switch err := t.c.row(ctx, t.t.q.taken, t.id.Name, name).Scan(&owner); {
	case err == nil:
		return fmt.Errorf("%w: projections %s and %s in one database cannot both name a table %q: rename it in one of them", ErrTaken, owner, t.id.Name, name)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("find out whose table %s is: %w", name, err)
	}
	rows, err := t.c.conn.QueryContext(ctx, `SELECT 1 FROM `+tableOf(t.id, name)+` WHERE 1 = 0`)
	if err != nil {
		return fmt.Errorf("projection %v names a table %s, which its Setup has to make: %w", t.id, tableOf(t.id, name), err)
	}
	return rows.Close()
}

// active returns the version whose tables readers see. Without any it is [store.ErrNotFound].
func (b *books) active(ctx context.Context) (int, error) {
	var version int
	err := b.c.row(ctx, b.t.q.active, b.id.Name).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("%w: projection %s is not known to the database", store.ErrNotFound, b.id.Name)
	}
	if err != nil {
		return 0, fmt.Errorf("read which version of %s is active: %w", b.id.Name, err)
	}
	return version, nil
}

// show points the view of a name to the table of this version.
func (b *books) show(ctx context.Context, name string) error {
	if err := b.hide(ctx, name); err != nil {
		return err
	}
	if _, err := b.c.conn.ExecContext(ctx, `CREATE VIEW `+quote(name)+` AS SELECT * FROM `+tableOf(b.id, name)); err != nil {
		return fmt.Errorf("make the view %s: %w", name, err)
	}
	return nil
}

// hide drops the view of a name.
func (b *books) hide(ctx context.Context, name string) error {
	if _, err := b.c.conn.ExecContext(ctx, `DROP VIEW IF EXISTS `+quote(name)); err != nil {
		return fmt.Errorf("drop the view %s: %w", name, err)
	}
	return nil
}

// names returns the names of the tables that this version owns.
func (b *books) names(ctx context.Context) (names []string, err error) {
	rows, err := b.c.query(ctx, b.t.q.owned, b.id.Name, b.id.Version)
	if err != nil {
		return nil, fmt.Errorf("read the tables of %v: %w", b.id, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("read the tables of %v: %w", b.id, err)
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
