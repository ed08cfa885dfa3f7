package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"github.com/gestadb/gesta/store/eventjson"
)

// Token returns who has a token. A token that is none, was revoked or has expired is an error with the code unauthenticated.
func (u *Users) Token(secret Secret) (*Principal, error) {
	text := secret.Reveal()
	if !isToken(text) {
		return nil, unauthenticated()
	}
	hash := hashToken(text)
	u.mu.RLock()
	t := u.dir.tokens[hash]
	u.mu.RUnlock()
	switch {
	case t == nil:
		return nil, unauthenticated()
	case t.p.expired():
		return nil, &eventjson.Error{Code: eventjson.CodeUnauthenticated, Message: "the token has expired"}
	}
	return t.p, nil
}

// Password returns the user of a name and a password. Anything else is an error with the code unauthenticated, after the same work whether there is such a user or not; where
// too many are waiting for theirs, or too many were wrong in the last seconds, one with the code rateLimited. Who used the same name and password within [UsersOptions.Remember] is
// not held up by those. Where no user has a password, all are refused without any work: anyone can tell by how long it takes, and learns of no user by it.
func (u *Users) Password(ctx context.Context, name string, password Secret) (*Principal, error) {
	text := password.Reveal()
	if len(text) > MaxPasswordBytes || len(name) > MaxUserNameBytes {
		return nil, unauthenticated() // nobody has these
	}
	known, some := u.mayHavePassword(name)
	if !some {
		return nil, unauthenticated()
	}
	sum, now := u.guess.sum(name, text), u.clock()
	if known != nil && known.proved(sum, now) {
		u.guess.prove(known, sum, now)
		return known.p, nil
	}
	if err := u.guess.wrong.allowed(now); err != nil {
		return nil, err
	}
	hash := u.guess.decoy
	if known != nil && known.password != nil {
		hash = known.password
	}
	right, err := u.verify(ctx, name, text, hash, sum)
	if err != nil {
		return nil, err
	}
	// Rights, or the password, may have changed meanwhile.
	known = u.named(name)
	if !right || known == nil || known.password != hash {
		return nil, unauthenticated()
	}
	u.guess.prove(known, sum, u.clock())
	return known.p, nil
}

// verify holds a password against a hash when it is its turn.
func (u *Users) verify(ctx context.Context, name, text string, hash *passwordHash, sum [sha256.Size]byte) (right bool, err error) {
	busy := u.guess.do(ctx, func() {
		// While this one waited, the same password may have been verified for another request.
		if again := u.named(name); again != nil && again.password == hash && again.proved(sum, u.clock()) {
			right = true
			return
		}
		if err = u.guess.wrong.take(u.clock()); err != nil {
			return
		}
		if right = hash.verify(text); right {
			u.guess.wrong.giveBack()
		}
	})
	return right, cmp.Or(busy, err)
}

// mayHavePassword returns the user with a name, nil for none, and whether there is anyone who has a password.
func (u *Users) mayHavePassword(name string) (known *user, some bool) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.dir.users[name], u.dir.passwords > 0
}

func (u *Users) named(name string) *user {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.dir.users[name]
}

// Certificate returns the user that a certificate names, which must have been verified before. Where there is none the error has the code unauthenticated.
func (u *Users) Certificate(c *x509.Certificate) (*Principal, error) {
	if known := u.named(CertificateName(c)); known != nil {
		return known.p, nil
	}
	return nil, unauthenticated()
}

// CertificateName returns the name of the user that a certificate is for: its first URI, or else its first DNS name, empty for neither.
func CertificateName(c *x509.Certificate) string {
	switch {
	case c == nil:
		return ""
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	}
	return ""
}

// maxHeaderBytes bounds the header Authorization: a name and a password in Base64 fit.
const maxHeaderBytes = 4096

// Header returns who a header Authorization names: "Bearer" with a token or the API key, "Basic" with name and password. key may be nil. Anything else is an error with the code
// unauthenticated; further errors are those of Password.
func (u *Users) Header(ctx context.Context, header Secret, key *APIKey) (*Principal, error) {
	text := header.Reveal()
	if len(text) > maxHeaderBytes {
		return nil, unauthenticated()
	}
	scheme, rest, _ := strings.Cut(text, " ")
	rest = strings.Trim(rest, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		sent := NewSecret(rest)
		if p, ok := key.Authenticate(sent); ok {
			return p, nil
		}
		return u.Token(sent)
	case strings.EqualFold(scheme, "Basic"):
		both, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return nil, unauthenticated()
		}
		name, password, found := strings.Cut(string(both), ":")
		if !found {
			return nil, unauthenticated()
		}
		return u.Password(ctx, name, NewSecret(password))
	}
	return nil, unauthenticated()
}
