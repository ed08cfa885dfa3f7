package main

import (
	"fmt"
	"strings"

	"github.com/gestadb/gesta/store"
)

// umadbDocument is what gesta import umadb prints with --json.
type umadbDocument struct {
	Source    string          `json:"source"`
	Name      string          `json:"name"`
	Head      store.Position  `json:"head"` // of UmaDB, up to which it is copied
	Complete  bool            `json:"complete"`
	Appended  uint64          `json:"appended"`
	Present   uint64          `json:"present"`
	Bad       int             `json:"bad"`
	BadEvents []umadbBadEvent `json:"badEvents,omitempty"`
	Untracked uint64          `json:"untracked"`     // whose tracking is in the metadata alone
	Kept      bool            `json:"positionsKept"` // every event has the position that it has in UmaDB
}

type umadbBadEvent struct {
	Position store.Position `json:"position"`
	Problem  string         `json:"problem"`
}

// text says the same to people.
func (d *umadbDocument) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: up to position %d\n", d.Source, d.Head)
	fmt.Fprintf(&b, "  appended       %s\n", thousands(int(d.Appended))) //nolint:gosec // below 2^53
	fmt.Fprintf(&b, "  there already  %s\n", thousands(int(d.Present)))  //nolint:gosec // below 2^53
	fmt.Fprintf(&b, "  left out       %s\n", thousands(d.Bad))
	if d.Untracked > 0 {
		fmt.Fprintf(&b, "  not tracked    %s, which the store was tracked beyond or cannot track\n", thousands(int(d.Untracked))) //nolint:gosec // below 2^53
	}
	if d.Appended+d.Present > 0 {
		positions := "those of UmaDB"
		if !d.Kept {
			positions = "others than in UmaDB, which are in the metadata"
		}
		fmt.Fprintf(&b, "  positions      %s\n", positions)
	}
	if !d.Complete {
		b.WriteString("Interrupted: the same command goes on where this one ended.\n")
	}
	return b.String()
}
