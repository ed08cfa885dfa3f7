package index

import (
	"cmp"
	"slices"
)

// patience bounds the seeks of one step of an intersection. Lists that never meet are then walked in several calls.
const patience = 1 << 14

// intersection is the numbers that all its cursors have. They are lists or unions of lists: none of them pauses.
type intersection struct {
	cursors  []cursor // the one with the fewest numbers first
	backward bool
}

// newIntersection takes the cursors over; there is at least one.
func newIntersection(cursors []cursor, backward bool) cursor {
	if len(cursors) == 1 {
		return cursors[0]
	}
	x := new(intersection)
	x.reset(cursors, backward)
	return x
}

// reset takes the cursors over.
func (x *intersection) reset(cursors []cursor, backward bool) {
	slices.SortStableFunc(cursors, func(a, b cursor) int { return cmp.Compare(a.size(), b.size()) })
	x.cursors, x.backward = cursors, backward
}

func (x *intersection) size() uint64 { return x.cursors[0].size() }

// seek leaps from list to list: each is asked for the number that the one before answered, until all agree.
func (x *intersection) seek(target uint64) (uint64, status, error) {
	n, agreed := target, 0
	for i, work := 0, 0; ; i = (i + 1) % len(x.cursors) {
		got, s, err := x.cursors[i].seek(n)
		if err != nil || s == ended {
			return 0, ended, err
		}
		if got == n && agreed > 0 {
			agreed++
		} else {
			n, agreed = got, 1
		}
		if agreed == len(x.cursors) {
			return n, found, nil
		}
		if work++; work >= patience {
			return n, paused, nil
		}
	}
}

// union is the numbers that any of its cursors has. It is a heap: the cursor with the first number on top.
type union struct {
	heap     []member
	started  bool
	backward bool
	total    uint64
}

type member struct {
	cursor
	n uint64
	s status // found or paused
}

// newUnion takes the cursors over.
func newUnion(cursors []cursor, backward bool) cursor {
	if len(cursors) == 1 {
		return cursors[0]
	}
	u := new(union)
	u.reset(cursors, backward)
	return u
}

// reset makes u the union of cursors, at its beginning. It does not keep the slice.
func (u *union) reset(cursors []cursor, backward bool) {
	u.heap, u.started, u.backward, u.total = u.heap[:0], false, backward, 0
	for _, c := range cursors {
		u.heap = append(u.heap, member{cursor: c})
		u.total += c.size()
	}
}

func (u *union) size() uint64 { return u.total }

func (u *union) seek(target uint64) (uint64, status, error) {
	if !u.started {
		if err := u.start(target); err != nil {
			return 0, ended, err
		}
	}
	for len(u.heap) > 0 && u.before(u.heap[0].n, target) {
		top := &u.heap[0]
		n, s, err := top.seek(target)
		if err != nil {
			return 0, ended, err
		}
		top.n, top.s = n, s
		if s == ended {
			u.heap[0] = u.heap[len(u.heap)-1]
			u.heap = u.heap[:len(u.heap)-1]
		}
		u.down(0)
	}
	if len(u.heap) == 0 {
		return 0, ended, nil
	}
	return u.heap[0].n, u.heap[0].s, nil
}

func (u *union) start(target uint64) error {
	u.started = true
	live := u.heap[:0]
	for _, m := range u.heap {
		n, s, err := m.seek(target)
		if err != nil {
			return err
		}
		if s != ended {
			live = append(live, member{m.cursor, n, s})
		}
	}
	u.heap = live
	for i := len(live)/2 - 1; i >= 0; i-- {
		u.down(i)
	}
	return nil
}

func (u *union) before(a, b uint64) bool {
	if u.backward {
		return a > b
	}
	return a < b
}

func (u *union) down(i int) {
	for {
		first := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(u.heap); c++ {
			if u.before(u.heap[c].n, u.heap[first].n) {
				first = c
			}
		}
		if first == i {
			return
		}
		u.heap[i], u.heap[first] = u.heap[first], u.heap[i]
		i = first
	}
}
