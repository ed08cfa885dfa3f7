package webassembly

import (
	"cmp"
	"time"
)

// Options limit what a module may take. The zero value has the defaults.
type Options struct {
	// Memory is how many bytes each fold may have, in steps of 64 KiB. Defaults to 256 MiB; 4 GiB is the most.
	Memory int64

	// EventTime is how long the module may take for one event, or to write the state once. Defaults to one second.
	EventTime time.Duration

	// FoldTime is how long it may take for all of a fold; reading the events does not count. Defaults to five minutes.
	FoldTime time.Duration

	// State is how many bytes a state may have as JSON. Defaults to 64 MiB.
	State int

	// CacheDir, unless empty, is a directory that keeps compiled modules for the next process, which then begins in milliseconds. What is in it is run as
	// machine code: it must belong to the user alone.
	CacheDir string
}

const (
	pageSize = 64 << 10
	maxPages = 1 << 16 // 4 GiB, all that 32 bits address
)

func (o *Options) setDefaults() {
	o.Memory = cmp.Or(o.Memory, 256<<20)
	o.EventTime = cmp.Or(o.EventTime, time.Second)
	o.FoldTime = cmp.Or(o.FoldTime, 5*time.Minute)
	o.State = cmp.Or(o.State, 64<<20)
}

// pages returns the limit of the memory.
func (o *Options) pages() uint32 { return uint32(min(max(o.Memory/pageSize, 1), maxPages)) }
