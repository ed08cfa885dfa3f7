package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const (
	tokenPrefix  = "gesta_" // by which scanners for leaked secrets find one
	tokenRandom  = 32       // bytes
	tokenIDBytes = 8        // told apart among all tokens there are, and no secret
)

// tokenHash is what is kept of a token.
type tokenHash [sha256.Size]byte

// String keeps the hash out of whatever is printed.
func (tokenHash) String() string { return redacted }

// newToken returns a secret that nobody has, and a name for it.
func newToken() (id string, secret Secret) {
	random := make([]byte, tokenRandom+tokenIDBytes)
	_, _ = rand.Read(random) // it never fails
	return hex.EncodeToString(random[tokenRandom:]), NewSecret(tokenPrefix + base64.RawURLEncoding.EncodeToString(random[:tokenRandom]))
}

// isToken says whether a text looks like a token.
func isToken(text string) bool {
	return strings.HasPrefix(text, tokenPrefix) && len(text) == len(tokenPrefix)+base64.RawURLEncoding.EncodedLen(tokenRandom)
}

// hashToken returns what is kept of a token. A fast hash is enough for 256 random bits. It is also why tokens may be looked up by it in a map: how long that takes may tell something
// about the hash that was looked up, but nobody can choose a token so that its hash comes close to another.
func hashToken(text string) tokenHash { return sha256.Sum256([]byte(text)) }
