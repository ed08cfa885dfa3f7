package server

import (
	"errors"
	"sync/atomic"
)

// errTooManyConnections is why a connection is closed at once.
var errTooManyConnections = errors.New("too many connections")

// admission counts what is inside and lets in no more than a limit. It is used by several goroutines at once.
type admission struct {
	limit  int64
	inside atomic.Int64
}

// enter returns false when it is full. Who entered leaves once.
func (a *admission) enter() bool {
	if a.inside.Add(1) > a.limit {
		a.inside.Add(-1)
		return false
	}
	return true
}

func (a *admission) leave() { a.inside.Add(-1) }
