package auth_test

import (
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestTarget erases, and is told in words what was erased: nothing of what was refused.
func TestTarget(t *testing.T) {
	s := memory.New(memory.Options{})
	for range 12 {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-1", Type: "T"}}}); err != nil {
			t.Fatal(err)
		}
	}
	operator, err := auth.NewPrincipal("op", auth.Operate, "order-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		positions []store.Position
		want      string
	}{
		{[]store.Position{7}, "position 7"},
		{[]store.Position{12, 1, 3, 2, 3}, "positions 1 to 3, 12"},
		{[]store.Position{4, 99}, ""},
	} {
		ctx, target := auth.WithTarget(t.Context())
		eraser, ok := store.As[store.Eraser](auth.Store(s, operator, ""))
		if !ok {
			t.Fatal("it cannot erase")
		}
		if _, err := eraser.Erase(ctx, store.Erasure{Positions: tt.positions}); (err == nil) != (tt.want != "") {
			t.Error(err)
		}
		if got := target(); got != tt.want {
			t.Errorf("%v: %q; want %q", tt.positions, got, tt.want)
		}
	}
}
