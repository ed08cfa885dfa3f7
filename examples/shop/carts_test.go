package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// TestCarts is about rows: what the projection makes of events, also when a batch of them is delivered twice.
func TestCarts(t *testing.T) {
	none := gestatest.Projecting(t, Carts, inSQLite, gestatest.Rows(cartRows), Types)
	some := none.In("cart-1").Given(ItemAdded{"1", "cup", 4, 900}, ItemRemoved{"1", "cup", 3, 900}, ItemAdded{"1", "pot", 2, 2500})
	some.Is([]string{"1 | 3 | 5900 | open"})
	some.Given(OrderPlaced{"1", "ada", 5900}).In("cart-2").Given(ItemAdded{"2", "cup", 1, 900}).
		Is([]string{"1 | 3 | 5900 | ordered", "2 | 1 | 900 | open"})
	none.In("cart-9").GivenParked(ItemRemoved{"9", "cup", 1, 900}, ItemAdded{"9", "cup", 1, 900}).Is(nil)
}

func cartRows(tx *sqldb.Tx) string {
	return `SELECT cart, items, cents, status FROM ` + tx.Table("carts") + ` ORDER BY cart`
}

// TestReceipt is about what is put on record to be sent.
func TestReceipt(t *testing.T) {
	outbox := func(*sqldb.Tx) string { return `SELECT position, n, kind, body FROM gesta_outbox ORDER BY position, n` }
	gestatest.Projecting(t, Carts, inSQLite, gestatest.Rows(outbox), Types).
		In("cart-1").Given(ItemAdded{"1", "cup", 2, 900}, OrderPlaced{"1", "ada", 1800}).
		Is([]string{"2 | 0 | receipt | ada pays 18.00 for cart 1"})
}

// TestCarts2 holds version 2 as it is mended against the same events.
func TestCarts2(t *testing.T) {
	rows := func(tx *sqldb.Tx) string {
		return `SELECT cart, items, cents, removed, ordered_at IS NOT NULL FROM ` + tx.Table("carts") + ` ORDER BY cart`
	}
	gestatest.Projecting(t, carts2(mended), inSQLite, gestatest.Rows(rows), Types).
		In("cart-1").Given(ItemAdded{"1", "cup", 4, 900}, ItemRemoved{"1", "cup", 3, 900}, OrderPlaced{"1", "ada", 900}).
		In("cart-2").Given(ItemAdded{"2", "cup", 1, 900}).
		Is([]string{"1 | 1 | 900 | 3 | 1", "2 | 1 | 900 | 0 | 0"})
}

// inSQLite returns a target in a new file.
func inSQLite(t testing.TB) projection.Target[*sqldb.Tx] {
	t.Helper()
	return sqldb.New(openFile(t), sqldb.SQLite)
}

// openFile opens a new file, which need not survive the machine.
func openFile(t testing.TB) *sql.DB {
	t.Helper()
	file := filepath.Join(t.TempDir(), "carts.db")
	database, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Close(); err != nil {
			t.Error(err)
		}
	})
	return database
}
