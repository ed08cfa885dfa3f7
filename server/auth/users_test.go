package auth_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

func TestTokensExpire(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o := cheap
	o.Clock = func() time.Time { return now }
	u := openUsers(t, memory.New(memory.Options{}), o)
	ok(t, u.Add(t.Context(), "", auth.User{Name: "ada", Role: auth.Read}))
	_, secret, err := u.CreateToken(t.Context(), "", auth.NewToken{User: "ada", Expires: now.Add(time.Hour)})
	ok(t, err)
	now = now.Add(time.Hour - 1)
	_, err = u.Token(secret)
	ok(t, err)
	now = now.Add(1)
	_, err = u.Token(secret)
	wantCode(t, err, eventjson.CodeUnauthenticated)
}

func TestHeader(t *testing.T) {
	ctx := t.Context()
	u := openUsers(t, memory.New(memory.Options{}), cheap)
	ok(t, u.Add(ctx, "", auth.User{Name: "ada", Role: auth.Read}))
	ok(t, u.SetPassword(ctx, "", "ada", auth.NewSecret("colons: too")))
	_, token, err := u.CreateToken(ctx, "", auth.NewToken{User: "ada"})
	ok(t, err)
	file := filepath.Join(t.TempDir(), "key")
	ok(t, os.WriteFile(file, []byte("  the-key\n"), 0o600))
	key, err := auth.ReadAPIKey(file)
	ok(t, err)
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, tt := range []struct{ header, name string }{
		{"Bearer " + token.Reveal(), "ada"},
		{"bearer  " + token.Reveal() + " ", "ada"},
		{"Bearer the-key", auth.APIKeyName},
		{basic("ada:colons: too"), "ada"},
		{"", ""},
		{"Bearer", ""},
		{"Bearer ", ""},
		{"Bearer the-kez", ""},
		{"Bearer " + token.Reveal()[:48], ""},
		{"Bearer " + token.Reveal() + "A", ""},
		{token.Reveal(), ""},
		{"Digest " + token.Reveal(), ""},
		{"Basic " + token.Reveal(), ""},
		{basic("ada"), ""},
		{basic("ada:"), ""},
		{basic("ada:wrong password"), ""},
		{basic("bob:colons: too"), ""},
		{basic(":"), ""},
		{basic("ada:" + strings.Repeat("a", 2000)), ""},
		{"Bearer " + strings.Repeat("a", 1<<20), ""},
		{basic("\x00:\xff"), ""},
	} {
		p, err := u.Header(ctx, auth.NewSecret(tt.header), key)
		if p.Name() != tt.name {
			t.Errorf("%.60q is %q (%v), want %q", tt.header, p.Name(), err, tt.name)
		}
		if tt.name == "" {
			wantCode(t, err, eventjson.CodeUnauthenticated)
			if len(tt.header) > 12 && strings.Contains(err.Error(), tt.header[8:12]) {
				t.Errorf("%v repeats what was sent", err)
			}
		}
	}
	if p, _ := u.Header(ctx, auth.NewSecret("Bearer the-key"), key); p.Role() != auth.Append || !p.Everywhere(auth.Append) || p.May(auth.Read, "$users") {
		t.Errorf("%+v", p)
	}
	_, err = u.Header(ctx, auth.NewSecret("Bearer the-key"), nil)
	wantCode(t, err, eventjson.CodeUnauthenticated)
	for _, bad := range []string{"", "\n", "two words", strings.Repeat("a", 1025), strings.Repeat(" ", 3000) + "a", "\x00"} {
		ok(t, os.WriteFile(file, []byte(bad), 0o600))
		if _, err := auth.ReadAPIKey(file); !errors.Is(err, store.ErrInvalid) || bad != "" && strings.Contains(err.Error(), bad) && bad != "\n" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	if _, err := auth.ReadAPIKey(file + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestCertificates(t *testing.T) {
	u := openUsers(t, memory.New(memory.Options{}), cheap)
	for _, name := range []string{"spiffe://example.org/web", "web.example.org"} {
		ok(t, u.Add(t.Context(), "", auth.User{Name: name, Role: auth.Read}))
	}
	uri := must(url.Parse("spiffe://example.org/web"))
	for _, tt := range []struct {
		c    *x509.Certificate
		name string
	}{
		{&x509.Certificate{URIs: []*url.URL{uri}, DNSNames: []string{"web.example.org"}}, "spiffe://example.org/web"},
		{&x509.Certificate{DNSNames: []string{"web.example.org", "ada"}}, "web.example.org"},
		{&x509.Certificate{DNSNames: []string{"ada", "web.example.org"}}, ""},
		{&x509.Certificate{}, ""},
		{nil, ""},
	} {
		p, err := u.Certificate(tt.c)
		if p.Name() != tt.name || (err == nil) != (tt.name != "") {
			t.Errorf("%+v is %q (%v), want %q", tt.c, p.Name(), err, tt.name)
		}
	}
}

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

// TestRun checks that one process takes in what another writes, and ends the follows of who lost their rights.
func TestRun(t *testing.T) {
	s := memory.New(memory.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	here, there := openUsers(t, s, cheap), openUsers(t, s, cheap)
	ok(t, there.Add(ctx, "", auth.User{Name: "ada", Role: auth.Admin}))
	info, secret, err := there.CreateToken(ctx, "", auth.NewToken{User: "ada"})
	ok(t, err)
	ran := make(chan error)
	go func() { ran <- here.Run(ctx) }()
	var p *auth.Principal
	for p == nil { // until it has been taken in
		p, _ = here.Token(secret)
	}
	other, err := there.Token(secret)
	ok(t, err)
	followed := make(chan error)
	live := make(chan bool)
	for _, p := range []*auth.Principal{p, other} {
		go func() {
			progress := func(_ store.Position, at bool) {
				if at {
					select {
					case live <- true:
					default:
					}
				}
			}
			_, err := collect(auth.Store(s, p, "").Read(ctx, store.Query{{Stream: "a-1"}}, store.ReadOptions{Follow: true, Progress: progress}))
			followed <- err
		}()
	}
	<-live
	ok(t, there.RevokeToken(ctx, "", info.ID))
	for range 2 {
		wantCode(t, <-followed, eventjson.CodeUnauthenticated)
	}
	_, err = here.Token(secret)
	wantCode(t, err, eventjson.CodeUnauthenticated)
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

// TestRunOfAStoreThatCloses checks that nobody takes the end of what is known for an end that was meant.
func TestRunOfAStoreThatCloses(t *testing.T) {
	s := memory.New(memory.Options{})
	u := openUsers(t, s, cheap)
	ran := make(chan error)
	go func() { ran <- u.Run(t.Context()) }()
	ok(t, s.Close())
	if err := <-ran; !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v, want %v", err, store.ErrClosed)
	}
}

// TestUsersTogether changes users from several sides at once.
func TestUsersTogether(t *testing.T) {
	s := memory.New(memory.Options{})
	sides := []*auth.Users{openUsers(t, s, cheap), openUsers(t, s, cheap)}
	ctx, cancel := context.WithCancel(t.Context())
	var running, wg sync.WaitGroup
	for _, u := range sides {
		running.Go(func() { _ = u.Run(ctx) })
		for w := range 4 {
			wg.Go(func() {
				name := fmt.Sprintf("%p-%d", u, w)
				for range 5 {
					retry(t, func() error { return u.Add(ctx, "", auth.User{Name: name, Role: auth.Append}) })
					retry(t, func() error { return u.SetPassword(ctx, "", name, auth.NewSecret("a good password")) })
					_, err := u.Password(ctx, name, auth.NewSecret("a good password"))
					if err != nil {
						t.Error(err)
					}
					u.List()
					retry(t, func() error { return u.Remove(ctx, "", name) })
				}
			})
		}
	}
	wg.Wait()
	cancel()
	running.Wait()
	if u := openUsers(t, s, cheap); u.Len() != 0 {
		t.Errorf("%d users are left", u.Len())
	}
}

func retry(t *testing.T, change func() error) {
	t.Helper()
	for {
		err := change()
		if eventjson.Describe(err).Code != eventjson.CodeUnavailable {
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
}

func TestSecrets(t *testing.T) {
	const text = "hunter2hunter2"
	s := auth.NewSecret(text)
	type holder struct {
		Shown  auth.Secret
		hidden auth.Secret
		point  *auth.Secret
	}
	h := holder{s, s, &s}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("secret", "s", s, "h", h, "p", &s)
	}
	log.Write(must(json.Marshal(h)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%c"} {
		fmt.Fprintf(&log, verb+" "+verb+" "+verb+"\n", s, h, &h)
	}
	for _, leak := range []string{text, "68756e746572", "68, 75", "104 117"} {
		if strings.Contains(strings.ToLower(log.String()), leak) {
			t.Errorf("%q is in\n%s", leak, log.String())
		}
	}
	if s.Reveal() != text || (auth.Secret{}).Reveal() != "" {
		t.Error("a secret does not say what it holds to who asks")
	}
}

func TestContext(t *testing.T) {
	p := must(auth.NewPrincipal("ada", auth.Read))
	if got := auth.PrincipalOf(auth.WithPrincipal(t.Context(), p)); got != p {
		t.Errorf("got %v", got)
	}
	if got := auth.PrincipalOf(t.Context()); got != nil {
		t.Errorf("got %v", got)
	}
	var nobody *auth.Principal
	s := auth.Store(memory.New(memory.Options{}), nobody, "")
	if nobody.May(auth.Read, "a") || nobody.Everywhere(auth.Read) || nobody.Name() != "" {
		t.Error("nobody may do something")
	}
	_, err := s.Append(t.Context(), store.Commit{})
	wantCode(t, err, eventjson.CodeDenied)
	_, err = collect(s.Read(t.Context(), nil, store.ReadOptions{}))
	wantCode(t, err, eventjson.CodeDenied)
	_, err = s.Head(t.Context())
	wantCode(t, err, eventjson.CodeDenied)
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
