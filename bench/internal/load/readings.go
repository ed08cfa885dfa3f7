package load

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// readings reads everything once uncounted, and then again and again until it has had its time.
func readings(ctx context.Context, o *Order, read func(ctx context.Context) (events int64, touched byte, err error)) (Answer, error) {
	var a Answer
	var sum byte
	for first := true; first || a.Took < o.For; first = false {
		begin, cpu := time.Now(), processor(o.Pid)
		events, touched, err := read(ctx)
		sum ^= touched
		if err != nil {
			return a, fmt.Errorf("%s of %s: %w", o.Work, o.Target, err)
		}
		if events < int64(o.Events) {
			return a, fmt.Errorf("%s of %s: %d events, fewer than %d", o.Work, o.Target, events, o.Events)
		}
		if first && o.Warm > 0 {
			continue
		}
		a.Done, a.Took, a.Server = a.Done+events, a.Took+time.Since(begin), a.Server+processor(o.Pid)-cpu
	}
	runtime.KeepAlive(sum) // what was read is not left out
	return a, nil
}
