package index

import "runtime"

// breather lets other goroutines go first now and then: the writing of files takes all of a processor otherwise, for as long as the scheduler allows,
// while commits wait.
type breather struct{ work int }

// workPerBreath is after how many terms, leaves or names that is: about a tenth of a millisecond.
const workPerBreath = 1024

// step notes that a piece of work was done, and says whether it is time for other things.
func (b *breather) step() bool { return b.steps(1) }

// steps is step for several pieces.
func (b *breather) steps(n int) bool {
	b.work += n
	if b.work < workPerBreath {
		return false
	}
	b.work = 0
	runtime.Gosched()
	return true
}
