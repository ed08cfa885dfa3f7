package gestatest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gestadb/gesta/projection"
)

// InMemory opens targets in memory for [Projecting], each with a model of its own.
func InMemory[S projection.Cloner[S]](model func() S) func(t testing.TB) projection.Target[S] {
	return func(testing.TB) projection.Target[S] { return projection.NewMemory(model(), nil) }
}

// Model is the query for [Projecting] that returns a model in memory as a whole.
func Model[S any](_ context.Context, model S) (S, error) { return model, nil }

// Rows returns the query for [Projecting] that returns the rows of a query in SQL, each as the text of its columns with " | " between. Query may name its tables by tx.Table, and has to
// order its rows.
func Rows[TX interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}](query func(tx TX) string) func(ctx context.Context, tx TX) ([]string, error) {
	return func(ctx context.Context, tx TX) ([]string, error) {
		rows, err := tx.QueryContext(ctx, query(tx))
		if err != nil {
			return nil, err
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("read the names of the columns: %w", err)
		}
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		var out []string
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return nil, fmt.Errorf("read a row: %w", err)
			}
			texts := make([]string, len(values))
			for i, v := range values {
				texts[i] = columnText(v)
			}
			out = append(out, strings.Join(texts, " | "))
		}
		return out, rows.Err()
	}
}

// columnText returns the value of a column as a person reads it.
func columnText(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
		return fmt.Sprintf("%x", v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}
