package auth_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// cheap makes passwords cost nothing.
var cheap = auth.UsersOptions{Cost: auth.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}}

func openUsers(t testing.TB, s store.Store, o auth.UsersOptions) *auth.Users {
	t.Helper()
	u, err := auth.OpenUsers(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, want eventjson.Code) {
	t.Helper()
	if got := eventjson.Describe(err).Code; got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// TestUsers walks through the life of users, and looks at it through users that were there all along, and users that are opened after each step.
func TestUsers(t *testing.T) {
	ctx := t.Context()
	s := memory.New(memory.Options{})
	u := openUsers(t, s, cheap)
	each := func(look func(u *auth.Users)) {
		t.Helper()
		look(u)
		look(openUsers(t, s, cheap))
	}
	ok(t, u.Add(ctx, "", auth.User{Name: "root", Role: auth.Admin}))
	ok(t, u.Add(ctx, "root", auth.User{Name: "ada", Role: auth.Append, On: []string{"order-*", ""}}))
	wantCode(t, u.Add(ctx, "root", auth.User{Name: "ada", Role: auth.Read}), eventjson.CodeConflict)
	ok(t, u.SetPassword(ctx, "root", "ada", auth.NewSecret("a good password")))
	info, secret, err := u.CreateToken(ctx, "root", auth.NewToken{User: "ada", Label: "ci", Role: auth.Read, On: []string{"order-1*"}})
	ok(t, err)
	each(func(u *auth.Users) {
		list := u.List()
		for i := range list {
			list[i].AddedAt = time.Time{}
		}
		want := []auth.UserInfo{
			{Name: "ada", Role: auth.Append, On: []string{"order-*", ""}, Password: true, Tokens: 1}, {Name: "root", Role: auth.Admin},
		}
		if d := cmp.Diff(want, list); d != "" || u.Len() != 2 {
			t.Error(d)
		}
		if d := cmp.Diff([]auth.TokenInfo{info}, u.Tokens("ada")); d != "" || len(u.Tokens("")) != 1 || len(u.Tokens("root")) != 0 {
			t.Error(d)
		}
		p, err := u.Password(ctx, "ada", auth.NewSecret("a good password"))
		ok(t, err)
		if !p.May(auth.Append, "order-2") || !p.May(auth.Append, "") || p.May(auth.Read, "stock-1") || p.Name() != "ada" || p.TokenID() != "" {
			t.Errorf("%+v", p)
		}
		p, err = u.Token(secret)
		ok(t, err)
		if !p.May(auth.Read, "order-11") || p.May(auth.Append, "order-11") || p.May(auth.Read, "order-2") || p.May(auth.Read, "") ||
			p.Name() != "ada" || p.TokenID() != info.ID {
			t.Errorf("%+v", p)
		}
	})
	// The token follows what its user may do.
	ok(t, u.Change(ctx, "root", auth.User{Name: "ada", Role: auth.Read, On: []string{"stock-*"}}))
	each(func(u *auth.Users) {
		p, err := u.Token(secret)
		ok(t, err)
		if p.May(auth.Read, "order-11") {
			t.Errorf("%+v", p)
		}
		p, err = u.Password(ctx, "ada", auth.NewSecret("a good password"))
		ok(t, err)
		if p.May(auth.Append, "stock-1") || !p.May(auth.Read, "stock-1") {
			t.Errorf("%+v", p)
		}
	})
	ok(t, u.SetPassword(ctx, "root", "ada", auth.NewSecret("a better password")))
	each(func(u *auth.Users) {
		_, err := u.Password(ctx, "ada", auth.NewSecret("a good password"))
		wantCode(t, err, eventjson.CodeUnauthenticated)
		_, err = u.Password(ctx, "ada", auth.NewSecret("a better password"))
		ok(t, err)
	})
	ok(t, u.RevokeToken(ctx, "root", info.ID))
	wantCode(t, u.RevokeToken(ctx, "root", info.ID), eventjson.CodeNotFound)
	_, again, err := u.CreateToken(ctx, "root", auth.NewToken{User: "ada"})
	ok(t, err)
	each(func(u *auth.Users) {
		_, err := u.Token(secret)
		wantCode(t, err, eventjson.CodeUnauthenticated)
		_, err = u.Token(again)
		ok(t, err)
	})
	ok(t, u.Remove(ctx, "root", "ada"))
	ok(t, u.Add(ctx, "root", auth.User{Name: "ada", Role: auth.Read})) // another ada
	each(func(u *auth.Users) {
		_, err := u.Token(again)
		wantCode(t, err, eventjson.CodeUnauthenticated)
		_, err = u.Password(ctx, "ada", auth.NewSecret("a better password"))
		wantCode(t, err, eventjson.CodeUnauthenticated)
	})
	wantCode(t, u.Remove(ctx, "", "bob"), eventjson.CodeNotFound)
	wantCode(t, u.Change(ctx, "", auth.User{Name: "bob", Role: auth.Read}), eventjson.CodeNotFound)
	wantCode(t, u.SetPassword(ctx, "", "bob", auth.NewSecret("a good password")), eventjson.CodeNotFound)
	_, _, err = u.CreateToken(ctx, "", auth.NewToken{User: "bob"})
	wantCode(t, err, eventjson.CodeNotFound)
	noSecrets(t, s, secret, again)
}

// noSecrets checks what is in the store.
func noSecrets(t *testing.T, s store.Store, secrets ...auth.Secret) {
	t.Helper()
	for e, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		ok(t, err)
		for _, secret := range append(secrets, auth.NewSecret("a good password"), auth.NewSecret("a better password")) {
			if bytes.Contains(e.Data, []byte(secret.Reveal())) || bytes.Contains(e.Metadata, []byte(secret.Reveal())) {
				t.Errorf("position %d has the secret in it", e.Position)
			}
		}
		if e.Position > 1 && string(e.Metadata) != `{"actor":"root"}` {
			t.Errorf("position %d says %s", e.Position, e.Metadata)
		}
	}
}

func TestUsersThatAreRefused(t *testing.T) {
	ctx := t.Context()
	s := memory.New(memory.Options{})
	u := openUsers(t, s, cheap)
	ok(t, u.Add(ctx, "", auth.User{Name: "spiffe://example.org/web", Role: auth.Admin}))
	for _, name := range []string{"", " ", "a b", "a\tb", "a:b", "a\x00", "\xff", "a\u202eb", "a\u00a0b", "api-key", "*", strings.Repeat("a", 1<<20)} {
		if err := u.Add(ctx, "", auth.User{Name: name, Role: auth.Read}); !errors.Is(err, store.ErrInvalid) || len(err.Error()) > 300 {
			t.Errorf("%.20q: %.300v", name, err)
		}
	}
	for _, n := range []auth.User{
		{Name: "ada"},
		{Name: "ada", Role: 5},
		{Name: "ada", Role: auth.Admin, On: []string{"a-*"}},
		{Name: "ada", Role: auth.Read, On: []string{"$users"}},
		{Name: "ada", Role: auth.Read, On: make([]string, auth.MaxGlobs+1)},
		{Name: "ada", Role: auth.Read, On: []string{strings.Repeat("a", 1<<20)}},
	} {
		wantCode(t, u.Add(ctx, "", n), eventjson.CodeUsage)
	}
	for _, password := range []string{"", "short", strings.Repeat("a", auth.MaxPasswordBytes+1)} {
		wantCode(t, u.SetPassword(ctx, "", "ada", auth.NewSecret(password)), eventjson.CodeUsage)
	}
	wantCode(t, u.SetPassword(ctx, "", "spiffe://example.org/web", auth.NewSecret("a good password")), eventjson.CodeUsage)
	for _, n := range []auth.NewToken{
		{Role: 9},
		{On: []string{"a-*"}},
		{On: []string{"a-*"}, Role: auth.Admin},
		{Label: strings.Repeat("a", 1<<20)},
		{Label: "\n"},
		{Expires: time.Unix(1, 0)},
		{Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		n.User = "spiffe://example.org/web"
		_, _, err := u.CreateToken(ctx, "", n)
		wantCode(t, err, eventjson.CodeUsage)
	}
	_, _, err := u.CreateToken(ctx, "", auth.NewToken{User: "spiffe://example.org/web", Role: auth.Read, On: []string{"a-*"}})
	ok(t, err)
	if n := must(s.Head(ctx)); n != 2 {
		t.Errorf("there are %d events, want 2", n)
	}
}
