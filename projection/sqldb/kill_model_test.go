package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// happening is the union of what happens to accounts.
type happening interface{ happening() }

type (
	// moved moves money from the account whose stream it is in to another one.
	moved struct {
		To    string
		Cents int
		Bad   bool `json:",omitempty"`
	}
	halted  struct{}              // it changes nothing, and takes as long as the test wants
	noticed struct{ Text string } // no projection looks at it
)

func (moved) happening()   {}
func (halted) happening()  {}
func (noticed) happening() {}

var happenings = gesta.Types[happening]{"moved": moved{}, "halted": halted{}, "noticed": noticed{}}

// poisoned is the account that has bad events.
const poisoned = "account-3"

// errBad is what the handler says of a bad event, for good.
var errBad = errors.New("the event is bad")

// row is what the read model has of an account. N and Cents show what is applied twice, or not at all, or by halves; Chain also what is applied in another order.
type row struct{ N, Cents, Chain int }

const (
	chainFactor, chainModulus = 31, 1_000_003
	toldModulus               = 8 // of so many amounts one leads to an effect
)

// behavior is what differs between processes.
type behavior struct {
	mended bool   // bad events are taken
	before func() // is called before each event; nil for nothing
	halt   func() // is called for halts
}

// accounts is the projection.
func accounts(b *behavior) projection.Projection[*sqldb.Tx] {
	return projection.Projection[*sqldb.Tx]{
		Name: "accounts", Version: 1, MaxParked: 1 << 20,
		Setup: func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("accounts")+
				` (id TEXT PRIMARY KEY, n INTEGER NOT NULL, cents INTEGER NOT NULL, chain INTEGER NOT NULL) WITHOUT ROWID`)
			return err
		},
		Handlers: []projection.Handler[*sqldb.Tx]{
			projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[moved]) error {
				if b.before != nil {
					b.before()
				}
				return move(ctx, tx, &e, b.mended)
			}),
			projection.On(func(context.Context, *sqldb.Tx, gesta.Event[halted]) error {
				b.halt()
				return nil
			}),
		},
	}
}

// move changes two rows, and fails after that.
func move(ctx context.Context, tx *sqldb.Tx, e *gesta.Event[moved], mended bool) error {
	from := fmt.Sprintf(`INSERT INTO %s VALUES (?, 1, -?, ?)
		ON CONFLICT (id) DO UPDATE SET n = n + 1, cents = cents + excluded.cents, chain = (chain * %d + excluded.chain) %% %d`,
		tx.Table("accounts"), chainFactor, chainModulus)
	if _, err := tx.ExecContext(ctx, from, e.Stream, e.Body.Cents, e.Body.Cents); err != nil {
		return err
	}
	to := `INSERT INTO ` + tx.Table("accounts") + ` VALUES (?, 1, ?, 0) ON CONFLICT (id) DO UPDATE SET n = n + 1, cents = cents + excluded.cents`
	if _, err := tx.ExecContext(ctx, to, e.Body.To, e.Body.Cents); err != nil {
		return err
	}
	if e.Body.Cents%toldModulus == 0 {
		if err := tx.Effect(ctx, e.Recorded, "told", nil); err != nil {
			return err
		}
	}
	if e.Body.Bad && !mended {
		return errBad
	}
	return nil
}

// image is the read model at one moment.
type image struct {
	Known                          bool
	Position                       store.Position
	Seen, Applied, Skipped, Parked uint64

	Rows     map[string]row
	ParkedAt []store.Position // of the parked events, in the order in which they would be retried
	Why      string           // the first of them is parked
	SkipAt   []store.Position
	Told     []store.Position // of the events that have led to an effect
}

