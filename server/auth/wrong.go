package auth

import (
	"sync"
	"time"

	"github.com/gestadb/gesta/store/eventjson"
)

// How many wrong passwords are verified, of all callers and names together: so many at once after a quiet while, and then so many a second. With [DefaultCost]
// that is a tenth of a processor or so.
const (
	wrongAtOnce    = 10
	wrongPerSecond = 2
)

// wrongs are the wrong passwords that may still be verified. What is refused beyond them costs nothing.
type wrongs struct {
	mu   sync.Mutex
	left float64
	at   time.Time // when left was right
}

func newWrongs(now time.Time) *wrongs { return &wrongs{left: wrongAtOnce, at: now} }

// refill counts what came in since it was called last. A clock that was set back adds nothing. The caller holds mu.
func (w *wrongs) refill(now time.Time) {
	if passed := now.Sub(w.at); passed > 0 {
		w.left = min(wrongAtOnce, w.left+passed.Seconds()*wrongPerSecond)
	}
	w.at = now
}

// allowed returns an error with the code rateLimited where nothing is left.
func (w *wrongs) allowed(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.enough(now)
}

// take takes one, or returns the error of allowed.
func (w *wrongs) take(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.enough(now); err != nil {
		return err
	}
	w.left--
	return nil
}

// enough is allowed for who holds mu.
func (w *wrongs) enough(now time.Time) error {
	w.refill(now)
	if w.left < 1 {
		return &eventjson.Error{
			Code: eventjson.CodeRateLimited, Message: "too many passwords were wrong in the last seconds", Hint: "try again later, or use a token",
		}
	}
	return nil
}

// giveBack returns what was taken for a password that was right.
func (w *wrongs) giveBack() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = min(wrongAtOnce, w.left+1)
}
