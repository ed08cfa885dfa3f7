package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Users are those who may sign in, and their tokens, kept in a store's stream [UsersStream] and in memory. Any number of goroutines may use them. What another process writes into
// the stream is taken in while Run runs, and before each change.
type Users struct {
	s     store.Store
	clock func() time.Time
	cost  Cost
	guess *guesses

	writing sync.Mutex   // one change at a time; taken before mu
	mu      sync.RWMutex // guards dir
	dir     *directory
}

// UsersOptions are the options of OpenUsers. The zero value works.
type UsersOptions struct {
	// Clock is by what tokens expire. Defaults to time.Now.
	Clock func() time.Time

	// Cost is what new passwords are hashed with. Defaults to [DefaultCost].
	Cost Cost

	// Guesses is how many passwords are verified at once: each takes the memory of its Cost, and a processor. Defaults to 1.
	Guesses int

	// Waiting is how many more may wait for that; beyond, the error has the code rateLimited. Defaults to 64.
	Waiting int

	// Remember is how long after it was used a password that was right need not be verified again, so that a client which sends it with each request is cheap, and is not held up by others
	// who guess; a use within the first half may not count. Defaults to 5 minutes; below 0 is never.
	Remember time.Duration
}

// OpenUsers reads the users of a store, which stays the caller's to close: it must be open as long as the users are used. An event that was not written here
// is an error, because whatever it meant would be missing from who may do what.
func OpenUsers(ctx context.Context, s store.Store, o UsersOptions) (*Users, error) {
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the default of an option is the one place where the clock comes from
	}
	o.Cost = cmp.Or(o.Cost, DefaultCost())
	if err := o.Cost.validate(); err != nil {
		return nil, err
	}
	u := &Users{s: s, clock: o.Clock, cost: o.Cost, dir: newDirectory(o.Clock), guess: newGuesses(o)}
	if err := u.catchUp(ctx); err != nil {
		return nil, err
	}
	return u, nil
}

// Run takes in what is written into the stream until ctx ends, and then returns nil. Any other end is an error, after which users and tokens that were removed
// elsewhere might still be let in: who gets it must stop serving.
func (u *Users) Run(ctx context.Context) error {
	err := u.take(ctx, store.ReadOptions{Follow: true})
	if ctx.Err() != nil {
		return nil //nolint:nilerr // that is how it ends
	}
	return cmp.Or(err, errors.New("the stream of users ended"))
}

// catchUp takes in what is in the stream.
func (u *Users) catchUp(ctx context.Context) error { return u.take(ctx, store.ReadOptions{}) }

func (u *Users) take(ctx context.Context, o store.ReadOptions) error {
	u.mu.RLock()
	o.After = u.dir.at
	u.mu.RUnlock()
	for e, err := range u.s.Read(ctx, store.Query{{Stream: UsersStream}}, o) {
		if err != nil {
			return fmt.Errorf("read users: %w", err)
		}
		if err := u.fold(&e); err != nil {
			return fmt.Errorf("read users: the event at position %d was not written here: %w", e.Position, err)
		}
	}
	return nil
}

func (u *Users) fold(e *store.Recorded) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.dir.fold(e)
}

// change appends what decide makes of the users as they are, with who does it, and takes it in. Where another process was faster, decide is asked again.
func (u *Users) change(ctx context.Context, by, kind string, decide func(*directory) (userEvent, error)) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	const attempts = 10
	for range attempts {
		if err := u.catchUp(ctx); err != nil {
			return err
		}
		u.mu.RLock()
		data, err := decide(u.dir)
		version := u.dir.version
		u.mu.RUnlock()
		if err != nil {
			return err
		}
		e, err := newUserEvent(kind, by, &data)
		if err != nil {
			return err
		}
		_, err = u.s.Append(ctx, store.Commit{
			Events: []store.Event{e}, Guards: []store.Guard{store.StreamAt{Stream: UsersStream, Version: version}},
		})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("append %s: %w", kind, err)
		}
		return u.catchUp(ctx)
	}
	return &eventjson.Error{Code: eventjson.CodeUnavailable, Message: "the users are being changed by others all the time", Hint: "try again"}
}

// UserInfo is what may be shown of a user.
type UserInfo struct {
	Name     string
	Role     Role
	On       []string // globs; none is everything
	Password bool     // there is one
	Tokens   int
	AddedAt  time.Time
}

// List returns the users by name.
func (u *Users) List() []UserInfo {
	u.mu.RLock()
	defer u.mu.RUnlock()
	list := make([]UserInfo, 0, len(u.dir.users))
	for _, r := range u.dir.users {
		list = append(list, UserInfo{
			Name: r.name, Role: r.role, On: r.on.strings(), Password: r.password != nil, Tokens: len(r.tokens), AddedAt: r.added,
		})
	}
	slices.SortFunc(list, func(a, b UserInfo) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Len returns how many users there are.
func (u *Users) Len() int {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return len(u.dir.users)
}

// TokenInfo is what may be shown of a token.
type TokenInfo struct {
	ID        string
	User      string
	Label     string
	Role      Role     // 0 is that of the user
	On        []string // globs beside those of the user; none is no further limit
	CreatedAt time.Time
	ExpiresAt time.Time // the zero time is never
}

// Tokens returns the tokens of a user, or of all for the empty name, by user and id.
func (u *Users) Tokens(name string) []TokenInfo {
	u.mu.RLock()
	defer u.mu.RUnlock()
	from := u.dir.ids
	if name != "" {
		from = nil
		if r := u.dir.users[name]; r != nil {
			from = r.tokens
		}
	}
	list := make([]TokenInfo, 0, len(from))
	for _, t := range from {
		list = append(list, t.info())
	}
	slices.SortFunc(list, func(a, b TokenInfo) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.ID, b.ID)) })
	return list
}

func (t *token) info() TokenInfo {
	return TokenInfo{
		ID: t.id, User: t.user, Label: t.label, Role: t.role, On: t.on.strings(), CreatedAt: t.created, ExpiresAt: t.expires,
	}
}

// secretKey returns random bytes for keyed hashes that are never written.
func secretKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return key
}
