package projection

import (
	"context"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// Progress is how far a projection is.
type Progress struct {
	ID   ID
	Head store.Position // of the store

	// State is what the target has: position, and what was seen, applied, skipped and parked.
	State State

	// Lag is by how many positions it is behind the head, whether or not it has handlers for what is there.
	Lag uint64

	// Behind is the age of the oldest event that it has not come to yet, by the clock of the DB; 0 when there is none.
	Behind time.Duration

	// Rate is how many positions this process comes forward in a second, over about the last ten seconds; 0 when it does not run the projection.
	Rate float64

	// ETA is when it comes to Head at this rate, from now; below 0 when it does not move.
	ETA time.Duration

	// Trouble is the last transient error of this process, nil when a batch was committed since.
	Trouble error
}

// Progress returns how far the projection is, by whatever process.
func (r *Runner[TX]) Progress(ctx context.Context) (Progress, error) {
	p := Progress{ID: r.id}
	var err error
	if p.State, err = r.target.State(ctx, r.id); err != nil {
		return p, r.ended(ctx, err)
	}
	if p.Head, err = r.db.Store().Head(ctx); err != nil {
		return p, r.ended(ctx, fmt.Errorf("read the head: %w", err))
	}
	p.Rate, p.Trouble = r.rate(r.db.Now())
	if p.State.Position >= p.Head {
		return p, nil
	}
	p.Lag = uint64(p.Head - p.State.Position)
	for next, err := range r.db.Store().Read(ctx, nil, store.ReadOptions{After: p.State.Position, Limit: 1}) {
		if err != nil {
			return p, r.ended(ctx, fmt.Errorf("read what comes next: %w", err))
		}
		p.Behind = max(r.db.Now().Sub(next.RecordedAt), 0)
	}
	p.ETA = -1
	if p.Rate > 0 {
		p.ETA = time.Duration(float64(p.Lag) / p.Rate * float64(time.Second))
	}
	return p, nil
}

// sightings are what this process has seen of the projection.
type sightings struct {
	position store.Position
	trouble  error
	samples  []sample // of about the last ten seconds, oldest first
}

// sample says where the projection was at a time.
type sample struct {
	at       time.Time
	position store.Position
}

const (
	rateWindow  = 10 * time.Second
	sampleEvery = 250 * time.Millisecond
)

// progressed takes note of a state that is committed, and wakes who waits.
func (r *Runner[TX]) progressed(s *State) {
	now := r.db.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.position = max(r.seen.position, s.Position)
	if n := len(r.seen.samples); n < 2 || now.Sub(r.seen.samples[n-2].at) >= sampleEvery {
		r.seen.samples = append(r.seen.samples, sample{})
	}
	r.seen.samples[len(r.seen.samples)-1] = sample{now, s.Position} // the newest is always true
	for len(r.seen.samples) > 2 && now.Sub(r.seen.samples[1].at) > rateWindow {
		r.seen.samples = r.seen.samples[1:]
	}
	close(r.moved)
	r.moved = make(chan struct{})
}

// troubled takes note of a transient error.
func (r *Runner[TX]) troubled(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.trouble = err
}

// rate returns how many positions a second the projection moves here, and what hinders it.
func (r *Runner[TX]) rate(now time.Time) (float64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen.samples) < 2 || r.running.Load() == 0 {
		return 0, r.seen.trouble
	}
	first, last := r.seen.samples[0], r.seen.samples[len(r.seen.samples)-1]
	elapsed := now.Sub(first.at)
	if elapsed <= 0 {
		return 0, r.seen.trouble
	}
	return float64(last.position-first.position) / elapsed.Seconds(), r.seen.trouble
}
