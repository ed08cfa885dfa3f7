package gesta_test

import (
	"context"
	"log"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// noon is when the examples begin.
var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// newBank returns a DB in which some things have happened to account 42, an hour apart from noon on. Its clock then stands still.
func newBank(events ...AccountEvent) *gesta.DB {
	now := noon
	clock := func() time.Time { return now }
	db, err := gesta.New(memory.New(memory.Options{Clock: clock}), AccountTypes, PurseTypes, gesta.WithClock(clock))
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range events {
		if _, err := Account.Handle(context.Background(), db, "42", func(State) ([]AccountEvent, error) { return []AccountEvent{e}, nil }); err != nil {
			log.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	return db
}

// newSchool returns a DB in which the course go has two seats, and ann has one of them. It is noon.
func newSchool() *gesta.DB {
	clock := func() time.Time { return noon }
	db, err := gesta.New(memory.New(memory.Options{Clock: clock}), CourseTypes, gesta.WithClock(clock))
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range []gesta.Decision[CourseEvent]{Offer("go", 2), Enroll("go", "ann")} {
		if _, err := gesta.Decide(context.Background(), db, d); err != nil {
			log.Fatal(err)
		}
	}
	return db
}

// newArchive returns a store with what other programs wrote.
func newArchive(events ...store.Event) store.Store {
	s := memory.New(memory.Options{})
	if _, err := s.Append(context.Background(), store.Commit{Events: events}); err != nil {
		log.Fatal(err)
	}
	return s
}

// erase takes away the payload of an event.
func erase(s store.Store, p store.Position) {
	eraser, ok := store.As[store.Eraser](s)
	if !ok {
		log.Fatal("this store erases nothing")
	}
	if _, err := eraser.Erase(context.Background(), store.Erasure{Positions: []store.Position{p}, Reason: "she asked"}); err != nil {
		log.Fatal(err)
	}
}

// ask returns what a view amounts to now.
func ask[S any](db *gesta.DB, v *gesta.View[S]) S {
	l, err := v.Load(context.Background(), db)
	if err != nil {
		log.Fatal(err)
	}
	return l.State
}
