package server_test

import (
	"crypto/tls"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/server/auth/authtest"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

// TestServedStore runs the suite of all stores as a user does, who has a token and the role admin, on a server that lets nobody else in. Metadata is compared but for the actor.
func TestServedStore(t *testing.T) {
	for _, kind := range []struct {
		name         string
		disk, secure bool
	}{
		{name: "clear/memory"},
		{name: "clear/disk", disk: true},
		{name: "tls/memory", secure: true},
		{name: "tls/disk", disk: true, secure: true},
	} {
		t.Run(kind.name, func(t *testing.T) {
			p := &premises{dir: t.TempDir(), disk: kind.disk, secure: kind.secure}
			storetest.Run(t, storetest.Harness{Open: p.open, Reopen: p.reopen})
		})
	}
}

// TestWrapper asks the client of a user about each power.
func TestWrapper(t *testing.T) {
	p := &premises{dir: t.TempDir(), disk: true, secure: true}
	s, ok := p.open(t, storetest.Options{}).(*tenant)
	if !ok {
		t.Fatal("it is no tenant")
	}
	t.Cleanup(func() { _ = s.Close() })
	storetest.RunWrapper(t, s.client)
	storetest.RunWrapper(t, s)
	for _, power := range store.Powers() {
		if got := s.client.Powers()[power]; (got == store.Refuses) != (power == "store.Truncater") {
			t.Errorf("the client answers %d for %s", got, power)
		}
	}
}

// TestActor holds what the comparison of metadata leaves out.
func TestActor(t *testing.T) {
	p := &premises{dir: t.TempDir(), secure: true}
	s, ok := p.open(t, storetest.Options{}).(*tenant)
	if !ok {
		t.Fatal("it is no tenant")
	}
	t.Cleanup(func() { _ = s.Close() })
	sent := []string{"", "{}", `{"x":1}`, `{"actor":"root"}`, `{"actor":"ada"}`}
	want := []string{`{"actor":"root"}`, `{"actor":"root"}`, `{"x":1,"actor":"root"}`, `{"actor":"root"}`, `{"onBehalfOf":"ada","actor":"root"}`}
	var c store.Commit
	for _, metadata := range sent {
		c.Events = append(c.Events, store.Event{Stream: "a-1", Type: "T", Metadata: []byte(metadata)})
	}
	if _, err := s.client.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, reader := range []store.Store{s.inner, s.client} {
		var got []string
		for e, err := range reader.Read(t.Context(), nil, store.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(e.Metadata))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// premises are where the stores of a test are served.
type premises struct {
	dir          string // for a certificate
	disk, secure bool
}

// tenant is the store of a user, with the client, the server and the store behind it. Closing it closes all but the system's.
type tenant struct {
	*authtest.Client
	client *httpapi.Client
	end    func() error // ends the server
	inner  store.Store
	dir    string // of inner, empty for one in memory
	system store.Store
	token  string
	left   bool
}

// Close does no harm when all was closed before, or has been left to another server.
func (s *tenant) Close() error {
	if s.left {
		return s.Client.Close()
	}
	return errors.Join(s.leave(), s.inner.Close())
}

// leave closes the client and ends the server: nothing is appended any more, and the store is still open.
func (s *tenant) leave() error {
	s.left = true
	return errors.Join(s.Client.Close(), s.end())
}

// open serves a new store, to one user.
func (p *premises) open(t testing.TB, o storetest.Options) store.Store {
	t.Helper()
	s := &tenant{system: newStore(t)}
	users, err := auth.OpenUsers(t.Context(), s.system, auth.UsersOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := users.Add(t.Context(), "test", auth.User{Name: authtest.User, Role: auth.Admin}); err != nil {
		t.Fatal(err)
	}
	_, secret, err := users.CreateToken(t.Context(), "test", auth.NewToken{User: authtest.User})
	if err != nil {
		t.Fatal(err)
	}
	s.token = secret.Reveal()
	if p.disk {
		s.dir = t.TempDir()
		s.inner = onDisk(t, s.dir, o)
	} else {
		s.inner = memory.New(memory.Options{Clock: o.Clock})
	}
	p.serve(t, s)
	return s
}

func onDisk(t testing.TB, dir string, o storetest.Options) store.Store {
	t.Helper()
	s, err := disk.Open(dir, disk.Options{Clock: o.Clock, Sync: disk.SyncNever, Background: func(err error) { t.Errorf("background: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reopen ends client, server and store, and serves what the store kept, to the user who was there before.
func (p *premises) reopen(t testing.TB, was store.Store, o storetest.Options) store.Store {
	t.Helper()
	old, ok := was.(*tenant)
	if !ok {
		t.Fatalf("%T is no store of this test", was)
	}
	if err := old.leave(); err != nil {
		t.Fatal(err)
	}
	next := &tenant{dir: old.dir, system: old.system, token: old.token}
	if !p.disk {
		next.inner = copied(t, old.inner, o)
	}
	if err := old.inner.Close(); err != nil {
		t.Fatal(err)
	}
	if p.disk {
		next.inner = onDisk(t, old.dir, o)
	}
	p.serve(t, next)
	return next
}

// copied returns what a store in memory would be if it survived being closed.
func copied(t testing.TB, s store.Store, o storetest.Options) store.Store {
	t.Helper()
	id, _ := store.As[store.Identity](s)
	dump, _ := store.As[store.Dumper](s)
	next := memory.New(memory.Options{Clock: o.Clock, ID: id.StoreID()})
	if err := next.Restore(t.Context(), dump.Dump(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	return next
}

// serve runs a server in front of the store of a tenant, and dials it.
func (p *premises) serve(t testing.TB, s *tenant) {
	t.Helper()
	l, d := server.Listener{Address: "127.0.0.1:0"}, httpapi.DialOptions{Token: s.token}
	if p.secure {
		id := certify(t, p.dir, "")
		l.Cert, l.Key = id.cert, id.key
		d.TLS = &tls.Config{RootCAs: id.pool, MinVersion: tls.VersionTLS12}
	}
	running, end := serve(t, server.Options{Store: s.inner, System: s.system, Listeners: []server.Listener{l}})
	s.end, d.URL = end, running.URLs()[0]
	c, err := httpapi.Dial(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	s.client, s.Client = c, authtest.NewClient(c)
}
