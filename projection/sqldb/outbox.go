package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// ErrUnsent says that effects of the active version were not sent yet.
var ErrUnsent = errors.New("gesta: unsent effects stand in the way")

// Effect is something to be done elsewhere: a mail, a request.
type Effect struct {
	Projection string
	Position   store.Position // of the event that leads to it
	N          int            // counts those of one event, from 0
	Kind       string
	Body       []byte
}

// Key names the effect, the same each time that it is sent and over all versions of the projection: for whoever must not do it twice.
func (e *Effect) Key() string { return fmt.Sprintf("%s/%d/%d", e.Projection, e.Position, e.N) }

// Effect puts on record that something is to be done elsewhere because of an event, the one that the handler was called with. It is part of the transaction, and done by
// [Target.Deliver] after the commit. The active version alone writes effects, and each one once over all versions: by the projection, the position of the event, and how many it had before.
func (t *Tx) Effect(ctx context.Context, e store.Recorded, kind string, body []byte) error {
	if !t.looked {
		active, err := t.b.active(ctx)
		if err != nil {
			return err
		}
		t.looked, t.isActive = true, active == t.b.id.Version
	}
	if !t.isActive {
		return nil
	}
	if t.position != e.Position {
		t.position, t.n = e.Position, 0
	}
	if body == nil {
		body = []byte{}
	}
	_, err := t.b.c.exec(ctx, t.b.t.q.effect, t.b.id.Name, number(e.Position), t.n, t.b.id.Version, kind, body)
	t.n++
	return err
}

// deliverPage is how many effects are read at once.
const deliverPage = 100

// Deliver sends the effects of a projection that were not sent yet, in order, and returns how many. An error of send ends it, and is returned; the same effect comes first the next time. An
// effect is sent at least once: a process that ends between send and taking note of it sends it again, and so do two that deliver at once.
func (t *Target) Deliver(ctx context.Context, projectionName string, send func(context.Context, Effect) error) (sent int, err error) {
	if err := t.prepare(ctx); err != nil {
		return 0, err
	}
	for {
		page, err := t.unsent(ctx, projectionName)
		if err != nil {
			return sent, fmt.Errorf("deliver the effects of %s: %w", projectionName, err)
		}
		for _, e := range page {
			if err := send(ctx, e); err != nil {
				return sent, fmt.Errorf("send effect %s: %w", e.Key(), err)
			}
			if _, err := t.db.ExecContext(ctx, t.q.sent, e.Projection, number(e.Position), e.N); err != nil {
				return sent, fmt.Errorf("take note of effect %s, which was sent: %w", e.Key(), err)
			}
			sent++
		}
		if len(page) < deliverPage {
			return sent, nil
		}
	}
}

// unsent returns the first effects that were not sent.
func (t *Target) unsent(ctx context.Context, name string) (page []Effect, err error) {
	rows, err := t.db.QueryContext(ctx, t.q.unsent, name, deliverPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		e := Effect{Projection: name}
		if err := rows.Scan(&e.Position, &e.N, &e.Kind, &e.Body); err != nil {
			return nil, err
		}
		page = append(page, e)
	}
	return page, rows.Err()
}

// settleEffects returns an error when effects were not sent, or gives them up.
func (b *books) settleEffects(ctx context.Context, giveUp bool) error {
	if giveUp {
		if _, err := b.c.exec(ctx, b.t.q.giveUp, b.id.Name); err != nil {
			return fmt.Errorf("give up unsent effects: %w", err)
		}
		return nil
	}
	var n int
	if err := b.c.row(ctx, b.t.q.countUnsent, b.id.Name).Scan(&n); err != nil {
		return fmt.Errorf("count unsent effects: %w", err)
	}
	if n > 0 {
		return fmt.Errorf("switch: %w: %s has %d", ErrUnsent, b.id.Name, n)
	}
	return nil
}
