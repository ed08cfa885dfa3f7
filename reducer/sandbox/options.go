package sandbox

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"github.com/gestadb/gesta/store"
)

// Options bound what a source may take. The zero value is good for most.
type Options struct {
	// Time is how long one event may take, and beginning a state. Defaults to a second.
	Time time.Duration

	// Compile is how much processor time compiling may take, on all processors together. Defaults to Time.
	Compile time.Duration

	// Memory is how many bytes the process of a fold may have. Defaults to 256 MiB. At least 32 MiB are given.
	Memory int64

	// Idle is how many processes wait for the next fold. Defaults to 4; below 0 there are none.
	Idle int

	// Program is what is started as the child: a program whose main begins with [IsChild]. Defaults to the one that runs.
	Program string

	// Config is for the language: the child gets it with the source.
	Config []byte
}

func (o *Options) setDefaults(l *Language) error {
	if o.Time <= 0 {
		o.Time = time.Second
	}
	if o.Compile <= 0 {
		o.Compile = o.Time
	}
	if o.Memory <= 0 {
		o.Memory = 256 << 20
	}
	o.Memory = max(o.Memory, 32<<20)
	if o.Idle == 0 {
		o.Idle = 4
	}
	if o.Program == "" {
		path, err := os.Executable()
		if err != nil {
			return fmt.Errorf("%w: find the program that runs %s: %w", store.ErrInvalid, l.Name, err)
		}
		o.Program = path
	}
	return nil
}

// limits are the options that the child keeps to.
type limits struct {
	event   int64         // ticks
	compile time.Duration // of processors
	memory  int64         // bytes
}

func (o *Options) appendLimits(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(max(1, o.Time/tick))) //nolint:gosec // positive
	b = binary.AppendUvarint(b, uint64(o.Compile))           //nolint:gosec // positive
	return binary.AppendUvarint(b, uint64(o.Memory))         //nolint:gosec // positive
}

func readLimits(r *Reader) limits {
	return limits{event: int64(r.Uint()), compile: time.Duration(r.Uint()), memory: int64(r.Uint()) * shadow} //nolint:gosec // of the parent
}
