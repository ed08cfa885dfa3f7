package sqldb

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// The bounds of a comparison.
const (
	maxCompared  = 1 << 20 // rows of one query
	maxDiffering = 100     // keys that are named
)

// Comparison is a query that is asked of two versions: its first column is the key of a row, the others are what has to be equal.
type Comparison struct {
	Name string

	// Query returns the query for a version, whose tables it names. At most 1,048,576 rows; a WHERE makes parts of more.
	Query func(v Version) string
}

// Version is one of those that are compared.
type Version struct{ ID projection.ID }

// Table returns the table that the version has for a name, as [Tx.Table] does.
func (v Version) Table(name string) string { return tableOf(v.ID, name) }

// Difference is what a Comparison has found.
type Difference struct {
	Name         string
	RowsA, RowsB int

	// Differing counts the keys that one version has alone, or with other values. Keys are the first 100 of them: of the second version in the order of its query, then those
	// that the first has alone, in any order.
	Differing int
	Keys      []string
}

// Compare stops two versions of a projection at one position, asks both the same queries, and returns that position and what differs.
func (t *Target) Compare(ctx context.Context, a, b *projection.Runner[*Tx], queries ...Comparison) (at store.Position, found []Difference, err error) {
	err = projection.Together(ctx, a, b, func(ctx context.Context, p store.Position, tx projection.Tx[*Tx]) error {
		at, found = p, nil
		for _, q := range queries {
			d, err := compare(ctx, tx.Handle().b.c, a.ID(), b.ID(), q)
			if err != nil {
				return fmt.Errorf("compare %s: %w", q.Name, err)
			}
			found = append(found, d)
		}
		return nil
	})
	return at, found, err
}

// compare asks one query of two versions.
func compare(ctx context.Context, c *connection, a, b projection.ID, q Comparison) (Difference, error) {
	d := Difference{Name: q.Name}
	sums := map[string][16]byte{} // of the rows of a that b has not had yet
	differs := func(key string) {
		if d.Differing++; len(d.Keys) < maxDiffering {
			d.Keys = append(d.Keys, key)
		}
	}
	err := eachRow(ctx, c, a, q, func(key string, sum [16]byte) error {
		if _, twice := sums[key]; twice {
			return fmt.Errorf("%v has key %q twice", a, key)
		}
		sums[key] = sum
		d.RowsA++
		return nil
	})
	if err != nil {
		return d, err
	}
	err = eachRow(ctx, c, b, q, func(key string, sum [16]byte) error {
		if other, there := sums[key]; !there || other != sum {
			differs(key)
		}
		delete(sums, key)
		d.RowsB++
		return nil
	})
	for key := range sums {
		differs(key)
	}
	return d, err
}

// eachRow calls f with the key of each row and a digest of the rest.
func eachRow(ctx context.Context, c *connection, id projection.ID, q Comparison, f func(key string, sum [16]byte) error) error {
	rows, err := c.conn.QueryContext(ctx, q.Query(Version{id}))
	if err != nil {
		return fmt.Errorf("query %v: %w", id, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("query %v: %w", id, err)
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for n := 0; rows.Next(); n++ {
		if n == maxCompared {
			return fmt.Errorf("%w: %v has more than %d rows: ask for parts, by a WHERE", store.ErrTooLarge, id, maxCompared)
		}
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("read a row of %v: %w", id, err)
		}
		if err := f(text(values[0]), digest(values[1:])); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the rows of %v: %w", id, err)
	}
	return nil
}

// text returns a value as a person reads it.
func text(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(v)
}

// digest returns the beginning of a SHA-256 over values, each with its length; NULL is another value than any text.
func digest(values []any) (sum [16]byte) {
	h := sha256.New()
	for _, v := range values {
		if v == nil {
			_, _ = h.Write([]byte("-;")) // a hash takes everything
			continue
		}
		s := text(v)
		_, _ = fmt.Fprintf(h, "%d;%s", len(s), s)
	}
	copy(sum[:], h.Sum(nil))
	return sum
}
