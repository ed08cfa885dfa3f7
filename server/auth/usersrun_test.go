package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

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
