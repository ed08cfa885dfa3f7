package auth

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
)

// The bounds of a directory: it is kept in memory.
const (
	MaxUsers  = 100_000
	MaxTokens = 100_000
)

// directory is what the events of UsersStream come to. Its owner guards it.
type directory struct {
	clock   func() time.Time
	version uint64         // of the stream, up to which events are in
	at      store.Position // of the last of them

	users     map[string]*user
	passwords int // how many users have one

	tokens map[tokenHash]*token
	ids    map[string]*token
}

// user is one who may sign in. What is in it is not changed once it can be seen, but for the map of tokens, which is the directory's, and proven: a change makes a new one.
type user struct {
	name     string
	role     Role
	on       globs
	added    time.Time
	password *passwordHash // nil for none
	tokens   map[string]*token

	p      *Principal
	revoke context.CancelFunc // ends the follows of p and of the tokens

	proven atomic.Pointer[proof] // the password that was right a while ago
}

// passwords counts the passwords of a user, who may be nil: 0 or 1.
func (u *user) passwords() int {
	if u == nil || u.password == nil {
		return 0
	}
	return 1
}

// token is one of a user.
type token struct {
	id, label string
	user      string
	hash      tokenHash
	role      Role // 0 is that of the user
	on        globs
	created   time.Time
	expires   time.Time
	p         *Principal
	revoke    context.CancelFunc // ends the follows of p
}

func newDirectory(clock func() time.Time) *directory {
	return &directory{clock: clock, users: map[string]*user{}, tokens: map[tokenHash]*token{}, ids: map[string]*token{}}
}

// fold takes an event in; one that is in already changes nothing. An error says that the event is none that was written here.
func (d *directory) fold(e *store.Recorded) error {
	if e.Version <= d.version {
		return nil
	}
	data, err := readUserEvent(e)
	if err != nil {
		return err
	}
	if err := d.apply(e, &data); err != nil {
		return err
	}
	d.version, d.at = e.Version, e.Position
	return nil
}

func (d *directory) apply(e *store.Recorded, data *userEvent) error {
	erased := e.Erased != 0
	switch e.Type {
	case userAdded, userChanged:
		if erased {
			d.removeUser(data.Name)
			return nil
		}
		return d.putUser(e, data)
	case userRemoved:
		d.removeUser(data.Name)
	case passwordSet:
		return d.setPassword(data, erased)
	case tokenCreated:
		if erased {
			return nil
		}
		return d.addToken(e, data)
	case tokenRevoked:
		d.removeToken(data.ID)
	default:
		return invalidf("it has the type %q, which is not known here", clip(e.Type))
	}
	return nil
}

// putUser adds a user, or gives one other rights.
func (d *directory) putUser(e *store.Recorded, data *userEvent) error {
	if err := validateUserName(data.Name); err != nil {
		return err
	}
	role, on, err := data.rights()
	switch {
	case err != nil:
		return err
	case role == 0:
		return invalidf("it has no role")
	}
	next := &user{name: data.Name, role: role, on: on, added: e.RecordedAt, tokens: map[string]*token{}}
	switch old := d.users[data.Name]; {
	case old == nil && e.Type == userChanged:
		return nil // what there was of the user was erased, or removed
	case old == nil && len(d.users) >= MaxUsers:
		return &store.TooLargeError{What: UsersStream, Unit: "users", Got: len(d.users) + 1, Max: MaxUsers}
	case old != nil && e.Type == userAdded:
		return invalidf("it adds a user that is there")
	case old != nil:
		next.added, next.password, next.tokens = old.added, old.password, old.tokens
		next.proven.Store(old.proven.Load())
		old.revoke()
	}
	d.install(next)
	return nil
}

// install makes the principals of a user and of the tokens.
func (d *directory) install(u *user) {
	revoked, revoke := context.WithCancel(context.Background())
	u.revoke = revoke
	u.p = newPrincipal(u.name, u.role, u.on)
	u.p.revoked = revoked
	d.passwords += u.passwords() - d.users[u.name].passwords()
	d.users[u.name] = u
	for _, t := range u.tokens {
		d.installToken(u, t)
	}
}

// installToken gives a token the rights that both have. It ends with those of the user.
func (d *directory) installToken(u *user, t *token) {
	next := *t
	role := u.role
	if t.role != 0 {
		role = min(role, t.role)
	}
	next.p = newPrincipal(u.name, role, u.on, t.on)
	next.p.token, next.p.expires, next.p.clock = t.id, t.expires, d.clock
	next.p.revoked, next.revoke = context.WithCancel(u.p.revoked)
	u.tokens[t.id], d.tokens[t.hash], d.ids[t.id] = &next, &next, &next
}

func (d *directory) removeUser(name string) {
	u := d.users[name]
	if u == nil {
		return
	}
	u.revoke()
	d.passwords -= u.passwords()
	delete(d.users, name)
	for _, t := range u.tokens {
		delete(d.tokens, t.hash)
		delete(d.ids, t.id)
	}
}

// setPassword sets a password, or takes it away where the event was erased. Follows that the old one began are ended.
func (d *directory) setPassword(data *userEvent, erased bool) error {
	old := d.users[data.Name]
	if old == nil {
		return nil // removed by an erasure
	}
	next := &user{name: old.name, role: old.role, on: old.on, added: old.added, tokens: old.tokens}
	if !erased {
		hash, err := parsePHC(data.Password)
		if err != nil {
			return err
		}
		next.password = hash
	}
	old.revoke()
	d.install(next)
	return nil
}

func (d *directory) addToken(e *store.Recorded, data *userEvent) error {
	u := d.users[data.Name]
	if u == nil {
		return nil
	}
	hash, err := data.tokenHash()
	if err != nil {
		return err
	}
	role, on, err := data.rights()
	switch {
	case err != nil:
		return err
	case data.ID == "" || d.ids[data.ID] != nil || d.tokens[hash] != nil:
		return invalidf("it adds a token that is there")
	case len(d.tokens) >= MaxTokens:
		return &store.TooLargeError{What: UsersStream, Unit: "tokens", Got: len(d.tokens) + 1, Max: MaxTokens}
	}
	d.installToken(u, &token{
		id: data.ID, label: data.Label, user: u.name, hash: hash, role: role, on: on, created: e.RecordedAt, expires: data.ExpiresAt,
	})
	return nil
}

// removeToken ends a token, and the follows that it began.
func (d *directory) removeToken(id string) {
	t := d.ids[id]
	if t == nil {
		return
	}
	t.revoke()
	delete(d.tokens, t.hash)
	delete(d.ids, id)
	delete(d.users[t.user].tokens, id)
}
