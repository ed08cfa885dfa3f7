package sqldb

import (
	"database/sql"
	"errors"
)

// Row is one row at the most, as [sql.Row] is. It is open until Scan, which it takes: a handler that does not call it has left rows open.
type Row struct {
	rows *sql.Rows // nil when there is an error
	err  error
}

// Err returns the error of the query, without a Scan. No row is none.
func (r *Row) Err() error { return r.err }

// Scan copies the columns of the row, the first if there are several, and closes it. Without a row it returns [sql.ErrNoRows]. A [sql.RawBytes] is an error: its row is closed.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer func() { _ = r.rows.Close() }() // where that matters, it was closed before
	for _, d := range dest {
		if _, raw := d.(*sql.RawBytes); raw {
			return errors.New("a Row cannot be scanned into RawBytes")
		}
	}
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	return r.rows.Close()
}
