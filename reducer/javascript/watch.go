package javascript

import (
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
)

// tick is how often the child looks at itself.
const tick = 20 * time.Millisecond

// grace is how many ticks JavaScript has to end after it was interrupted. A regular expression does not.
const grace = 10

// aliveTicks is after how many ticks the child tells that it is alive.
const aliveTicks = 10

// watch ends the child when a handler takes too long or too much. It counts ticks that it saw itself, so that a machine that stops for a while does not look like a handler that does.
type watch struct {
	vm      atomic.Pointer[goja.Runtime]
	entered atomic.Int64 // 1 more each time that something begins or ends: odd while it runs
	event   atomic.Int64
}

func (w *watch) enter(event int) {
	w.event.Store(int64(event))
	w.entered.Add(1)
}

func (w *watch) leave() { w.entered.Add(1) }

// start watches until the process ends.
func (w *watch) start(c *child, limit, memory int64) {
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
			if resident() > memory {
				c.end(ErrMemory)
			}
			vm := w.vm.Load()
			if ticks > limit+grace {
				c.end(ErrTime)
			}
			if ticks == limit && vm != nil {
				vm.Interrupt(ErrTime)
			}
			if busy++; busy%aliveTicks == 0 {
				_ = c.send(frameAlive, newFrame(nil)) // whoever does not listen any more ends the process
			}
		}
	}()
}

// end says why the process ends.
func (c *child) end(kind error) {
	c.sendFailure(&failure{event: int(c.watch.event.Load()), kind: kind})
	c.exit(1)
}
