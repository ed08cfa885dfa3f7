package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
)

// cheap is a cost for tests.
var cheap = Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}

func TestPasswordHash(t *testing.T) {
	h := hashPassword("correct horse", cheap)
	again, err := parsePHC(h.phc())
	if err != nil {
		t.Fatal(err)
	}
	if !again.verify("correct horse") || again.verify("correct horsf") || again.verify("") {
		t.Error("the hash does not tell the password from others")
	}
	if other := hashPassword("correct horse", cheap); other.phc() == h.phc() {
		t.Error("the same password has the same hash twice")
	}
	if !strings.HasPrefix(h.phc(), "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Error(h.phc())
	}
}

// TestKnownHash is the test vector of the reference implementation for Argon2id, version 1.3.
func TestKnownHash(t *testing.T) {
	h, err := parsePHC("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil {
		t.Fatal(err)
	}
	if !h.verify("password") || h.verify("Password") {
		t.Error("the hash of \"password\" is not that of the reference implementation")
	}
}

func TestHashesThatAreRefused(t *testing.T) {
	const salt, hash = "c29tZXNhbHRzb21lc2FsdA", "c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2g"
	if _, err := parsePHC("$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + hash); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"", "$", "$$$$$", "plain",
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=65537,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=19456,t=11,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + hash,
		"$argon2id$v=19$m=19456,t=2,p=5$" + salt + "$" + hash,
		"$argon2id$v=19$m=8,t=2,p=2$" + salt + "$" + hash,
		"$argon2id$v=19$m=+19456,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + hash,
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + hash,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + hash,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + hash + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "=$" + hash,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "\n$" + hash,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 1<<20),
	} {
		if _, err := parsePHC(s); !errors.Is(err, store.ErrInvalid) || strings.Contains(err.Error(), hash) {
			t.Errorf("%.80q: %v", s, err)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add(hashPassword("x", cheap).phc())
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if h.phc() != s {
			t.Errorf("%q is written %q", s, h.phc())
		}
		if c := h.cost; c.MemoryKiB > maxMemoryKiB || c.Passes > maxPasses || c.Lanes > maxLanes {
			t.Errorf("%q costs %+v", s, c)
		}
	})
}
