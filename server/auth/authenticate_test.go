package auth_test

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

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
