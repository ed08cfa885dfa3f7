package gesta

import (
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// DB is a store together with the types of the events in it. It may be used by any number of goroutines. It does not own the store: whoever opened that
// closes it.
type DB struct {
	store   store.Store
	catalog *catalog
	clock   func() time.Time
	ids     idSource
	kept    *kept
}

// New returns a DB on s. It returns one error that says all that is wrong with the types: fields that would not be stored, names that are there twice, chains of upcasters
// with gaps.
func New(s store.Store, options ...Option) (*DB, error) {
	b := &builder{clock: time.Now, kept: &kept{}} //nolint:forbidigo // the default
	for _, o := range options {
		o.configure(b)
	}
	if s == nil {
		b.failf("there is no store: it is nil")
	}
	c, err := b.catalog()
	if err != nil {
		return nil, fmt.Errorf("make a DB: %w", err)
	}
	return &DB{store: s, catalog: c, clock: b.clock, kept: b.kept}, nil
}

// Store returns the store that the DB was made with.
func (db *DB) Store() store.Store { return db.store }

// Now returns the time of the DB's clock, in whole microseconds, UTC. Commands take it as a parameter: what decides never asks for the time.
func (db *DB) Now() time.Time { return store.Time(db.clock()) }
