package webassembly

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

var (
	errEventTime = errors.New("it took too long")
	errOverflow  = errors.New("stack overflow")
	errClosed    = errors.New("the fold is closed")
)

// instance is a module at work. It is used by one goroutine at a time.
type instance struct {
	options Options
	ctx     context.Context // ends when the watch runs out
	cancel  context.CancelCauseFunc
	watch   *time.Timer
	left    time.Duration // of FoldTime
	last    bool          // what is left was the limit of the latest call

	stderr   head
	module   api.Module // nil when it is closed
	memory   api.Memory
	apply    api.Function
	buffer   api.Function
	state    api.Function
	problem  api.Function
	stack    [1]uint64 // parameter and result of a call
	at, room uint32    // where the module wants events, and how much it has there
}

// instantiate makes an instance that has begun.
func (r *rule) instantiate() (*instance, error) {
	i := &instance{options: r.options, left: r.options.FoldTime}
	i.ctx, i.cancel = context.WithCancelCause(context.Background())
	i.watch = time.AfterFunc(r.options.EventTime, func() { i.cancel(errEventTime) })
	i.stderr.full = func() { i.cancel(errOverflow) }
	var err error
	i.module, err = r.runtime.InstantiateModule(experimental.WithMemoryAllocator(i.ctx, &r.memory), r.compiled, i.config())
	if i.pause(); err != nil {
		i.cancel(errClosed)
		return nil, i.why(err)
	}
	i.memory = i.module.Memory()
	i.apply, i.buffer = i.module.ExportedFunction(fnApply), i.module.ExportedFunction(fnBuffer)
	i.state, i.problem = i.module.ExportedFunction(fnState), i.module.ExportedFunction(fnProblem)
	if err := i.begin(); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

// begin has the module make the state before the first event.
func (i *instance) begin() error {
	if start := i.module.ExportedFunction(fnInit); start != nil {
		if _, err := i.call(start, 0); err != nil {
			return err
		}
	}
	status, err := i.call(i.module.ExportedFunction(fnBegin), 0)
	if err == nil && int32(uint32(status)) != skipped {
		err = i.told()
	}
	return err
}

// config is the box: a clock that stands still, random numbers from a fixed seed, and no world but this. Go in WebAssembly is told the limit of the
// memory, so that it collects garbage before it is reached.
func (i *instance) config() wazero.ModuleConfig {
	return wazero.NewModuleConfig().
		WithName("").         // any number of instances
		WithStartFunctions(). // begin calls it
		WithStderr(&i.stderr).
		WithEnv("GOMEMLIMIT", strconv.FormatInt(i.options.Memory/8*7, 10)).
		WithRandSource(rand.NewChaCha8([32]byte{})).
		WithWalltime(func() (int64, int32) { return 0, 0 }, 1).
		WithNanotime(func() int64 { return 1 }, 1)
}

// call calls a function of the module within the limits of time.
func (i *instance) call(f api.Function, param uint64) (uint64, error) {
	if i.module == nil {
		return 0, errClosed
	}
	if err := context.Cause(i.ctx); err != nil {
		return 0, i.why(err)
	}
	i.stack[0] = param
	began := time.Now() //nolint:forbidigo // time that a module takes is real time
	i.last = i.left < i.options.EventTime
	i.watch.Reset(min(i.options.EventTime, max(i.left, 1)))
	err := f.CallWithStack(i.ctx, i.stack[:])
	i.pause()
	i.left -= time.Since(began) //nolint:forbidigo // as above
	if err != nil {
		return 0, i.why(err)
	}
	return i.stack[0], nil
}

// pause stops the watch between calls.
func (i *instance) pause() { i.watch.Stop() }

// fold folds an event as appendEvent writes it, and returns false for one that was skipped.
func (i *instance) fold(event []byte) (bool, error) {
	n := uint32(len(event))
	if n > i.room || i.room == 0 {
		at, err := i.call(i.buffer, uint64(n))
		if err != nil {
			return false, err
		}
		i.at, i.room = uint32(at), n
	}
	if !i.memory.Write(i.at, event) {
		return false, fmt.Errorf("the reducer has no room for an event of %d bytes at %d", n, i.at)
	}
	status, err := i.call(i.apply, uint64(n))
	if err != nil {
		return false, err
	}
	switch int32(uint32(status)) {
	case applied:
		return true, nil
	case skipped:
		return false, nil
	default:
		return false, i.told()
	}
}

// text returns the state, in memory of the module, valid until the next call.
func (i *instance) text() ([]byte, error) {
	place, err := i.call(i.state, 0)
	if err != nil {
		return nil, err
	}
	if uint32(place) == 0 {
		return nil, i.told()
	}
	if n := uint64(uint32(place)); n > uint64(i.options.State) {
		return nil, fmt.Errorf("the state has %d bytes, more than %d", n, i.options.State)
	}
	text, ok := i.memory.Read(uint32(place>>32), uint32(place))
	if !ok {
		return nil, errors.New("the state is not where the reducer says it is")
	}
	return text, nil
}

// close frees the instance. It may be called twice.
func (i *instance) close() {
	i.watch.Stop()
	i.cancel(errClosed)
	if i.module != nil {
		_ = i.module.Close(context.Background()) // there is nothing to flush
		i.module, i.memory = nil, nil
		i.apply, i.buffer, i.state, i.problem = nil, nil, nil, nil // each has a stack, and holds the memory
	}
}