// look reads all of the read model in one transaction, from its tables, by plain SQL: the code under test is not asked.
func look(tb testing.TB, database *sql.DB) *image {
	tb.Helper()
	m := &image{Rows: map[string]row{}}
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("look at the read model: %v", err)
		}
	}
	tx, err := database.BeginTx(tb.Context(), nil)
	must(err)
	defer func() { _ = tx.Rollback() }()
	each := func(query string, scan func(rows *sql.Rows) error) {
		tb.Helper()
		rows, err := tx.QueryContext(tb.Context(), query)
		must(err)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			must(scan(rows))
		}
		must(rows.Err())
	}
	positions := func(query string) (all []store.Position) {
		tb.Helper()
		each(query, func(rows *sql.Rows) error {
			var p store.Position
			all = append(all, 0)
			err := rows.Scan(&p)
			all[len(all)-1] = p
			return err
		})
		return all
	}
	tables := 0
	must(tx.QueryRowContext(tb.Context(), `SELECT COUNT(*) FROM sqlite_schema WHERE name = 'gesta_outbox'`).Scan(&tables))
	if tables == 0 {
		return m
	}
	each(`SELECT position, seen, applied, skipped, parked FROM gesta_projections`, func(rows *sql.Rows) error {
		m.Known = true
		return rows.Scan(&m.Position, &m.Seen, &m.Applied, &m.Skipped, &m.Parked)
	})
	if !m.Known {
		return m
	}
	each(`SELECT id, n, cents, chain FROM accounts`, func(rows *sql.Rows) error {
		var id string
		var r row
		err := rows.Scan(&id, &r.N, &r.Cents, &r.Chain)
		m.Rows[id] = r
		return err
	})
	m.ParkedAt = positions(`SELECT position FROM gesta_parked ORDER BY position`)
	each(`SELECT error FROM gesta_parked ORDER BY position LIMIT 1`, func(rows *sql.Rows) error { return rows.Scan(&m.Why) })
	m.SkipAt = positions(`SELECT position FROM gesta_skipped ORDER BY position`)
	m.Told = positions(`SELECT position FROM gesta_outbox ORDER BY position, n`)
	return m
}

// folded is a fresh fold of the log up to where an image is, but for what is parked and skipped in it. What is parked has to be all of the poisoned account
// from its first bad event on; while events are being retried, from the first that is parked on.
func folded(tb testing.TB, s store.Store, of *image, retrying bool) *image {
	tb.Helper()
	m := &image{Known: true, Position: of.Position, Rows: map[string]row{}, Why: of.Why, SkipAt: of.SkipAt, Skipped: uint64(len(of.SkipAt))}
	if of.Position == 0 {
		return m
	}
	db, err := gesta.New(s, happenings)
	if err != nil {
		tb.Fatal(err)
	}
	without := map[store.Position]bool{}
	for _, p := range of.SkipAt {
		without[p] = true
	}
	stuck := store.Position(0) // the first event that is to be parked, 0 for none
	if retrying && len(of.ParkedAt) > 0 {
		stuck = of.ParkedAt[0]
	}
	for r, err := range db.Store().Read(tb.Context(), store.Query{{Types: []string{"moved", "halted"}}}, store.ReadOptions{Until: of.Position}) {
		if err != nil {
			tb.Fatal(err)
		}
		m.Seen++
		if without[r.Position] {
			continue
		}
		events, err := db.Decode(&r)
		if err != nil {
			tb.Fatal(err)
		}
		e, ok := events[0].Body.(moved)
		if ok && e.Bad && stuck == 0 && !retrying {
			stuck, m.Why = r.Position, errBad.Error()
		}
		if ok && r.Stream == poisoned && stuck != 0 && r.Position >= stuck {
			m.ParkedAt = append(m.ParkedAt, r.Position)
			m.Parked++
			continue
		}
		m.Applied++
		if ok {
			m.apply(&r, e)
		}
	}
	return m
}

// apply is the handler, in Go.
func (m *image) apply(r *store.Recorded, e moved) {
	from := m.Rows[r.Stream]
	m.Rows[r.Stream] = row{from.N + 1, from.Cents - e.Cents, (from.Chain*chainFactor + e.Cents) % chainModulus}
	to := m.Rows[e.To]
	m.Rows[e.To] = row{to.N + 1, to.Cents + e.Cents, to.Chain}
	if e.Cents%toldModulus == 0 {
		m.Told = append(m.Told, r.Position)
	}
}

// compare holds the read model against a fresh fold, row by row.
func compare(tb testing.TB, s store.Store, got *image, retrying bool) {
	tb.Helper()
	if !got.Known {
		return // nobody has got as far as to make it
	}
	if got.Seen != got.Applied+got.Skipped+got.Parked {
		tb.Errorf("at position %d: seen %d is not applied %d + skipped %d + parked %d", got.Position, got.Seen, got.Applied, got.Skipped, got.Parked)
	}
	if diff := cmp.Diff(folded(tb, s, got, retrying), got); diff != "" {
		tb.Errorf("the read model differs from a fresh fold up to %d (-fold +model):\n%s", got.Position, diff)
	}
}
