package history

import "github.com/gestadb/gesta/store"

// KeptBytes is how much memory takes what is kept of the flips beside their places.
func (b *Bisection) KeptBytes() (n int) {
	for i := range b.flips.places {
		if f := b.flips.places[i].flip; f != nil {
			n += f.bytes()
		}
	}
	return n
}

// Positions is the set of positions that a difference is found by.
type Positions struct{ set positions }

func (p *Positions) Add(at store.Position)      { p.set.add(at) }
func (p *Positions) Has(at store.Position) bool { return p.set.has(at) }
