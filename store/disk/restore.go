package disk

import (
	"context"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// restoreWindow is how many restored commits are on their way at once.
const restoreWindow = 1024

// Restore appends recorded commits as they are; see [store.Restorer].
func (s *Store) Restore(ctx context.Context, commits iter.Seq2[store.RecordedCommit, error]) error {
	if err := s.writable(ctx); err != nil {
		return err
	}
	err := s.restoreAll(ctx, commits)
	if err != nil {
		return err
	}
	return s.finishErasures()
}

func (s *Store) restoreAll(ctx context.Context, commits iter.Seq2[store.RecordedCommit, error]) (err error) {
	var waiting []*request
	run := &restoreRun{}
	defer func() {
		for _, r := range waiting { // behind one that is refused all are
			if failed := s.awaitRestored(ctx, r); err == nil {
				err = failed
			}
		}
	}()
	for c, err := range commits {
		if err != nil {
			return err
		}
		r, err := s.restoreRequest(ctx, &c)
		if err != nil {
			return err
		}
		r.restored.run = run
		if err := s.enqueue(ctx, r); err != nil {
			return err
		}
		if waiting = append(waiting, r); len(waiting) == restoreWindow {
			oldest := waiting[0]
			waiting = waiting[1:]
			if err := s.awaitRestored(ctx, oldest); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaitRestored waits for a restored commit, which must not have been there.
func (s *Store) awaitRestored(ctx context.Context, r *request) error {
	res, err := s.await(ctx, r)
	if err == nil && res.Duplicate {
		err = &store.KeyReusedError{Key: r.key, First: res.First}
	}
	if err != nil {
		return fmt.Errorf("restore the commit at position %d: %w", r.restored.first, err)
	}
	return nil
}

// restoreRequest makes the request for a recorded commit.
func (s *Store) restoreRequest(ctx context.Context, c *store.RecordedCommit) (*request, error) {
	commit, err := validRestored(c)
	if err != nil {
		return nil, err
	}
	r := s.w.requests.of(ctx, &commit)
	r.restored = &restored{first: c.After, time: segment.Micros(c.RecordedAt)}
	payloads := make([]segment.Payload, len(c.Events))
	var fresh bool
	for i := range c.Events {
		e := &c.Events[i]
		r.restored.versions = append(r.restored.versions, e.Version)
		payloads[i].Erased = e.Erased
		switch {
		case e.Erased != 0:
		case i < len(c.Salts) && len(c.Salts[i]) > 0:
			payloads[i].Salt = c.Salts[i]
		default:
			fresh = true
		}
	}
	if len(c.Events) > 0 {
		r.restored.first = c.Events[0].Position
	}
	if fresh {
		if _, err := freshSalts(payloads, nil); err != nil {
			return nil, err
		}
	}
	return r, r.encode(commit.Events, payloads)
}

// validRestored makes a plain commit of a recorded one, and says what no store could have recorded.
func validRestored(c *store.RecordedCommit) (store.Commit, error) {
	commit := store.Commit{Key: c.Key, Tracking: c.Tracking}
	for i := range c.Events {
		e := &c.Events[i]
		if e.Position != c.Events[0].Position+store.Position(i) || e.Position == 0 || e.Position > store.MaxPosition {
			return commit, &store.InvalidError{Problem: fmt.Sprintf("position %d is not the place of event %d of the commit at %d", e.Position, i+1, c.Events[0].Position)}
		}
		if (e.Stream == "") != (e.Version == 0) {
			return commit, &store.InvalidError{Problem: fmt.Sprintf("position %d has version %d in stream %q", e.Position, e.Version, e.Stream)}
		}
		if e.Erased != 0 && (e.Erased <= e.Position || e.Erased > store.MaxPosition) {
			return commit, &store.InvalidError{Problem: fmt.Sprintf("position %d cannot have been erased at position %d", e.Position, e.Erased)}
		}
		if target, ok := store.ErasedPosition(&e.Event); ok && target >= e.Position {
			return commit, &store.InvalidError{Problem: fmt.Sprintf("position %d cannot erase position %d, which is not before it", e.Position, target)}
		}
		if e.Erased != 0 && len(e.Data)+len(e.Metadata) > 0 {
			return commit, &store.InvalidError{Problem: fmt.Sprintf("position %d is erased and has a payload", e.Position)}
		}
		commit.Events = append(commit.Events, e.Event)
	}
	for i, salt := range c.Salts {
		if len(salt) != 0 && (len(salt) != store.SaltBytes || allZero(salt)) {
			return commit, &store.InvalidError{Problem: fmt.Sprintf("salt %d of the commit is not %d bytes, or all zero", i+1, store.SaltBytes)}
		}
	}
	if len(c.Events) == 0 && c.Tracking == nil {
		return commit, &store.InvalidError{Problem: "a recorded commit has neither events nor tracking"}
	}
	return commit, store.ValidateRestored(&commit)
}
