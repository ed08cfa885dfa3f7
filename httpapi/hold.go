package httpapi

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/store/eventjson"
)

// held counts the bytes of bodies that are in memory. Requests that take little may have a quarter more than the others: a few senders who take a lot, and are in
// no hurry to send it, keep nobody else from sending.
type held struct {
	most, little int64 // little is what a request may take at the most that counts as little
	used         atomic.Int64

	joining sync.Mutex // see gathering.join
}

// little is how much of a commit counts as little: more than most have.
const little = 1 << 20

// take takes n bytes, or refuses. all is what the request has with them.
func (b *held) take(n, all int64) error {
	most := b.most
	if all <= b.little {
		most += most / 4
	}
	if b.used.Add(n) > most {
		b.used.Add(-n)
		return &eventjson.Error{
			Code: eventjson.CodeRateLimited, Message: "the server holds as much of requests as it may", Hint: "repeat the request in a moment",
		}
	}
	return nil
}

func (b *held) give(n int64) { b.used.Add(-n) }

// hold is what one request has of what is held. Its sender has less time while that is something.
type hold struct {
	of   *held
	body *bodyReader // nil for one that has no other time
	size int64
}

func (k *hold) take(n int64) error {
	if err := k.of.take(n, k.size+n); err != nil {
		return err
	}
	if k.size += n; k.body != nil {
		k.body.hurry()
	}
	return nil
}

// hand leaves what is held to the caller, who gives it back.
func (k *hold) hand() int64 {
	n := k.size
	if k.size = 0; k.body != nil {
		k.body.relax()
	}
	return n
}

// The pieces in which bytes are gathered: more room is taken only when one is full.
const (
	firstPiece = 16 << 10
	mostPiece  = 1 << 20
)

// gathering collects bytes as they come, and counts them once. None is moved before all are there.
type gathering struct {
	hold
	most int64    // bytes that there can be
	got  int64    // bytes that are there
	full [][]byte // what of them came before b
	b    []byte
}

// room returns where the next bytes go. want is how many are expected, below 0 for any number.
func (g *gathering) room(want int64) ([]byte, error) {
	if len(g.b) == cap(g.b) {
		n := min(max(2*int64(cap(g.b)), firstPiece), mostPiece, g.most-g.got)
		if want >= 0 {
			n = min(n, want)
		}
		n = max(n, 1)
		if err := g.take(n); err != nil {
			return nil, err
		}
		if g.b != nil {
			g.full = append(g.full, g.b)
		}
		g.b = make([]byte, 0, n)
	}
	return g.b[len(g.b):cap(g.b)], nil
}

// filled says that n bytes are where room said.
func (g *gathering) filled(n int) {
	g.b = g.b[:len(g.b)+n]
	g.got += int64(n)
}

// add copies bytes.
func (g *gathering) add(p []byte) error {
	for len(p) > 0 {
		to, err := g.room(-1)
		if err != nil {
			return err
		}
		n := copy(to, p)
		g.filled(n)
		p = p[n:]
	}
	return nil
}

// join returns all bytes in one piece. While it copies they are in memory twice, which is one request at a time.
func (g *gathering) join() []byte {
	if g.full == nil {
		return g.b
	}
	g.of.joining.Lock()
	defer g.of.joining.Unlock()
	g.b = slices.Concat(append(g.full, g.b)...)
	g.full = nil
	return g.b
}

// drop forgets the bytes, and leaves what is held of them to the caller.
func (g *gathering) drop() int64 {
	g.full, g.b, g.got = nil, nil, 0
	return g.hand()
}

// free forgets the bytes and gives back what is held of them.
func (g *gathering) free() { g.of.give(g.drop()) }
