package index

import "encoding/binary"

// nameTournament finds the lowest of the next names of several sequences. It is a tree of losers as [tournament] is. Of each name it knows how many
// bytes it begins with like the one that it lost to, or the last winner: of two names that lost to the same one, that which shares more with it is
// the lower, so that only those which share as much are compared, and from there on.
type nameTournament struct {
	nodes []nameEntry // nodes[0] is the winner
}

// nameEntry is the next name of a sequence.
type nameEntry struct {
	name   []byte // nil after the last one
	shared int    // bytes
	from   int    // the sequence
}

// newNameTournament begins with the first name of each sequence, of which there is at least one.
func newNameTournament(first [][]byte) nameTournament {
	t := nameTournament{nodes: make([]nameEntry, len(first))}
	t.nodes[0] = t.play(1, first)
	return t
}

// play fills node n and those below it, and returns the winner.
func (t *nameTournament) play(n int, first [][]byte) nameEntry {
	if i := n - len(first); i >= 0 {
		return nameEntry{name: first[i], from: i}
	}
	a, b := t.play(2*n, first), t.play(2*n+1, first)
	if meet(&a, &b) {
		t.nodes[n] = b
		return a
	}
	t.nodes[n] = a
	return b
}

// winner returns the lowest name, of those that are equal that of the first sequence. Its name is nil after the last one.
func (t *nameTournament) winner() *nameEntry { return &t.nodes[0] }

// replace has the next name of the winner's sequence compete in its place. Shared says how many bytes it begins with like the winner.
func (t *nameTournament) replace(next []byte, shared int) {
	e := nameEntry{name: next, shared: shared, from: t.nodes[0].from}
	for n := (e.from + len(t.nodes)) / 2; n > 0; n /= 2 {
		if loser := &t.nodes[n]; meet(loser, &e) {
			*loser, e = e, *loser
		}
	}
	t.nodes[0] = e
}

// meet says whether a wins against b. The loser then knows what it shares with the winner.
func meet(a, b *nameEntry) bool {
	switch {
	case a.name == nil || b.name == nil:
		return b.name == nil && (a.name != nil || a.from < b.from)
	case a.shared != b.shared:
		return a.shared > b.shared
	}
	n := sharedBytes(a.name, b.name, a.shared)
	var wins bool
	switch {
	case n < len(a.name) && n < len(b.name):
		wins = a.name[n] < b.name[n]
	case len(a.name) != len(b.name):
		wins = len(a.name) < len(b.name)
	default:
		wins = a.from < b.from
	}
	if wins {
		b.shared = n
	} else {
		a.shared = n
	}
	return wins
}

// sharedBytes returns how many bytes a and b begin with alike, of which the first from are known to be.
func sharedBytes(a, b []byte, from int) int {
	n, end := from, min(len(a), len(b))
	for n+8 <= end && binary.LittleEndian.Uint64(a[n:]) == binary.LittleEndian.Uint64(b[n:]) {
		n += 8
	}
	for n < end && a[n] == b[n] {
		n++
	}
	return n
}
