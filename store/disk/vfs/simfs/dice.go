package simfs

import "math/rand/v2"

// dice is the fate that decides by chance.
type dice struct {
	rng  *rand.Rand
	torn bool
}

// odds returns how likely each of many things is kept: never, always, or a
// chance between that is drawn here. Without the extremes, long runs of changes
// would never be found whole or lost whole.
func (d *dice) odds() float64 {
	switch d.rng.IntN(6) {
	case 0:
		return 0
	case 1:
		return 1
	}
	return d.rng.Float64()
}

func (d *dice) keepNames() func() bool {
	odds := d.odds()
	return func() bool { return d.rng.Float64() < odds }
}

func (d *dice) size(spans []span) (int, int64) {
	if len(spans) == 1 && spans[0].lo == spans[0].hi {
		return 0, spans[0].lo
	}
	at := len(spans) - 1
	if d.rng.IntN(2) == 0 {
		at = d.rng.IntN(len(spans))
	}
	s := spans[at]
	switch d.rng.IntN(4) {
	case 0:
		return at, s.lo
	case 1:
		return at, s.hi
	case 2: // A whole number of sectors, as file systems write them.
		size := s.lo + d.rng.Int64N(s.hi-s.lo+1)
		return at, max(s.lo, size/sectorSize*sectorSize)
	}
	return at, s.lo + d.rng.Int64N(s.hi-s.lo+1)
}

func (d *dice) sectors() func(base *sector, later []version) *sector {
	odds := d.odds()
	return func(base *sector, later []version) *sector {
		if len(later) == 0 || d.rng.Float64() >= odds {
			return base
		}
		// The last version is the likely one: the others need a write-back
		// between two writes.
		i := len(later) - 1
		if d.rng.IntN(2) == 0 {
			i = d.rng.IntN(len(later))
		}
		found := later[i].sector
		if d.torn && d.rng.IntN(2) == 0 {
			older := base
			if j := d.rng.IntN(i + 1); j > 0 {
				older = later[j-1].sector
			}
			found = found.splice(older, 1+d.rng.IntN(sectorSize-1))
		}
		return found
	}
}
