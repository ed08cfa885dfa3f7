package main

import (
	"slices"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/bbolt"
	"github.com/gestadb/gesta/bench/rival/nats"
	"github.com/gestadb/gesta/bench/rival/pebble"
	"github.com/gestadb/gesta/bench/rival/postgres"
	"github.com/gestadb/gesta/bench/rival/sqlite"
)

// rivals are the stores beside gesta. One that does not work here, such as a server that is not installed, is a line in the report.
func rivals() []rival.Maker {
	return slices.Concat([]rival.Maker{pebble.Maker, bbolt.Maker}, sqlite.Makers, []rival.Maker{nats.Maker, postgres.Maker})
}

// modulePrefixes begin the paths of the modules whose versions the report names.
var modulePrefixes = []string{
	"github.com/cockroachdb/pebble", "go.etcd.io/bbolt", "modernc.org/sqlite", "github.com/mattn/go-sqlite3", "github.com/nats-io/nats-server",
	"github.com/nats-io/nats.go", "github.com/jackc/pgx",
}

// notBuilt says which rivals this build has not, and why.
func notBuilt() []string {
	if slices.ContainsFunc(sqlite.Makers, func(m rival.Maker) bool { return m.Name == "sqlite-mattn" }) {
		return nil
	}
	return []string{"**sqlite-mattn** is left out: this was built without cgo"}
}
