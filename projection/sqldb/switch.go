package sqldb

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// The errors of versions side by side.
var (
	// ErrActive says that what was asked is not possible with the version that is active.
	ErrActive = errors.New("gesta: not possible with the active version")

	// ErrParked says that one of the versions has parked events: the effects of those of the active one would never be written, and readers would miss the changes of those of the other.
	ErrParked = errors.New("gesta: parked events stand in the way")
)

// Switch lets readers see the tables of another version: the views of the plain names, and which version is active, change in one transaction, while both stand at the same position. The version that was active goes
// on being fed, so that a switch back loses nothing, until [Target.Drop]. While one of them has parked events it is
// [ErrParked], and while the active one has unsent effects [ErrUnsent], unless all of that is given up: such effects are never sent. A from that is not active is [ErrActive]; to
// switch again to what is active already changes nothing.
func (t *Target) Switch(ctx context.Context, from, to *projection.Runner[*Tx], giveUp bool) error {
	if from.ID().Name != to.ID().Name {
		return fmt.Errorf("switch: %v and %v are two projections", from.ID(), to.ID())
	}
	return projection.Together(ctx, from, to, func(ctx context.Context, _ store.Position, tx projection.Tx[*Tx]) error {
		c := tx.Handle().b.c
		old, now := &books{t: t, c: c, id: from.ID()}, &books{t: t, c: c, id: to.ID()}
		active, err := old.active(ctx)
		switch {
		case err != nil:
			return err
		case active == now.id.Version:
			return nil // by a commit that said it had failed
		case active != old.id.Version:
			return fmt.Errorf("switch from %v: %w, which is %d", old.id, ErrActive, active)
		}
		for _, b := range []*books{old, now} {
			state, err := b.Load(ctx)
			if err != nil {
				return err
			}
			if state.Parked > 0 && !giveUp {
				return fmt.Errorf("switch: %w: %v has %d", ErrParked, b.id, state.Parked)
			}
		}
		if err := old.settleEffects(ctx, giveUp); err != nil {
			return err
		}
		return t.point(ctx, old, now)
	})
}

// point re-points all views.
func (t *Target) point(ctx context.Context, old, now *books) error {
	hidden, err := old.names(ctx)
	if err != nil {
		return err
	}
	for _, name := range hidden {
		if err := old.hide(ctx, name); err != nil {
			return err
		}
	}
	shown, err := now.names(ctx)
	if err != nil {
		return err
	}
	for _, name := range shown {
		if err := now.show(ctx, name); err != nil {
			return err
		}
	}
	return now.one(projection.ErrChanged)(now.c.exec(ctx, t.q.activate, now.id.Version, now.id.Name))
}

// Drop drops the tables of a version and all that is kept of it. Its runners have been stopped: one that goes on would begin it anew. The active version is [ErrActive],
// unless it is the only one: the projection is gone with it, but for its outbox, so that what was put on record is sent, and not again by a projection of the same name.
func (t *Target) Drop(ctx context.Context, id projection.ID) error {
	tx, err := t.Begin(ctx, id)
	if err != nil {
		return fmt.Errorf("drop %v: %w", id, err)
	}
	defer tx.Rollback()
	b := &books{t: t, c: tx.Handle().b.c, id: id}
	active, err := b.active(ctx)
	if err != nil {
		return fmt.Errorf("drop %v: %w", id, err)
	}
	names, err := b.names(ctx)
	if err != nil {
		return fmt.Errorf("drop %v: %w", id, err)
	}
	if active == id.Version {
		if err := b.deactivate(ctx, names); err != nil {
			return fmt.Errorf("drop %v: %w", id, err)
		}
	}
	for _, name := range names {
		if _, err := b.c.conn.ExecContext(ctx, `DROP TABLE IF EXISTS `+tableOf(id, name)); err != nil {
			return fmt.Errorf("drop %v: %w", id, err)
		}
	}
	for _, query := range t.q.drop {
		if _, err := b.c.exec(ctx, query, id.Name, id.Version); err != nil {
			return fmt.Errorf("drop %v: %w", id, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("drop %v: %w", id, err)
	}
	t.disown(id)
	return nil
}

// deactivate drops the views of the only version, and what says that it is active. While there is another one, it is [ErrActive].
func (b *books) deactivate(ctx context.Context, names []string) error {
	var others int
	if err := b.c.row(ctx, b.t.q.others, b.id.Name, b.id.Version).Scan(&others); err != nil {
		return fmt.Errorf("count the other versions: %w", err)
	}
	if others > 0 {
		return ErrActive
	}
	for _, name := range names {
		if err := b.hide(ctx, name); err != nil {
			return err
		}
	}
	_, err := b.c.exec(ctx, b.t.q.inactive, b.id.Name)
	return err
}
