package webassembly

import (
	"cmp"
	"encoding/binary"
	"time"

	"github.com/gestadb/gesta/reducer/sandbox"
)

// Options limit what a module may take. The zero value has the defaults.
type Options struct {
	// Memory is how many bytes each fold may have, in steps of 64 KiB. Defaults to 256 MiB; 4 GiB is the most. The process of the fold may have 256 MiB more, for itself and for compiling.
	Memory int64

	// EventTime is how long the module may take for one event, or to write the state once. Defaults to one second.
	EventTime time.Duration

	// FoldTime is how long it may take for all of a fold; reading the events does not count. Defaults to five minutes.
	FoldTime time.Duration

	// CompileTime is how much processor time compiling the module may take. Defaults to one second, and two for each MiB of code, up to four of each processor.
	CompileTime time.Duration

	// State is how many bytes a state may have as JSON. Defaults to 64 MiB.
	State int

	// CacheDir, unless empty, is a directory that keeps compiled modules for the next process, which then begins in milliseconds. What is in it is run as
	// machine code: where others than the user may write to it, it is not used.
	CacheDir string

	// Idle is how many processes wait for the next fold. Defaults to 4; below 0 there are none.
	Idle int

	// Program is what is started as the child: a program whose main begins with [sandbox.IsChild]. Defaults to the one that runs.
	Program string
}

const (
	pageSize = 64 << 10
	maxPages = 1 << 16 // 4 GiB, all that 32 bits address

	// beside is how many bytes a process may have beside the memory of the module, for itself and for compiling.
	beside = 256 << 20
)

func (o *Options) setDefaults(s size) {
	o.Memory = min(cmp.Or(o.Memory, 256<<20), maxPages*pageSize)
	o.EventTime = cmp.Or(o.EventTime, time.Second)
	o.FoldTime = cmp.Or(o.FoldTime, 5*time.Minute)
	o.CompileTime = cmp.Or(o.CompileTime, s.patience())
	o.State = cmp.Or(o.State, 64<<20)
}

// pages returns the limit of the memory.
func (o *Options) pages() uint32 { return uint32(min(max(o.Memory/pageSize, 1), maxPages)) }

// sandbox returns the options of the process.
func (o *Options) sandbox() sandbox.Options {
	return sandbox.Options{Time: o.EventTime, Compile: o.CompileTime, Memory: o.Memory + beside, Idle: o.Idle, Program: o.Program, Config: o.config()}
}

// config returns what the child has to know.
func (o *Options) config() []byte {
	var b []byte
	for _, n := range [...]int64{o.Memory, int64(o.EventTime), int64(o.FoldTime), int64(o.State)} {
		b = binary.AppendVarint(b, n)
	}
	return sandbox.AppendText(b, o.CacheDir)
}

func readConfig(b []byte) (Options, error) {
	r := sandbox.NewReader(b)
	o := Options{Memory: r.Int(), EventTime: time.Duration(r.Int()), FoldTime: time.Duration(r.Int()), State: int(r.Int()), CacheDir: string(r.Text())}
	return o, r.End()
}
