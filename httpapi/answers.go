package httpapi

import (
	"context"
	"time"
)

// Answers bounds what answers have in memory of large events, all together: those of a [Handler], and those that another protocol sends beside it. It may be used by any number of requests at once.
type Answers struct{ room *budget }

// NewAnswers returns one for so many bytes. Who finds no room waits for a time, and is then refused with the code rateLimited.
func NewAnswers(most int64, patience time.Duration) *Answers {
	return &Answers{newBudget(most, patience)}
}

// Take takes n bytes, which the caller gives back; more than there are at all are let through alone. The error is why there was no room in time, or why ctx ended before.
func (a *Answers) Take(ctx context.Context, n int64) error { return a.room.take(ctx, n) }

// Try takes n bytes, or returns false when there is no room.
func (a *Answers) Try(n int64) bool {
	_, ok := a.room.try(n)
	return ok
}

// Give gives back n bytes that were taken.
func (a *Answers) Give(n int64) { a.room.give(n) }

// Wanted says whether somebody waits for room.
func (a *Answers) Wanted() bool { return a.room.waiting.Load() > 0 }
