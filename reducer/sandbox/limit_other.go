//go:build !linux

package sandbox

import (
	"runtime/debug"
	"runtime/metrics"
)

// limitMemory bounds the memory of the process, as far as the collector can; the watch does the rest.
func limitMemory(bytes int64) { debug.SetMemoryLimit(bytes - bytes/8) }

// resident returns how many bytes of memory the process has from the system.
func resident() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64()) //nolint:gosec // memory
}
