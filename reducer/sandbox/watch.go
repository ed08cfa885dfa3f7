package sandbox

import (
	"fmt"
	"sync/atomic"
	"time"
)

// tick is how often the child looks at itself.
const tick = 20 * time.Millisecond

// grace is how many ticks a program has to end after it was interrupted. A regular expression does not.
const grace = 10

// aliveTicks is after how many ticks the child tells that it is alive.
const aliveTicks = 10

// idling bounds how often more time than that of processors compiling may take: it may have to wait for them, or for the disk.
const idling = 10

// watch ends the child when something takes too long or too much. It counts ticks that it saw itself, so that a machine that stops for a while does not look like a program that does.
type watch struct {
	limits    limits
	interrupt atomic.Pointer[func()]
	entered   atomic.Int64 // 1 more each time that something begins or ends: odd while it runs
	event     atomic.Int64
	compiling atomic.Bool
}

func (w *watch) enter(event int) {
	w.event.Store(int64(event))
	w.entered.Add(1)
}

func (w *watch) leave() { w.entered.Add(1) }

// start watches until the process ends.
func (w *watch) start(c *child) {
	go func() {
		var ticks, busy, last int64
		for range time.NewTicker(tick).C {
			now := w.entered.Load()
			runs := now%2 == 1
			if ticks++; now != last || !runs {
				ticks = 0
			}
			if now == last && !runs {
				continue
			}
			last = now
			if resident() > w.limits.memory {
				c.end(&Failure{Kind: ErrMemory})
			}
			if f := w.late(ticks); f != nil {
				c.end(f)
			}
			if busy++; busy%aliveTicks == 0 {
				_ = c.send(frameAlive, newFrame(nil)) // whoever does not listen any more ends the process
			}
		}
	}()
}

// late returns what ends the process after so many ticks in what runs, nil for nothing. It interrupts what can be.
func (w *watch) late(ticks int64) *Failure {
	if !w.compiling.Load() {
		if interrupt := w.interrupt.Load(); ticks == w.limits.event && interrupt != nil {
			(*interrupt)()
		}
		if ticks > w.limits.event+grace {
			return &Failure{Kind: ErrTime}
		}
		return nil
	}
	wall := time.Duration(ticks) * tick
	took, known := processorTime()
	if known && took <= w.limits.compile && wall <= idling*w.limits.compile || !known && wall <= w.limits.compile {
		return nil
	}
	return &Failure{Kind: ErrTime, Message: fmt.Sprintf("compiling it needs more than %v of processor time", w.limits.compile.Round(100*time.Millisecond))}
}

// end says why the process ends.
func (c *child) end(f *Failure) {
	c.sendFailure(int(c.watch.event.Load()), f)
	c.exit(1)
}
