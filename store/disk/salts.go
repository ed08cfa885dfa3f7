package disk

import (
	cryptorand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// saltSource makes salts without a call of the system for each: it is a ChaCha8, a cryptographic generator, that gets a new key from the
// system after so many bytes. Salts have to be unpredictable, because they hide what an erased payload was.
type saltSource struct {
	gen  *rand.ChaCha8
	left int // bytes until it gets a new key
}

const saltBytesPerKey = 1 << 20

var saltSources = sync.Pool{New: func() any { return &saltSource{gen: rand.NewChaCha8([32]byte{})} }}

// readSalts fills b, which is no longer than the salts of one commit, with random bytes.
func readSalts(b []byte) error {
	src, _ := saltSources.Get().(*saltSource)
	defer saltSources.Put(src)
	if src.left < len(b) {
		var key [32]byte
		if _, err := cryptorand.Read(key[:]); err != nil {
			src.left = 0
			return fmt.Errorf("make salts: %w", err)
		}
		src.gen.Seed(key)
		src.left = max(saltBytesPerKey, len(b))
	}
	src.left -= len(b)
	_, err := src.gen.Read(b)
	return err
}

// freshSalts gives random salts, never all zero, to payloads that have none and are not erased. They are made in buf if it is
// long enough; what is returned is the memory that was used.
func freshSalts(payloads []segment.Payload, buf []byte) ([]byte, error) {
	n := len(payloads) * store.SaltBytes
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if err := readSalts(buf); err != nil {
		return buf, err
	}
	for i := range payloads {
		salt := buf[i*store.SaltBytes:][:store.SaltBytes:store.SaltBytes]
		if len(payloads[i].Salt) > 0 || payloads[i].Erased != 0 {
			continue
		}
		if allZero(salt) {
			salt[0] = 1
		}
		payloads[i].Salt = salt
	}
	return buf, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
