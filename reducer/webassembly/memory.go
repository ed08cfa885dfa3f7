package webassembly

import (
	"github.com/tetratelabs/wazero/experimental"
)

// linear is the memory of the instances of a rule, of which there is one at a time. It has room for all that an instance may have, so that growing neither copies it nor
// leaves anything behind; what was never used of it is not in memory.
type linear struct {
	room []byte
	used int // all that was ever given out; behind it there are zeros
}

// Allocate gives the room to an instance.
func (l *linear) Allocate(_, most uint64) experimental.LinearMemory {
	if uint64(len(l.room)) < most {
		l.room = make([]byte, most)
	} else {
		clear(l.room[:l.used])
	}
	l.used = 0
	return l
}

// Reallocate returns so many bytes of the room.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(len(l.room)) {
		return nil
	}
	l.used = max(l.used, int(size)) //nolint:gosec // bounded above
	return l.room[:size:size]
}

// Free does nothing: the next instance gets the room.
func (l *linear) Free() {}
