package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
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

// TestUseIsRemembered checks that who keeps using a password is not taken for one who guesses.
func TestUseIsRemembered(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	u := guessRig(t, UsersOptions{Clock: func() time.Time { return now }, Remember: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range 10 {
		if _, err := u.Password(ctx, "ada", NewSecret("a good password")); err != nil {
			t.Fatalf("use %d: %v", i+1, err)
		}
		cancel() // what is verified from here on ends with this
		now = now.Add(45 * time.Second)
	}
}

// TestWrongPasswordsAreFew counts how many wrong passwords are verified, of whoever there is and is not.
func TestWrongPasswordsAreFew(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	u := guessRig(t, UsersOptions{Clock: func() time.Time { return now }})
	for _, name := range []string{"bob", "cyd"} { // bob has no password
		if err := u.Add(t.Context(), "", User{Name: name, Role: Read}); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.SetPassword(t.Context(), "", "cyd", NewSecret("a good password")); err != nil {
		t.Fatal(err)
	}
	code := func(name, password string) eventjson.Code {
		_, err := u.Password(t.Context(), name, NewSecret(password))
		if err == nil {
			return ""
		}
		return eventjson.Describe(err).Code
	}
	verified := func() (n int) {
		for i := range 100 {
			switch got := code([]string{"ada", "bob", "nobody"}[i%3], "a guess"); got {
			case eventjson.CodeUnauthenticated:
				n++
			case eventjson.CodeRateLimited:
			default:
				t.Fatalf("got %q", got)
			}
		}
		return n
	}
	for range 3 * wrongAtOnce { // those that are right do not count
		u.named("ada").proven.Store(nil)
		if got := code("ada", "a good password"); got != "" {
			t.Fatalf("the password was refused: %s", got)
		}
	}
	for _, step := range []struct {
		passed time.Duration
		want   int
	}{{0, wrongAtOnce}, {0, 0}, {time.Second, wrongPerSecond}, {-time.Hour, 0}, {time.Second, wrongPerSecond}, {time.Hour, wrongAtOnce}} {
		now = now.Add(step.passed)
		if got := verified(); got != step.want {
			t.Errorf("%s later %d wrong passwords were verified, want %d", step.passed, got, step.want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel() // who waits ends with this
	if _, err := u.Password(gone, "ada", NewSecret("a guess")); eventjson.Describe(err).Code != eventjson.CodeRateLimited {
		t.Errorf("a guess waits to be refused: %v", err)
	}
	u.guess.prove(u.named("ada"), u.guess.sum("ada", "a good password"), now)
	if got := code("ada", "a good password"); got != "" {
		t.Errorf("who was right a while ago is refused: %s", got)
	}
	if got := code("cyd", "a good password"); got != eventjson.CodeRateLimited {
		t.Errorf("a password that is not known to be right was verified: %q", got)
	}
	now = now.Add(time.Second)
	if got := code("cyd", "a good password"); got != "" {
		t.Errorf("the password was refused: %s", got)
	}
}

// TestNoPasswordsNoWork looks at when guesses are worked on: as long as someone has a password.
func TestNoPasswordsNoWork(t *testing.T) {
	ctx := t.Context()
	inner := memory.New(memory.Options{})
	open := func() *Users {
		u, err := OpenUsers(ctx, inner, UsersOptions{Cost: cheap})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	u := open()
	step := func(what string, err error, worked bool) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		gone, cancel := context.WithCancel(ctx)
		cancel() // what would be worked on ends with this
		for _, u := range []*Users{u, open()} {
			_, err := u.Password(gone, "ada", NewSecret("a guess"))
			if refused := eventjson.Describe(err).Code == eventjson.CodeUnauthenticated; refused == worked || worked != errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want it to be worked on: %t", what, err, worked)
			}
		}
	}
	step("no users", nil, false)
	step("add", u.Add(ctx, "", User{Name: "ada", Role: Read}), false)
	step("password", u.SetPassword(ctx, "", "ada", NewSecret("a good password")), true)
	step("password again", u.SetPassword(ctx, "", "ada", NewSecret("a better password")), true)
	step("change", u.Change(ctx, "", User{Name: "ada", Role: Append}), true)
	step("add another", u.Add(ctx, "", User{Name: "bob", Role: Read}), true)
	step("password of another", u.SetPassword(ctx, "", "bob", NewSecret("a good password")), true)
	step("remove", u.Remove(ctx, "", "ada"), true)
	step("remove another", u.Remove(ctx, "", "bob"), false)
	step("add again", u.Add(ctx, "", User{Name: "ada", Role: Read}), false)
	step("password anew", u.SetPassword(ctx, "", "ada", NewSecret("a good password")), true)
	head, err := inner.Head(ctx)
	step("head", err, true)
	_, err = inner.Erase(ctx, store.Erasure{Positions: []store.Position{head}})
	u = open()
	step("erase", err, false)
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
