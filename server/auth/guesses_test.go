package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

func guessRig(t *testing.T, o UsersOptions) *Users {
	t.Helper()
	o.Cost = cheap
	u, err := OpenUsers(t.Context(), memory.New(memory.Options{}), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Add(t.Context(), "", User{Name: "ada", Role: Read}); err != nil {
		t.Fatal(err)
	}
	if err := u.SetPassword(t.Context(), "", "ada", NewSecret("a good password")); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestGuessesAreBounded fills all slots and places to wait, and looks at who still gets in.
func TestGuessesAreBounded(t *testing.T) {
	const slots, waiting = 2, 3
	u := guessRig(t, UsersOptions{Guesses: slots, Waiting: waiting})
	if _, err := u.Password(t.Context(), "ada", NewSecret("a good password")); err != nil {
		t.Fatal(err)
	}
	busy, done := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	for range slots {
		wg.Go(func() {
			_ = u.guess.do(t.Context(), func() {
				busy <- true
				<-done
			})
		})
	}
	for range slots {
		<-busy
	}
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	for range waiting {
		go func() {
			_, err := u.Password(ctx, "bob", NewSecret("a guess"))
			errs <- err
		}()
	}
	for u.guess.waiting.Load() < slots+waiting { // it ends when all wait
	}
	for _, name := range []string{"ada", "bob"} {
		_, err := u.Password(t.Context(), name, NewSecret("a guess"))
		if eventjson.Describe(err).Code != eventjson.CodeRateLimited {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Who was right a while ago does not wait.
	if _, err := u.Password(t.Context(), "ada", NewSecret("a good password")); err != nil {
		t.Error(err)
	}
	cancel()
	for range waiting {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()
	if n := u.guess.waiting.Load(); n != 0 {
		t.Errorf("%d are still waiting", n)
	}
	if _, err := u.Password(t.Context(), "bob", NewSecret("a guess")); eventjson.Describe(err).Code != eventjson.CodeUnauthenticated {
		t.Error(err)
	}
}

// TestRemembered looks at when a password is verified again.
func TestRemembered(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	u := guessRig(t, UsersOptions{Clock: func() time.Time { return now }, Remember: time.Minute})
	remembered := func(want bool) {
		t.Helper()
		if got := u.named("ada").proved(u.guess.sum("ada", "a good password"), now); got != want {
			t.Errorf("remembered: %t, want %t", got, want)
		}
	}
	remembered(false)
	sign := func(password string) bool {
		_, err := u.Password(t.Context(), "ada", NewSecret(password))
		return err == nil
	}
	if sign("a wrong password") {
		t.Error("a wrong password was taken")
	}
	remembered(false)
	if !sign("a good password") {
		t.Error("the password was refused")
	}
	remembered(true)
	if sign("a wrong password") {
		t.Error("a wrong password was taken")
	}
	if err := u.Change(t.Context(), "", User{Name: "ada", Role: Append}); err != nil {
		t.Fatal(err)
	}
	remembered(true)
	now = now.Add(time.Minute)
	remembered(false)
	if !sign("a good password") {
		t.Error("the password was refused")
	}
	remembered(true)
	if err := u.SetPassword(t.Context(), "", "ada", NewSecret("another password")); err != nil {
		t.Fatal(err)
	}
	remembered(false)
	if sign("a good password") || !sign("another password") {
		t.Error("the old password is still good, or the new one is not")
	}
}

// TestSameWork checks that a name without a user, and a user without a password, cost a verification.
func TestSameWork(t *testing.T) {
	u := guessRig(t, UsersOptions{Guesses: 1, Waiting: 1})
	if err := u.Add(t.Context(), "", User{Name: "bob", Role: Read}); err != nil {
		t.Fatal(err)
	}
	u.guess.slots <- struct{}{} // nothing is verified from here on
	for _, name := range []string{"ada", "bob", "cyd", ""} {
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error)
		go func() {
			_, err := u.Password(ctx, name, NewSecret("a guess"))
			errs <- err
		}()
		for u.guess.waiting.Load() == 0 { // it ends when it waits
		}
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("%q was answered without a verification: %v", name, err)
		}
	}
	if d := u.guess.decoy; d.cost != u.cost || len(d.hash) != hashBytes {
		t.Errorf("the decoy costs %+v", d.cost)
	}
}
