package gesta_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// mapKeeper keeps states in a map.
type mapKeeper struct {
	mu     sync.Mutex
	states map[string]map[string][]byte // by subject and fold
}

func (k *mapKeeper) Get(_ context.Context, subject, fold string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.states[subject][fold], nil
}

func (k *mapKeeper) Put(_ context.Context, subject, fold string, value []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.states[subject] == nil {
		k.states[subject] = map[string][]byte{}
	}
	k.states[subject][fold] = value
	return nil
}

func (k *mapKeeper) Forget(_ context.Context, subject string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.states, subject)
	return nil
}

// A keeper of one's own: three methods. It knows nothing of what it keeps, and may lose it.
func ExampleKeeper() {
	type Rated struct{ Stars int }
	ctx := context.Background()
	k := &mapKeeper{states: map[string]map[string][]byte{}}
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[Rated]{"film.rated": Rated{}}, gesta.Keep(k, gesta.Every(1)))
	if err != nil {
		log.Fatal(err)
	}
	films := gesta.Decider[int, Rated]{Category: "film", Evolve: func(stars int, e Rated) int { return stars + e.Stars }}
	for range 2 {
		res, err := films.Handle(ctx, db, "1", func(int) ([]Rated, error) { return []Rated{{Stars: 4}}, nil })
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.State, "stars, states kept:", len(k.states["film-1"]))
		clear(k.states) // all is lost: that costs time, and nothing else
	}
	// Output:
	// 4 stars, states kept: 1
	// 8 stars, states kept: 1
}
