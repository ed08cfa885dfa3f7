package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one guess at a password costs, by Argon2id.
type Cost struct {
	MemoryKiB uint32 // in KiB
	Passes    uint32
	Lanes     uint8
}

// DefaultCost is what OWASP's Password Storage Cheat Sheet recommends at the least for Argon2id: 19 MiB, 2 passes, 1 lane, which takes
// some tens of milliseconds.
func DefaultCost() Cost { return Cost{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1} }

// The bounds of what a stored hash may ask for: who can write $users could otherwise take all memory with one.
const (
	maxMemoryKiB = 64 << 10
	maxPasses    = 10
	maxLanes     = 4
	minSaltBytes = 8
	minHashBytes = 16
	maxHashBytes = 64 // of a salt too
)

// The sizes of what is made here.
const (
	saltBytes = 16
	hashBytes = 32
)

// The bounds of a password, in bytes.
const (
	MinPasswordBytes = 8
	MaxPasswordBytes = 1024
)

func (c Cost) validate() error {
	if c.MemoryKiB > maxMemoryKiB || c.Passes < 1 || c.Passes > maxPasses || c.Lanes < 1 || c.Lanes > maxLanes || c.MemoryKiB < 8*uint32(c.Lanes) {
		return invalidf("Argon2id with m=%d, t=%d, p=%d: m may be 8 p to %d, t 1 to %d, p 1 to %d", c.MemoryKiB, c.Passes, c.Lanes, maxMemoryKiB, maxPasses, maxLanes)
	}
	return nil
}

// passwordHash is what is kept of a password. It is not changed once it is made.
type passwordHash struct {
	cost       Cost
	salt, hash []byte
}

// hashPassword takes the time and memory that the cost says.
func hashPassword(password string, c Cost) *passwordHash {
	h := &passwordHash{cost: c, salt: make([]byte, saltBytes)}
	_, _ = rand.Read(h.salt) // it never fails
	h.hash = argon2.IDKey([]byte(password), h.salt, c.Passes, c.MemoryKiB, c.Lanes, hashBytes)
	return h
}

// decoyHash returns the hash of no password, for users that do not exist.
func decoyHash(c Cost) *passwordHash {
	h := &passwordHash{cost: c, salt: make([]byte, saltBytes), hash: make([]byte, hashBytes)}
	_, _ = rand.Read(h.salt)
	_, _ = rand.Read(h.hash)
	return h
}

// verify takes the time and memory that the hash was made with.
func (h *passwordHash) verify(password string) bool {
	got := argon2.IDKey([]byte(password), h.salt, h.cost.Passes, h.cost.MemoryKiB, h.cost.Lanes, uint32(len(h.hash))) //nolint:gosec // at most maxHashBytes
	return subtle.ConstantTimeCompare(got, h.hash) == 1
}

// phcVersion is that of Argon2 1.3, the only one there is.
const phcVersion = "v=19"

// phc returns the hash as a PHC string: $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH, in Base64 without padding.
func (h *passwordHash) phc() string {
	return fmt.Sprintf("$argon2id$%s$m=%d,t=%d,p=%d$%s$%s", phcVersion, h.cost.MemoryKiB, h.cost.Passes, h.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.hash))
}

// String keeps the hash out of whatever is printed.
func (h *passwordHash) String() string { return redacted }

// parsePHC reads what phc writes, and nothing that it would not write. An error is [store.ErrInvalid] and does not repeat the string.
func parsePHC(s string) (*passwordHash, error) {
	const most = 256
	parts := strings.Split(s[:min(len(s), most)], "$")
	if len(s) > most || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != phcVersion {
		return nil, invalidf("a password hash is no PHC string of argon2id, %s", phcVersion)
	}
	h := &passwordHash{}
	var err error
	if h.cost, err = parseCost(parts[3]); err != nil {
		return nil, err
	}
	for i, into := range []*[]byte{&h.salt, &h.hash} {
		if *into, err = base64.RawStdEncoding.Strict().DecodeString(parts[4+i]); err != nil {
			return nil, invalidf("a password hash has a part that is no Base64")
		}
	}
	if len(h.salt) < minSaltBytes || len(h.salt) > maxHashBytes || len(h.hash) < minHashBytes || len(h.hash) > maxHashBytes {
		return nil, invalidf("a password hash has a salt of %d bytes and a hash of %d", len(h.salt), len(h.hash))
	}
	if h.phc() != s {
		return nil, invalidf("a password hash is not in the one form that there is for it")
	}
	return h, nil
}

func parseCost(s string) (Cost, error) {
	numbers := [3]uint64{}
	parts := strings.Split(s, ",")
	if len(parts) != len(numbers) {
		return Cost{}, invalidf("a password hash has other parameters than m, t and p")
	}
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(parts[i], name)
		n, err := strconv.ParseUint(digits, 10, [...]int{32, 32, 8}[i])
		if !ok || err != nil {
			return Cost{}, invalidf("a password hash has other parameters than m, t and p")
		}
		numbers[i] = n
	}
	c := Cost{MemoryKiB: uint32(numbers[0]), Passes: uint32(numbers[1]), Lanes: uint8(numbers[2])}
	return c, c.validate()
}
