package index

// tournament finds the lowest of the next numbers of several sequences, with one comparison for each doubling of how many those are. It is a tree of
// losers: each node has the higher of two numbers that met there, the lower one went on.
type tournament struct {
	nodes []uint64 // nodes[0] is the winner; below node n are the nodes 2n and 2n+1, or from len(nodes) on the sequences
}

// newTournament begins with the first number of each sequence, of which there is at least one. All numbers are different, but those that come
// again and again after a sequence's end.
func newTournament(first []uint64) tournament {
	t := tournament{nodes: make([]uint64, len(first))}
	t.nodes[0] = t.play(1, first)
	return t
}

// play fills node n and those below it, and returns the winner.
func (t *tournament) play(n int, first []uint64) uint64 {
	if n >= len(first) {
		return first[n-len(first)]
	}
	a, b := t.play(2*n, first), t.play(2*n+1, first)
	t.nodes[n] = max(a, b)
	return min(a, b)
}

// lowest returns the winner.
func (t *tournament) lowest() uint64 { return t.nodes[0] }

// replace has the next number of sequence i, which had the winner, compete in its place.
func (t *tournament) replace(i int, next uint64) {
	for n := (i + len(t.nodes)) / 2; n > 0; n /= 2 {
		loser := t.nodes[n]
		t.nodes[n] = max(loser, next)
		next = min(loser, next)
	}
	t.nodes[0] = next
}
