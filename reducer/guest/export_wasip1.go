//go:build wasip1

package guest

import (
	"runtime/debug"
	"unsafe"
)

// deepestStack bounds what recursion takes before Go says that it is too deep, in bytes of this program's memory: it comes before the host's own bound,
// and names the place.
const deepestStack = 4 << 20

func init() { debug.SetMaxStack(deepestStack) }

//go:wasmexport gesta_reducer_1_begin
func begin() int32 { return program.begin() }

//go:wasmexport gesta_reducer_1_buffer
func buffer(size uint32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(program.room(int(size))))
}

//go:wasmexport gesta_reducer_1_apply
func apply(size uint32) int32 { return program.apply(int(size)) }

//go:wasmexport gesta_reducer_1_state
func state() uint64 { return place(program.state()) }

//go:wasmexport gesta_reducer_1_problem
func problem() uint64 { return place(program.problem) }

// place says where b is, and how long; 0 for nowhere.
func place(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))<<32 | uint64(len(b))
}
