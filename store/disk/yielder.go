package disk

import (
	"runtime"
	"time"
)

// yielder lets other goroutines run first, unless that has taken long of late: the scheduler sends who yields behind all that can run, and where the
// processors are busy with something else than commits, that may be many turns of milliseconds each. It belongs to one goroutine.
type yielder struct {
	now     func() time.Duration // since some moment
	gosched func()
	credit  time.Duration // how long yields may still take, as of when; it does not yield without any
	when    time.Duration
}

const (
	// usualYield is how long a yield takes at the most while those who run are about to commit. It costs nothing.
	usualYield = 2 * time.Millisecond

	// yieldShare is the part of the time that longer yields may take: one in so many. A single one, as when the system gives the processor to another
	// process, changes nothing by itself.
	yieldShare = 20

	// maxCredit and maxDebt bound what counts of the past.
	maxCredit = 100 * time.Millisecond
	maxDebt   = time.Second
)

func newYielder() yielder {
	return yielder{now: now, gosched: runtime.Gosched, credit: maxCredit, when: now()}
}

// yield lets others run, and says whether to do so again may pay.
func (y *yielder) yield() bool {
	began := y.now()
	y.credit, y.when = min(y.credit+(began-y.when)/yieldShare, maxCredit), began
	if y.credit <= 0 {
		return false
	}
	y.gosched()
	took := y.now() - began
	if took <= usualYield {
		return true
	}
	y.credit = max(y.credit-took, -maxDebt)
	return false
}
