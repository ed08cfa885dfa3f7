package storetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/gestadb/gesta/store"
)

// race is a kind of concurrent use: each client calls next for its calls. One random source serves one client.
type race struct {
	name string
	next func(rnd *rand.Rand, last store.Position) call
}

// call is one call of a client: an append, a read or a look-up.
type call struct {
	append  *store.Commit
	read    store.Query // when neither append nor the names below are set
	tracked string      // a source
	lookup  string      // a key
	erase   []store.Position
}

// races has one kind for each guard, for tracking and for keys.
var races = []race{
	{"StreamAt", func(rnd *rand.Rand, _ store.Position) call {
		stream := fmt.Sprintf("a-%d", rnd.IntN(2))
		if rnd.IntN(3) == 0 {
			return call{read: store.Query{{Stream: stream}}}
		}
		return appending(event(stream, "T"), store.StreamAt{Stream: stream, Version: rnd.Uint64N(12)})
	}},
	{"StreamExists", func(rnd *rand.Rand, _ store.Position) call {
		a, b := fmt.Sprintf("a-%d", rnd.IntN(60)), fmt.Sprintf("a-%d", rnd.IntN(60))
		switch rnd.IntN(3) {
		case 0:
			return call{read: store.Query{{Stream: a}, {Stream: b}}}
		case 1:
			return appending(event(a, "T"), store.StreamAt{Stream: a})
		default:
			return appending(event(a, "T"), store.StreamExists{Stream: b})
		}
	}},
	{"NoneMatch types and tags", func(rnd *rand.Rand, last store.Position) call {
		e := event("", fmt.Sprintf("T%d", rnd.IntN(2)), fmt.Sprintf("x%d", rnd.IntN(2)), fmt.Sprintf("y%d", rnd.IntN(2)))
		q := store.Query{{Types: []string{e.Type}, Tags: e.Tags}, {Types: []string{"T1"}, Tags: []string{"x0", "y1"}}}
		if rnd.IntN(3) == 0 {
			return call{read: q}
		}
		return appending(e, store.NoneMatch{Query: q, After: last})
	}},
	{"NoneMatch stream and category", func(rnd *rand.Rand, last store.Position) call {
		e := event(fmt.Sprintf("%c-%d", 'a'+rnd.IntN(2), rnd.IntN(3)), "T")
		q := store.Query{{Stream: e.Stream}, {Category: "b", Types: []string{"T"}}}
		if rnd.IntN(3) == 0 {
			return call{read: q}
		}
		return appending(e, store.NoneMatch{Query: q, After: last})
	}},
	{"NoneMatch whole store", func(rnd *rand.Rand, last store.Position) call {
		if rnd.IntN(3) == 0 {
			return call{read: store.Query{}}
		}
		return appending(event("a-1", "T"), store.NoneMatch{After: last + store.Position(rnd.IntN(3))})
	}},
	{"several guards", func(rnd *rand.Rand, last store.Position) call {
		a, b := fmt.Sprintf("a-%d", rnd.IntN(3)), fmt.Sprintf("b-%d", rnd.IntN(3))
		if rnd.IntN(4) == 0 {
			return call{read: store.Query{{Stream: a}, {Stream: b}}}
		}
		c := appending(event(a, "T"), store.StreamAt{Stream: a, Version: rnd.Uint64N(6)}, store.StreamExists{Stream: b},
			store.NoneMatch{Query: store.Query{{Stream: b}}, After: last})
		if rnd.IntN(3) == 0 {
			c.append.Guards = nil
		}
		c.append.Events = append(c.append.Events, event(b, "T"))
		return c
	}},
	{"tracking", func(rnd *rand.Rand, _ store.Position) call {
		source := fmt.Sprintf("s%d", rnd.IntN(2))
		if rnd.IntN(3) == 0 {
			return call{tracked: source}
		}
		c := appending(event("", "T"))
		c.append.Tracking = &store.Tracking{Source: source, Position: 1 + rnd.Uint64N(60)}
		if rnd.IntN(3) == 0 {
			c.append.Events = nil
		}
		return c
	}},
	{"keys", func(rnd *rand.Rand, _ store.Position) call {
		key := fmt.Sprintf("k%d", rnd.IntN(40))
		if rnd.IntN(4) == 0 {
			return call{lookup: key}
		}
		c := appending(event("a-1", fmt.Sprintf("T%d", rnd.IntN(8)/7)), store.StreamAt{Stream: "a-1", Version: rnd.Uint64N(40)})
		if rnd.IntN(2) == 0 {
			c.append.Guards = nil
		}
		c.append.Key = key
		return c
	}},
	{"erasures", func(rnd *rand.Rand, last store.Position) call {
		if rnd.IntN(3) == 0 {
			from := last - min(last, store.Position(rnd.IntN(20)))
			return call{erase: []store.Position{from, from + 1}}
		}
		e := event("a-1", "T")
		e.Data = []byte{byte('0' + rnd.IntN(2))}
		c := appending(e)
		c.append.Key = fmt.Sprintf("k%d", rnd.IntN(40))
		return c
	}},
}

func appending(e store.Event, guards ...store.Guard) call {
	return call{append: &store.Commit{Events: []store.Event{e}, Guards: guards}}
}
