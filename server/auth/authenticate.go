package auth

import (
	"context"
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
// too many are waiting for theirs, one with the code rateLimited.
func (u *Users) Password(ctx context.Context, name string, password Secret) (*Principal, error) {
	text := password.Reveal()
	if len(text) > MaxPasswordBytes || len(name) > MaxUserNameBytes {
		return nil, unauthenticated() // nobody has these
	}
	sum := u.guess.sum(name, text)
	known := u.named(name)
	if known != nil && known.proved(sum, u.clock()) {
		return known.p, nil
	}
	hash := u.guess.decoy
	if known != nil && known.password != nil {
		hash = known.password
	}
	right := false
	err := u.guess.do(ctx, func() {
		// While this one waited, the same password may have been verified for another request.
		again := u.named(name)
		right = again != nil && again.password == hash && again.proved(sum, u.clock()) || hash.verify(text)
	})
	if err != nil {
		return nil, err
	}
	// Rights, or the password, may have changed meanwhile.
	now := u.named(name)
	if !right || now == nil || now.password != hash {
		return nil, unauthenticated()
	}
	if u.guess.remember > 0 {
		now.proven.Store(&proof{sum: sum, until: u.clock().Add(u.guess.remember)})
	}
	return now.p, nil
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
