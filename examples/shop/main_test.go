package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/projection"
)

// program runs the program as a person would, in one directory.
type program struct{ dir string }

func (p program) run(ctx context.Context, command string, out io.Writer) error {
	return run(ctx, append([]string{"-store", p.dir, "-read", filepath.Join(p.dir, "carts.db")}, strings.Fields(command)...), out)
}

var errAny = errors.New("any error")

func TestProgram(t *testing.T) {
	shop := program{t.TempDir()}
	var before string // a time
	for _, tt := range []struct {
		command, want string
		err           error
	}{
		{"carts", "", errAny}, // there is no store yet
		{"add 1 cup 2 900", "cart 1: 2 for 18.00\n", nil},
		{"add 1 pot 1 2500", "cart 1: 3 for 43.00\n", nil},
		{"add 2 cup 1 900", "cart 2: 1 for 9.00\n", nil},
		{"carts", "cart 1: 3 for 43.00, open\ncart 2: 1 for 9.00, open\nas of position 3; 3 events: 3 applied, 0 parked, 0 skipped\n", nil},
		{"now", "", errUsage},
		{"remove 1 cup 2", "cart 1: 1 for 25.00\n", nil},
		{"remove 1 cup 1", "", ErrNotIn},
		{"checkout 1 ada", "cart 1: 1 for 25.00\n", nil},
		{"add 1 cup 1 900", "", ErrPlaced},
		{"checkout 3 bob", "", ErrEmpty},
		{"carts", "cart 1: 1 for 25.00, ordered\ncart 2: 1 for 9.00, open\nas of position 5; 5 events: 5 applied, 0 parked, 0 skipped\n", nil},
		{"carts BEFORE", "cart 1: 3 for 43.00, open\ncart 2: 1 for 9.00, open\nas of position 3; 3 events: 3 applied, 0 parked, 0 skipped\n", nil},
		{"carts 2001-01-01T00:00:00Z", "as of position 0; 0 events: 0 applied, 0 parked, 0 skipped\n", nil},
		{"carts yesterday", "", errAny},
		{"mail", "receipt carts/5/0: ada pays 25.00 for cart 1\n", nil},
		{"mail", "", nil},
		{"parked", "", nil},
		{"retry 1", "0 applied\n", nil},
		{"skip 5 reason ada", "", projection.ErrNotParked},
		{"skip five reason ada", "", errAny},
		{"add 1 cup many 900", "", errAny},
		{"add 1 cup", "", errUsage},
		{"dance", "", errUsage},
		{"", "", errUsage},
	} {
		if tt.command == "now" {
			before = time.Now().UTC().Format(time.RFC3339Nano)
		}
		var out strings.Builder
		err := shop.run(t.Context(), strings.ReplaceAll(tt.command, "BEFORE", before), &out)
		if diff := cmp.Diff(tt.want, out.String()); diff != "" || !errors.Is(err, tt.err) && (!errors.Is(tt.err, errAny) || err == nil) {
			t.Errorf("%s: %v; want %v\n%s", tt.command, err, tt.err, diff)
		}
	}
}

// TestWatch looks on while others sell.
func TestWatch(t *testing.T) {
	shop := program{t.TempDir()}
	sell := func(command string) {
		t.Helper()
		if err := shop.run(t.Context(), command, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	sell("add 1 cup 2 900")
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- shop.run(ctx, "watch", out) }()
	lines := bufio.NewScanner(in)
	next := func(want string) {
		t.Helper()
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("watch prints %q, %v; want %q", lines.Text(), lines.Err(), want)
		}
	}
	next("cart 1: 2 for 18.00, open")
	sell("add 2 pot 1 2500")
	next("cart 2: 1 for 25.00, open")
	sell("checkout 2 bob")
	next("cart 2: 1 for 25.00, ordered")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("watch ended with %v", err)
	}
}
