package auth_test

import (
	"errors"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
)

// TestSystemStreamsBreakNoGuard appends under conditions over everything after an event of a system stream came, which none but an admin can see.
func TestSystemStreamsBreakNoGuard(t *testing.T) {
	inner := fill(t, "a-1", "$x")
	c := store.Commit{Guards: []store.Guard{store.NoneMatch{After: 1}}}
	user, admin := as(t, inner, auth.Append), as(t, inner, auth.Admin)
	started := powerOf[store.Starter](t, user).Start
	calls := map[string]func() error{
		"append": func() error { _, err := user.Append(t.Context(), c); return err },
		"start":  func() error { _, err := started(t.Context(), c)(); return err },
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := admin.Append(t.Context(), c); !errors.Is(err, store.ErrConflict) {
		t.Errorf("an admin, who sees the event: %v", err)
	}
	_, err := inner.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-1", Type: "T"}}})
	ok(t, err)
	for name, call := range calls {
		if err := call(); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s, where an event came that can be seen: %v", name, err)
		}
	}
}
