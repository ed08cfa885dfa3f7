package auth

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store/eventjson"
)

// guesses bounds what passwords cost: few are verified at once, a few more wait, few wrong ones are verified at all, and one that was right is remembered for a while.
type guesses struct {
	slots    chan struct{} // as many as may be verified at once
	waiting  atomic.Int64
	most     int64
	wrong    *wrongs
	remember time.Duration
	key      []byte        // of what is remembered
	decoy    *passwordHash // verified for users that are not there
}

func newGuesses(o UsersOptions) *guesses {
	return &guesses{
		slots: make(chan struct{}, max(1, cmp.Or(o.Guesses, 1))), most: int64(max(0, cmp.Or(o.Waiting, 64))),
		wrong: newWrongs(o.Clock()), remember: cmp.Or(o.Remember, 5*time.Minute), key: secretKey(), decoy: decoyHash(o.Cost),
	}
}

// do runs something expensive when it is its turn.
func (g *guesses) do(ctx context.Context, expensive func()) error {
	if g.waiting.Add(1) > g.most+int64(cap(g.slots)) {
		g.waiting.Add(-1)
		return &eventjson.Error{Code: eventjson.CodeRateLimited, Message: "too many passwords are waiting to be verified", Hint: "try again later, or use a token"}
	}
	defer g.waiting.Add(-1)
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	expensive()
	return nil
}

// proof stands for a password that was right. Without the key, which never leaves the process, it says nothing about it.
type proof struct {
	sum   [sha256.Size]byte
	until time.Time
}

// sum returns what stands for a name and a password.
func (g *guesses) sum(name, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, g.key)
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(name))))
	h.Write([]byte(name))
	h.Write([]byte(password))
	h.Sum(sum[:0])
	return sum
}

// proved says whether a password was right a while ago.
func (u *user) proved(sum [sha256.Size]byte, now time.Time) bool {
	p := u.proven.Load()
	return p != nil && now.Before(p.until) && subtle.ConstantTimeCompare(p.sum[:], sum[:]) == 1
}

// prove remembers a password that is right, from now on. Who keeps using it is thus never among those who guess; a proof that is still young is left as it is.
func (g *guesses) prove(u *user, sum [sha256.Size]byte, now time.Time) {
	if g.remember <= 0 {
		return
	}
	if p := u.proven.Load(); p == nil || p.sum != sum || p.until.Sub(now) < g.remember/2 {
		u.proven.Store(&proof{sum: sum, until: now.Add(g.remember)})
	}
}
