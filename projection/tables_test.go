package projection_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// counting is a projection that counts deposits by stream in a table.
func counting(name string, version int, table string) projection.Projection[*sqldb.Tx] {
	return projection.Projection[*sqldb.Tx]{
		Name: name, Version: version,
		Setup: func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+tx.Table(table)+` (id TEXT PRIMARY KEY, n INTEGER NOT NULL)`)
			return err
		},
		Handlers: []projection.Handler[*sqldb.Tx]{projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table(table)+` VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1`, e.Stream)
			return err
		})},
	}
}

func (s *shop) run(t *testing.T, p projection.Projection[*sqldb.Tx]) error {
	t.Helper()
	r, err := projection.New(s.db, p, s.target, projection.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r.RunToHead(t.Context())
}

// counted returns what a table counts.
func (s *shop) counted(t *testing.T, table string) (n int) {
	t.Helper()
	if err := s.database.QueryRowContext(t.Context(), `SELECT COALESCE(SUM(n), 0) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Two projections that would have one table, or one view, do not: the second one stops, and changes nothing.
func TestATableOfAnotherProjection(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	add(t, events, "a-1", deposited{}, deposited{})
	if err := s.run(t, counting("orders", 1, "lines")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []projection.Projection[*sqldb.Tx]{counting("invoices", 1, "lines"), counting("invoices", 2, "lines"), counting("invoices", 1, "LINES")} {
		if err := s.run(t, p); !errors.Is(err, sqldb.ErrTaken) || !strings.Contains(err.Error(), "orders and invoices") {
			t.Errorf("run of %v = %v; want ErrTaken", p.ID(), err)
		}
		if state, err := s.target.State(t.Context(), p.ID()); err != nil || state.Known {
			t.Errorf("state of %v = %+v, %v; want none", p.ID(), state, err)
		}
	}
	// A handler that names it for the first time stops, too, and parks nothing.
	late := counting("invoices", 1, "bills")
	late.Handlers = counting("invoices", 1, "lines").Handlers
	if err := s.run(t, late); !errors.Is(err, sqldb.ErrTaken) {
		t.Errorf("run of a late one = %v; want ErrTaken", err)
	}
	if state, err := s.target.State(t.Context(), late.ID()); err != nil || state.Position != 0 || state.Parked != 0 {
		t.Errorf("state of a late one = %+v, %v; want position 0", state, err)
	}
	if err := s.run(t, counting("orders", 2, "lines")); err != nil { // its own versions may
		t.Fatal(err)
	}
	if got := []int{s.counted(t, "lines"), s.counted(t, "lines_v2")}; !cmp.Equal(got, []int{2, 2}) {
		t.Errorf("the first projection counts %v; want 2 in both versions", got)
	}
}

// A table that is named and not made is a mistake of Setup, which stops the projection; no event is to blame.
func TestATableThatNobodyMade(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	add(t, events, "a-1", deposited{}, deposited{})
	p := counting("orders", 1, "lines")
	setup := p.Setup
	p.Setup = nil
	if err := s.run(t, p); err == nil || !strings.Contains(err.Error(), `names a table "lines_v1", which its Setup has to make`) {
		t.Errorf("run = %v", err)
	}
	if state, err := s.target.State(t.Context(), p.ID()); err != nil || state.Position != 0 || state.Parked != 0 {
		t.Errorf("state = %+v, %v; want position 0", state, err)
	}
	if err := s.target.Drop(t.Context(), p.ID()); err != nil {
		t.Fatal(err)
	}
	p.Setup = setup
	if err := s.run(t, p); err != nil || s.counted(t, "lines") != 2 {
		t.Errorf("run = %v", err)
	}
}

// All tables go on record that a transaction names, also when one of them was on record before.
func TestAllTablesAreOnRecord(t *testing.T) {
	events := memoryStore(t)
	file, c := filepath.Join(t.TempDir(), "read.db"), newClock()
	p := counting("orders", 1, "t0")
	if err := newShop(t, events, openSQLite(t, "sqlite", file), c).run(t, p); err != nil {
		t.Fatal(err)
	}
	s := newShop(t, events, openSQLite(t, "sqlite", file), c) // another process, which handles more, and knows of nothing
	names := []string{"t0", "t1", "t2", "t3", "t4", "t5"}
	p.Handlers = []projection.Handler[*sqldb.Tx]{projection.On(func(ctx context.Context, tx *sqldb.Tx, _ gesta.Event[deposited]) error {
		for _, name := range names {
			if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+tx.Table(name)+` (id TEXT, n INTEGER)`); err != nil {
				return err
			}
		}
		return nil
	})}
	add(t, events, "a-1", deposited{})
	if err := s.run(t, p); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		s.counted(t, name) // by its view
	}
}

// The only version may be dropped, though it is active: the projection is gone, and may come again. What it has put on record to be sent, is.
func TestDropTheOnlyVersion(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	add(t, events, "a-1", deposited{}, deposited{})
	p := counting("mails", 1, "lines")
	count := p.Handlers
	p.Handlers = []projection.Handler[*sqldb.Tx]{projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
		return tx.Effect(ctx, e.Recorded, "mail", nil)
	})}
	if err := s.run(t, p); err != nil {
		t.Fatal(err)
	}
	if err := s.target.Drop(t.Context(), p.ID()); err != nil {
		t.Fatal(err)
	}
	var left int
	const query = `SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'lines%') + (SELECT COUNT(*) FROM gesta_active)
		+ (SELECT COUNT(*) FROM gesta_tables) + (SELECT COUNT(*) FROM gesta_projections)`
	if err := s.database.QueryRowContext(t.Context(), query).Scan(&left); err != nil || left != 0 {
		t.Errorf("Drop left %d, %v", left, err)
	}
	if got := delivered(t, s); len(got) != 2 {
		t.Errorf("sent %v; want 2", got)
	}
	if err := s.run(t, p); err != nil {
		t.Fatal(err)
	}
	if got := delivered(t, s); len(got) != 0 {
		t.Errorf("sent again: %v", got)
	}
	p.Version, p.Handlers = 2, count // the name is free for any version
	if err := s.target.Drop(t.Context(), projection.ID{Name: "mails", Version: 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.run(t, p); err != nil || s.counted(t, "lines") != 2 {
		t.Errorf("run of version 2 alone = %v", err)
	}
}

// An effect that cannot be sent is given up, on record, and those behind it go on.
func TestGiveUpAnEffect(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	add(t, events, "a-1", deposited{Cents: 1}, deposited{Cents: 2})
	if err := mails(t, s, 1).RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	poison := sqldb.Effect{Projection: "mails", Position: 1, N: 0}
	if _, err := s.target.Deliver(t.Context(), "mails", func(_ context.Context, e sqldb.Effect) error {
		if e.Key() == poison.Key() {
			return errWeather
		}
		return nil
	}); !errors.Is(err, errWeather) {
		t.Fatalf("Deliver = %v", err)
	}
	if err := s.target.GiveUpEffect(t.Context(), poison, "", "ada"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("GiveUpEffect without a reason = %v; want ErrInvalid", err)
	}
	if err := s.target.GiveUpEffect(t.Context(), poison, "no such address", "ada"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mails/1/1 receipt", "mails/2/0 mail", "mails/2/1 receipt"}, delivered(t, s)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	for _, e := range []sqldb.Effect{poison, {Projection: "mails", Position: 2}, {Projection: "mails", Position: 9}} {
		if err := s.target.GiveUpEffect(t.Context(), e, "why", "ada"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("GiveUpEffect of %s = %v; want ErrNotFound", e.Key(), err)
		}
	}
	var got string
	if err := s.database.QueryRowContext(t.Context(), `SELECT position || n || reason || actor FROM gesta_outbox WHERE sent_at = -1`).Scan(&got); err != nil || got != "10no such addressada" {
		t.Errorf("on record is %q, %v", got, err)
	}
}

// What was sent says nothing any more after it was pruned, and is not written again.
func TestPruneEffects(t *testing.T) {
	events, c := memoryStore(t), newClock()
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), c)
	write := func(cents int) {
		t.Helper()
		add(t, events, "a-1", deposited{Cents: cents})
		if err := mails(t, s, 1).RunToHead(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(1)
	delivered(t, s)
	c.advance(time.Hour)
	write(2)
	delivered(t, s)
	write(3)
	if n, err := s.target.PruneEffects(t.Context(), "others", c.now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("PruneEffects of another = %d, %v", n, err)
	}
	for _, want := range []int{2, 0} {
		if n, err := s.target.PruneEffects(t.Context(), "mails", c.now()); n != want || err != nil {
			t.Errorf("PruneEffects = %d, %v; want %d", n, err, want)
		}
	}
	var said string
	const query = `SELECT group_concat(position || kind || CAST(body AS TEXT)) FROM (SELECT * FROM gesta_outbox ORDER BY position, n)`
	if err := s.database.QueryRowContext(t.Context(), query).Scan(&said); err != nil || said != "1,1,2mail2,2receipt,3mail3,3receipt" {
		t.Errorf("the outbox says %s, %v", said, err)
	}
	if err := s.target.Drop(t.Context(), projection.ID{Name: "mails", Version: 1}); err != nil {
		t.Fatal(err)
	}
	if err := mails(t, s, 1).RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mails/3/0 mail", "mails/3/1 receipt"}, delivered(t, s)); diff != "" {
		t.Errorf("sent after a rebuild (-want +got):\n%s", diff)
	}
}
