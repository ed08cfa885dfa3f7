package main

import (
	"context"
	"errors"
	"os/user"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/open"
)

// administration is the server's own store, opened to change users and tokens.
type administration struct {
	users *auth.Users
	basis eventjson.Basis
	by    string // who is at work, for the audit
}

// withUsers opens the server's own store, which is made where there is none yet, for as long as f runs.
func (e *env) withUsers(ctx context.Context, f *systemFlags, run func(context.Context, *administration) error) (err error) {
	url, err := e.servedURL()
	if err != nil {
		return err
	}
	if isRemote(url) && f.system == "" {
		return usageHint("run this there, while nothing serves it", "users and tokens are kept where the store is, not on a server's URL")
	}
	if f.system == "" {
		if err := e.makeServed(ctx, url); err != nil {
			return err
		}
	}
	s, err := e.openSystem(ctx, url, f.system)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	d := &administration{by: e.whoAmI()}
	if d.basis, err = basisOf(ctx, s); err != nil {
		return err
	}
	if d.users, err = auth.OpenUsers(ctx, s, auth.UsersOptions{Clock: e.clock}); err != nil {
		return err
	}
	return run(ctx, d)
}

// makeServed makes the store to serve where there is none yet, as serve does: users in a directory that is no store would be forgotten by the store that comes to be there.
func (e *env) makeServed(ctx context.Context, url string) error {
	s, err := e.openWith(ctx, url, open.Options{Reader: true, MustExist: true})
	if errors.Is(err, store.ErrNotFound) {
		s, err = e.openServed(ctx, url)
	}
	if err != nil {
		return err
	}
	return s.Close()
}

// whoAmI names the person at the terminal.
func (e *env) whoAmI() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "local:" + u.Username
	}
	return "local"
}
