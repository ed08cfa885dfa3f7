package auth_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
)

func TestGlobsThatAreRefused(t *testing.T) {
	for _, s := range []string{"$", "$users", "$*", "a\x00", "\n", "\xff", strings.Repeat("a", store.MaxNameBytes+1)} {
		if _, err := auth.ParseGlob(s); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%.20q: %v, want %v", s, err, store.ErrInvalid)
		}
	}
	many := make([]string, auth.MaxGlobs+1)
	if _, err := auth.NewPrincipal("ada", auth.Read, many...); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%d globs: %v, want %v", len(many), err, store.ErrInvalid)
	}
}

// FuzzGlob compares matching with that of regular expressions.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"*", ""}, {"order-*", "order-42"}, {"a*b*c", "aXbXbc"}, {"*a*a*a*b", "aaaaaaaaaaaaaaaa"}, {"a", "a*"}, {"é*", "é"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		g, err := auth.ParseGlob(pattern)
		if err != nil {
			return
		}
		want := regexp.MustCompile(`^(?s:` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `)$`)
		if !strings.Contains(name, "\xff") && g.Match(name) != want.MatchString(name) {
			t.Errorf("%q matches %q: %t", pattern, name, g.Match(name))
		}
		if !g.Match(pattern) {
			t.Errorf("%q does not match itself", pattern)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("ada")
	f.Add("spiffe://example.org/ns/prod/sa/web")
	f.Add("a:b")
	f.Fuzz(func(t *testing.T, name string) {
		p, err := auth.NewPrincipal(name, auth.Read)
		if err == nil && (p.Name() != name || strings.ContainsAny(name, " \n\x00") || len(name) > auth.MaxUserNameBytes) {
			t.Errorf("%q is a name", name)
		}
		if err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
		role, err := auth.ParseRole(name)
		if err == nil && role.String() != name {
			t.Errorf("the role %q is called %s", name, role)
		}
	})
}
