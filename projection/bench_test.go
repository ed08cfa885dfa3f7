package projection_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

const benchEvents = 20_000

// benchStore has benchEvents deposits of a thousand accounts.
func benchStore(b *testing.B) *gesta.DB {
	b.Helper()
	s := memory.New(memory.Options{})
	for at := 0; at < benchEvents; at += 500 {
		var c store.Commit
		for i := range 500 {
			e := recorded(fmt.Sprintf("account-%d", (at+i)*7919%1000), deposited{Cents: i})
			e.ID = fmt.Sprintf("0199a7c2-5b1e-7c3d-9f00-%012x", at+i)
			e.Metadata = []byte(`{"actor":"ada","correlationId":"req-9"}`)
			c.Events = append(c.Events, e)
		}
		if _, err := s.Append(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	return newDB(b, s)
}

// BenchmarkIntoSQLite projects deposits into a table, beside a loop that is written by hand and makes the same rows: in transactions of a thousand, with its position in the
// last one.
func BenchmarkIntoSQLite(b *testing.B) {
	db := benchStore(b)
	b.Run("by=projection", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			database := openSQLite(b, "sqlite", filepath.Join(b.TempDir(), fmt.Sprint(n)))
			k := sqlKitOn(b, &behaviour{}, database, newClock())
			r, err := projection.New(db, k.projection, sqldb.New(database, sqldb.SQLite), projection.Options{})
			if err != nil {
				b.Fatal(err)
			}
			if err := r.RunToHead(b.Context()); err != nil {
				b.Fatal(err)
			}
			_ = database.Close()
		}
		b.ReportMetric(float64(benchEvents*b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("by=hand", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			database := openSQLite(b, "sqlite", filepath.Join(b.TempDir(), fmt.Sprint(n)))
			for _, q := range []string{createAccounts, `CREATE TABLE positions (position INTEGER)`, `INSERT INTO positions VALUES (0)`} {
				if _, err := database.ExecContext(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
			var after store.Position
			for after < benchEvents {
				tx, err := database.BeginTx(b.Context(), nil)
				if err != nil {
					b.Fatal(err)
				}
				add, err := tx.PrepareContext(b.Context(), addToAccount)
				if err != nil {
					b.Fatal(err)
				}
				q := store.Query{{Types: []string{"closed", "deposited"}}}
				for e, err := range gesta.Read[happening](b.Context(), db, q, gesta.ReadOptions{ReadOptions: store.ReadOptions{After: after, Limit: 1000}}) {
					if err != nil {
						b.Fatal(err)
					}
					if d, ok := e.Body.(deposited); ok {
						if _, err := add.ExecContext(b.Context(), e.Stream, d.Cents); err != nil {
							b.Fatal(err)
						}
					}
					after = e.Position
				}
				if _, err := tx.ExecContext(b.Context(), `UPDATE positions SET position = ?`, int64(after)); err != nil {
					b.Fatal(err)
				}
				if err := tx.Commit(); err != nil {
					b.Fatal(err)
				}
			}
			_ = database.Close()
		}
		b.ReportMetric(float64(benchEvents*b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkIntoMemory projects deposits into a map.
func BenchmarkIntoMemory(b *testing.B) {
	db := benchStore(b)
	b.ReportAllocs()
	for b.Loop() {
		l := projection.NewMemory(ledger{}, nil)
		p := memoryKit(b, &behaviour{}).projection
		r, err := projection.New(db, p, l, projection.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := r.RunToHead(context.Background()); err != nil { //nolint:usetesting // a context without an end, as a program has it
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchEvents*b.N)/b.Elapsed().Seconds(), "events/s")
}
