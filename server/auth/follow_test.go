package auth_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// TestFollowsEndWithTheirToken follows beyond the end of a token.
func TestFollowsEndWithTheirToken(t *testing.T) {
	ctx := t.Context()
	var hours atomic.Int64
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o := cheap
	o.Clock = func() time.Time { return start.Add(time.Duration(hours.Load()) * time.Hour) }
	s := memory.New(memory.Options{})
	u := openUsers(t, s, o)
	ok(t, u.Add(ctx, "", auth.User{Name: "ada", Role: auth.Admin}))
	_, secret, err := u.CreateToken(ctx, "", auth.NewToken{User: "ada", Expires: start.Add(time.Hour)})
	ok(t, err)
	p, err := u.Token(secret)
	ok(t, err)
	n := 0
	for _, err := range auth.Store(s, p, "").Read(ctx, nil, store.ReadOptions{Follow: true}) {
		if n++; n == 3 {
			wantCode(t, err, eventjson.CodeUnauthenticated)
			break
		}
		ok(t, err)
		if n == 2 {
			hours.Add(1)
			_, err := s.Append(ctx, store.Commit{Events: []store.Event{{Type: "T"}}})
			ok(t, err)
		}
	}
}

// TestIdleFollowsEndWithTheirToken follows where nothing happens, for a principal who sees everything and for one who does not.
func TestIdleFollowsEndWithTheirToken(t *testing.T) {
	for _, n := range []auth.NewToken{{User: "ada"}, {User: "ada", Role: auth.Read, On: []string{"order-*"}}} {
		synctest.Test(t, func(t *testing.T) {
			const life = 90*time.Minute + time.Second
			start := time.Now()
			s := memory.New(memory.Options{})
			u := openUsers(t, s, cheap)
			ok(t, u.Add(t.Context(), "", auth.User{Name: "ada", Role: auth.Admin}))
			n.Expires = start.Add(life)
			_, secret, err := u.CreateToken(t.Context(), "", n)
			ok(t, err)
			p := must(u.Token(secret))
			_, err = collect(auth.Store(s, p, "").Read(t.Context(), nil, store.ReadOptions{Follow: true}))
			wantCode(t, err, eventjson.CodeUnauthenticated)
			if took := time.Since(start); took != life {
				t.Errorf("a token for %s was good for %s", life, took)
			}
		})
	}
}

// TestFollowsEndWithTheirRights takes rights away in each way that there is.
func TestFollowsEndWithTheirRights(t *testing.T) {
	for name, take := range map[string]func(ctx context.Context, u *auth.Users, token string) error{
		"change": func(ctx context.Context, u *auth.Users, _ string) error {
			return u.Change(ctx, "", auth.User{Name: "ada", Role: auth.Read})
		},
		"remove": func(ctx context.Context, u *auth.Users, _ string) error { return u.Remove(ctx, "", "ada") },
		"password": func(ctx context.Context, u *auth.Users, _ string) error {
			return u.SetPassword(ctx, "", "ada", auth.NewSecret("a better password"))
		},
		"revoke": func(ctx context.Context, u *auth.Users, token string) error { return u.RevokeToken(ctx, "", token) },
	} {
		t.Run(name, func(t *testing.T) {
			s := memory.New(memory.Options{})
			u := openUsers(t, s, cheap)
			ok(t, u.Add(t.Context(), "", auth.User{Name: "ada", Role: auth.Append}))
			ok(t, u.SetPassword(t.Context(), "", "ada", auth.NewSecret("a good password")))
			info, secret, err := u.CreateToken(t.Context(), "", auth.NewToken{User: "ada", Role: auth.Admin})
			ok(t, err)
			byToken := must(u.Token(secret))
			byPassword := must(u.Password(t.Context(), "ada", auth.NewSecret("a good password")))
			if byToken.Role() != auth.Append {
				t.Errorf("a token made an %s of an appender", byToken.Role())
			}
			ok(t, take(t.Context(), u, info.ID))
			principals := []*auth.Principal{byToken, byPassword}
			if name == "revoke" { // which is the token's affair alone
				principals = principals[:1]
			}
			for _, p := range principals {
				_, err := collect(auth.Store(s, p, "").Read(t.Context(), nil, store.ReadOptions{Follow: true}))
				wantCode(t, err, eventjson.CodeUnauthenticated)
			}
		})
	}
}
