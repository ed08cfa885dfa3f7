package vfs

import (
	"runtime"
	"runtime/debug"
	"sync"
	"unsafe"
)

// Guard calls f, which may read mappings, and turns the fault of a mapped page that cannot be read into a [*FaultError]. What f
// holds when that happens is released by its deferred calls only. Any other panic goes on. Guards may be nested.
//
// The Go runtime makes such a fault a panic of the goroutine it happens in, see debug.SetPanicOnFault: goroutines that f starts
// are not guarded.
func Guard(f func() error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			fault := mapped.fault(r)
			if fault == nil {
				panic(r)
			}
			err = fault
		}
	}()
	return f()
}

// region is where a mapping lies.
type region struct {
	start, size uintptr
	name        string
}

// maxMappings bounds the mappings of this process. Linux lets a process have 65530 of all kinds, and the Go runtime, which cannot go on without, needs some.
const maxMappings = 32_768

// regions knows what is mapped, so that a fault can be told from a mistake, and named.
type regions struct {
	mu sync.Mutex
	in map[*region]struct{}
}

var mapped = regions{in: map[*region]struct{}{}}

func (m *regions) add(b []byte, name string) *region {
	r := &region{start: uintptr(unsafe.Pointer(unsafe.SliceData(b))), size: uintptr(len(b)), name: name}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.in[r] = struct{}{}
	return r
}

func (m *regions) full() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.in) >= maxMappings
}

func (m *regions) remove(r *region) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.in, r)
}

// fault returns what a panic tells of a mapping, nil when it is about something else.
func (m *regions) fault(panicked any) *FaultError {
	withAddr, ok := panicked.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok {
		return nil
	}
	addr := withAddr.Addr()
	m.mu.Lock()
	defer m.mu.Unlock()
	for r := range m.in {
		if addr >= r.start && addr-r.start < r.size {
			return &FaultError{Name: r.name, Offset: int64(addr - r.start)}
		}
	}
	return nil
}
