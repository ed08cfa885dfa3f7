package memory_test

import (
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// The powers that the reference has: all of them.
var _ interface {
	store.Store
	store.Tracker
	store.Keys
	store.Starter
	store.Dumper
	store.Restorer
	store.Lister
	store.Identity
	store.IDs
	store.Limiter
	store.Measurer
	store.Checker
	store.Eraser
	store.Truncater
} = (*memory.Store)(nil)
