package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProgram runs the program as a person would.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	bank := func(command string) (string, error) {
		var out strings.Builder
		err := run(t.Context(), append([]string{"-store", dir}, strings.Fields(command)...), &out)
		return out.String(), err
	}
	for _, tt := range []struct {
		command, want string
		err           error
	}{
		{"open 1 ada", "account 1: 0.00\n", nil},
		{"open 2 bob", "account 2: 0.00\n", nil},
		{"open 1 eve", "", ErrTaken},
		{"deposit 1 12050", "account 1: 120.50\n", nil},
		{"transfer 1 2 2050", "account 1: 100.00\naccount 2: 20.50\n", nil},
		{"transfer 2 1 9999", "", ErrTooLittle},
		{"transfer 2 3 1", "", ErrNoAccount},
		{"withdraw 2 50", "account 2: 20.00\n", nil},
		{"close 2", "", ErrNotEmpty},
		{"balance 1", "account 1 of ada: 100.00\n", nil},
		{"statement 2", "1  account.opened   0.00\n2  money.deposited  20.50\n3  money.withdrawn  20.00\n", nil},
		{"dance", "", errUsage},
	} {
		out, err := bank(tt.command)
		if diff := cmp.Diff(tt.want, out); diff != "" || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v; want %v\n%s", tt.command, err, tt.err, diff)
		}
	}
}
