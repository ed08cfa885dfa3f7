//go:build cgo

package sqlite

import (
	"github.com/mattn/go-sqlite3"

	"github.com/gestadb/gesta/bench/rival"
)

// Mattn opens SQLite by github.com/mattn/go-sqlite3.
var Mattn = rival.Maker{
	Name:    "sqlite-mattn",
	Open:    func(dir string, sync bool) (rival.Store, error) { return open(&sqlite3.SQLiteDriver{}, dir, sync) },
	Reopens: true,
	Notes:   "github.com/mattn/go-sqlite3 v1.14.52 by cgo: " + notes,
}

// Makers are those that this build has.
var Makers = []rival.Maker{Modernc, Mattn}
