package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// APIKeyName is the name of the principal that an API key stands for. No user has it.
const APIKeyName = "api-key"

// maxAPIKeyBytes bounds an API key.
const maxAPIKeyBytes = 1024

// APIKey is one secret for everybody, as UmaDB has it: who knows it has the role append on everything.
type APIKey struct {
	hash [sha256.Size]byte
	p    *Principal
}

// NewAPIKey keeps the hash of a key. A key that is empty, longer than 1,024 bytes, or has a space or control character is [store.ErrInvalid].
func NewAPIKey(key Secret) (*APIKey, error) {
	text := key.Reveal()
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	if text == "" || len(text) > maxAPIKeyBytes || strings.ContainsFunc(text, odd) {
		return nil, invalidf("an API key has 1 to %d bytes, without spaces or control characters", maxAPIKeyBytes)
	}
	return &APIKey{hash: sha256.Sum256([]byte(text)), p: newPrincipal(APIKeyName, Append)}, nil
}

// ReadAPIKey reads a key from a file, which has nothing else in it but spaces and line ends around the key.
func ReadAPIKey(name string) (*APIKey, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read API key: %w", err)
	}
	defer f.Close()
	const most = 2 * maxAPIKeyBytes // with what is around
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fmt.Errorf("read API key: %w", err)
	}
	if len(text) > most {
		return nil, invalidf("the API key file %s has more than %d bytes", name, most)
	}
	k, err := NewAPIKey(NewSecret(strings.TrimSpace(string(text))))
	if err != nil {
		return nil, fmt.Errorf("read API key from %s: %w", name, err)
	}
	return k, nil
}

// Authenticate returns the principal of the key where that is what was sent, and false otherwise, in a time that does not tell how much of it was right. A nil APIKey is never sent.
func (k *APIKey) Authenticate(sent Secret) (*Principal, bool) {
	if k == nil {
		return nil, false
	}
	hash := sha256.Sum256([]byte(sent.Reveal()))
	if subtle.ConstantTimeCompare(hash[:], k.hash[:]) != 1 {
		return nil, false
	}
	return k.p, true
}
