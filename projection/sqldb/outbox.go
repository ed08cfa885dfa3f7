package sqldb

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	_, err := t.ExecContext(ctx, t.b.t.q.effect, t.b.id.Name, number(e.Position), t.n, t.b.id.Version, kind, body)
	t.n++
	return err
}

// deliverPage is how many effects are read at once.
const deliverPage = 100

// Deliver sends the effects of a projection that were not sent yet, in order, and returns how many. An error of send ends it, and is returned; the same effect comes first the next time, until it is sent or [Target.GiveUpEffect] gives it up. An
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

// GiveUpEffect gives one effect up that was not sent yet, and stands in the way of those behind it: it is never sent, and its row of the outbox keeps why and by whose decision. The effect is
// named by its Projection, Position and N. One that was sent or given up before, or is not there, is [store.ErrNotFound].
func (t *Target) GiveUpEffect(ctx context.Context, e Effect, reason, actor string) error {
	if reason == "" || actor == "" {
		return fmt.Errorf("give up effect %s: %w: it takes a reason and an actor", e.Key(), store.ErrInvalid)
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	r, err := t.db.ExecContext(ctx, t.q.giveUpOne, reason, actor, e.Projection, number(e.Position), e.N)
	var n int64
	if err == nil {
		n, err = r.RowsAffected()
	}
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: it does not wait to be sent", store.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("give up effect %s: %w", e.Key(), err)
	}
	return nil
}

// PruneEffects removes what the effects of a projection say, kind and body, that were sent before a time by the database's clock, or given up at any, and returns of how many. Their rows stay in the
// outbox, so that none is ever written, and sent, a second time.
func (t *Target) PruneEffects(ctx context.Context, projectionName string, before time.Time) (n int, err error) {
	if err := t.prepare(ctx); err != nil {
		return 0, err
	}
	var rows int64
	r, err := t.db.ExecContext(ctx, t.q.prune, []byte{}, projectionName, before.UnixMicro())
	if err == nil {
		rows, err = r.RowsAffected()
	}
	if err != nil {
		return 0, fmt.Errorf("prune the effects of %s: %w", projectionName, err)
	}
	return int(rows), nil
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
