package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// TestErasedUsers checks that what is erased gives nobody anything, and takes nothing back.
func TestErasedUsers(t *testing.T) {
	ctx := t.Context()
	s := memory.New(memory.Options{})
	u := openUsers(t, s, cheap)
	for _, name := range []string{"ada", "bob", "cyd"} {
		ok(t, u.Add(ctx, "", auth.User{Name: name, Role: auth.Admin}))
		ok(t, u.SetPassword(ctx, "", name, auth.NewSecret("a good password")))
	}
	_, token, err := u.CreateToken(ctx, "", auth.NewToken{User: "cyd"}) // position 7
	ok(t, err)
	info, revoked, err := u.CreateToken(ctx, "", auth.NewToken{User: "cyd"}) // 8
	ok(t, err)
	ok(t, u.RevokeToken(ctx, "", info.ID)) // 9
	ok(t, u.Remove(ctx, "", "bob"))        // 10
	_, err = s.Erase(ctx, store.Erasure{Positions: []store.Position{1, 6, 7, 9, 10}})
	ok(t, err)
	u = openUsers(t, s, cheap)
	if list := u.List(); len(list) != 1 || list[0].Name != "cyd" || list[0].Password || list[0].Tokens != 0 {
		t.Errorf("%+v", list)
	}
	for _, secret := range []auth.Secret{token, revoked} {
		_, err := u.Token(secret)
		wantCode(t, err, eventjson.CodeUnauthenticated)
	}
}

func TestUsersThatWereNotWrittenHere(t *testing.T) {
	const good = `{"name":"ada","role":"read"}`
	for _, e := range []store.Event{
		{Type: "UserPromoted", Data: []byte(good)},
		{Type: "UserAdded", Data: []byte("secret")},
		{Type: "UserAdded", Data: []byte(`{"name":"ada"}`)},
		{Type: "UserAdded", Data: []byte(`{"name":"ada","role":"god"}`)},
		{Type: "UserAdded", Data: []byte(`{"name":"a b","role":"read"}`)},
		{Type: "UserAdded", Data: []byte(`{"name":"ada","role":"read","on":["$users"]}`)},
		{Type: "UserAdded", Data: []byte(`{"name":"bob","role":"read"}`)},
		{Type: "PasswordSet", Data: []byte(`{"name":"bob","password":"$argon2id$v=19$m=4000000000,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHQ"}`)},
		{Type: "TokenCreated", Data: []byte(`{"name":"bob","id":"1","hash":"secret"}`)},
	} {
		s := memory.New(memory.Options{})
		ok(t, openUsers(t, s, cheap).Add(t.Context(), "", auth.User{Name: "bob", Role: auth.Read}))
		e.Stream = auth.UsersStream
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}})
		ok(t, err)
		if _, err := auth.OpenUsers(t.Context(), s, cheap); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "position 2") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s %s: %v", e.Type, e.Data, err)
		}
	}
}

// TestManyUsers opens as many as there may be.
func TestManyUsers(t *testing.T) {
	s := memory.New(memory.Options{})
	var c store.Commit
	for i := range auth.MaxUsers {
		c.Events = append(c.Events, store.Event{Stream: auth.UsersStream, Type: "UserAdded", Data: fmt.Appendf(nil, `{"name":"user%d","role":"read","on":["a-*"]}`, i)})
	}
	_, err := s.Append(t.Context(), c)
	ok(t, err)
	u := openUsers(t, s, cheap)
	if u.Len() != auth.MaxUsers {
		t.Errorf("%d users", u.Len())
	}
	wantCode(t, u.Add(t.Context(), "", auth.User{Name: "one-more", Role: auth.Read}), eventjson.CodeTooLarge)
	c.Events = c.Events[:1]
	c.Events[0].Data = []byte(`{"name":"one-more","role":"read"}`)
	_, err = s.Append(t.Context(), c)
	ok(t, err)
	_, err = auth.OpenUsers(t.Context(), s, cheap)
	wantCode(t, err, eventjson.CodeTooLarge)
}
