package auth

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// User says who a user is and what they may do.
type User struct {
	Name string
	Role Role
	On   []string // globs; none is everything
}

// The methods below change users and tokens. by is who does it, for metadata.actor: empty for nobody in particular. Besides what is said at each they return an error of
// Append: after a [store.ErrUnknown] a look at List or Tokens, once Run has caught up, tells what became of it.

// Add adds a user, who can sign in once there is a password, a token, or a certificate with that name. A name or globs that cannot be are [store.ErrInvalid], as are globs for an admin; a
// user who is there is an error with the code conflict, one too many [store.ErrTooLarge].
func (u *Users) Add(ctx context.Context, by string, added User) error {
	if err := added.validate(); err != nil {
		return err
	}
	return u.change(ctx, by, userAdded, func(d *directory) (userEvent, error) {
		if d.users[added.Name] != nil {
			return userEvent{}, &eventjson.Error{Code: eventjson.CodeConflict, Message: fmt.Sprintf("there is a user %q", added.Name)}
		}
		if len(d.users) >= MaxUsers {
			return userEvent{}, &store.TooLargeError{What: UsersStream, Unit: "users", Got: len(d.users) + 1, Max: MaxUsers}
		}
		return userEvent{Name: added.Name, Role: added.Role.String(), On: added.On}, nil
	})
}

// Change gives a user another role and other globs, tokens included. A user who is not there is [store.ErrNotFound]; otherwise as Add.
func (u *Users) Change(ctx context.Context, by string, changed User) error {
	if err := changed.validate(); err != nil {
		return err
	}
	return u.change(ctx, by, userChanged, func(d *directory) (userEvent, error) {
		return userEvent{Name: changed.Name, Role: changed.Role.String(), On: changed.On}, d.known(changed.Name)
	})
}

// Remove removes a user, with password and tokens. A user who is not there is [store.ErrNotFound].
func (u *Users) Remove(ctx context.Context, by, name string) error {
	return u.change(ctx, by, userRemoved, func(d *directory) (userEvent, error) {
		return userEvent{Name: name}, d.known(name)
	})
}

// SetPassword sets the password of a user: the one before is no longer good. One of fewer than [MinPasswordBytes] or more than [MaxPasswordBytes] bytes is [store.ErrInvalid], and so is one for a
// user with a colon in the name; a user who is not there is [store.ErrNotFound].
func (u *Users) SetPassword(ctx context.Context, by, name string, password Secret) error {
	text := password.Reveal()
	switch {
	case len(text) < MinPasswordBytes || len(text) > MaxPasswordBytes:
		return invalidf("a password has %d to %d bytes", MinPasswordBytes, MaxPasswordBytes)
	case strings.Contains(name, ":"):
		return invalidf("a user with a colon in the name cannot have a password")
	}
	if err := u.known(name); err != nil { // before it takes time
		return err
	}
	var hash *passwordHash
	if err := u.guess.do(ctx, func() { hash = hashPassword(text, u.cost) }); err != nil {
		return err
	}
	return u.change(ctx, by, passwordSet, func(d *directory) (userEvent, error) {
		return userEvent{Name: name, Password: hash.phc()}, d.known(name)
	})
}

// NewToken says what a token is to be.
type NewToken struct {
	User    string
	Label   string    // what it is for, at most [MaxLabelBytes] bytes; may be empty
	Role    Role      // the most that it may do; 0 is what the user may
	On      []string  // globs that must match beside those of the user; none is no further limit
	Expires time.Time // the zero time is never
}

// MaxLabelBytes bounds the label of a token.
const MaxLabelBytes = 256

// CreateToken makes a token. The secret is returned here and nowhere else. A user who is not there is [store.ErrNotFound], one token too many [store.ErrTooLarge]; a label or globs that cannot be,
// globs for an admin's token that does not have a lower role, and an end that is past are [store.ErrInvalid].
func (u *Users) CreateToken(ctx context.Context, by string, n NewToken) (TokenInfo, Secret, error) {
	if err := n.validate(u.clock()); err != nil {
		return TokenInfo{}, Secret{}, err
	}
	id, secret := newToken()
	hash := hashToken(secret.Reveal())
	err := u.change(ctx, by, tokenCreated, func(d *directory) (userEvent, error) {
		if err := d.known(n.User); err != nil {
			return userEvent{}, err
		}
		if len(d.tokens) >= MaxTokens {
			return userEvent{}, &store.TooLargeError{What: UsersStream, Unit: "tokens", Got: len(d.tokens) + 1, Max: MaxTokens}
		}
		if role := d.users[n.User].role; role == Admin && (n.Role == 0 || n.Role == Admin) && len(n.On) > 0 {
			return userEvent{}, invalidf("the token of an admin has no globs, or a lower role")
		}
		return userEvent{
			ID: id, Name: n.User, Hash: hex.EncodeToString(hash[:]), Label: n.Label, Role: n.Role.String(), On: n.On, ExpiresAt: store.Time(n.Expires),
		}, nil
	})
	if err != nil {
		return TokenInfo{}, Secret{}, err
	}
	u.mu.RLock()
	defer u.mu.RUnlock()
	t := u.dir.ids[id]
	if t == nil { // revoked already
		return TokenInfo{}, Secret{}, notFound("token", id)
	}
	return t.info(), secret, nil
}

// RevokeToken ends a token. One that is not there is [store.ErrNotFound].
func (u *Users) RevokeToken(ctx context.Context, by, id string) error {
	return u.change(ctx, by, tokenRevoked, func(d *directory) (userEvent, error) {
		t := d.ids[id]
		if t == nil {
			return userEvent{}, notFound("token", id)
		}
		return userEvent{ID: id, Name: t.user}, nil
	})
}

func (u *Users) known(name string) error {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.dir.known(name)
}

func (d *directory) known(name string) error {
	if d.users[name] == nil {
		return notFound("user", name)
	}
	return nil
}

func notFound(what, name string) error {
	return &eventjson.Error{Code: eventjson.CodeNotFound, Message: fmt.Sprintf("there is no %s %q", what, clip(name))}
}

func (added *User) validate() error {
	if err := validateUserName(added.Name); err != nil {
		return err
	}
	on, err := parseGlobs(added.On)
	switch {
	case err != nil:
		return err
	case added.Role < Read || added.Role > Admin:
		return invalidf("%s is no role", added.Role)
	case added.Name == APIKeyName || added.Name == others:
		return invalidf("the name %s has a meaning of its own: it is no user's", added.Name)
	case added.Role == Admin && len(on) > 0:
		return invalidf("an admin, who can change all rights, has no globs")
	}
	return nil
}

func (n *NewToken) validate(now time.Time) error {
	_, err := parseGlobs(n.On)
	switch {
	case err != nil:
		return err
	case n.Role > Admin:
		return invalidf("%s is no role", n.Role)
	case len(n.Label) > MaxLabelBytes || !utf8.ValidString(n.Label) || strings.ContainsFunc(n.Label, unicode.IsControl):
		return invalidf("a label has at most %d bytes, without control characters", MaxLabelBytes)
	case !n.Expires.IsZero() && !n.Expires.After(now):
		return invalidf("the token would have expired")
	case n.Expires.UTC().Year() > 9999:
		return invalidf("a token expires before the year 10000")
	}
	return nil
}
