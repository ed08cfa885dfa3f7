// Package webassembly folds events by a WebAssembly module: by the user's own fold, compiled, in a box.
//
// [Build] makes such a module from a Go package that uses reducer/guest, and [New] makes a [reducer.Reducer] of the module. The box has no files, no
// network and no environment; the clock in it stands still at the beginning of 1970, and the random numbers are the same in each fold. So two folds of
// the same events by the same module have the same state. Each fold has an instance of the module for itself.
//
// A module that runs too long, takes too much memory, recurses too deeply, panics or ends itself becomes a [*reducer.EventError], which says at
// which event, and in Go also in which file and line.
//
// # Limits
//
// The module is compiled and run in a process of its own, by package sandbox: the same program started again, whose main begins with [sandbox.IsChild] and [sandbox.RunChild]. So a module that is made to take hours or
// all memory to compile, or whose functions call each other without end, ends with its process, and the one that asks stays as it is. Compiling is bounded by processor time, an event and the state by time, the module by pages of memory
// and its process by resident memory and on Linux by address space; [Options] has the numbers, and package sandbox what other systems lack. Modules of more than 64 MiB, of more than 200,000 functions, or with a function
// of more than 1 MiB are refused before. Compiling a module that Go has made takes one to two seconds of processor time; a directory can keep the result.
//
// # The interface, version 1
//
// A module can be made in any language that compiles to WebAssembly. It may import functions of wasi_snapshot_preview1 and no others. It exports
// its memory as "memory", and these functions, in whose names is the version of the interface:
//
//	gesta_reducer_1_begin()   -> i32        make the state before the first event
//	gesta_reducer_1_buffer(size i32) -> i32 return the address of room for an event of so many bytes
//	gesta_reducer_1_apply(size i32) -> i32  fold the event that the host has written there
//	gesta_reducer_1_state()   -> i64        return where the state is, as JSON
//	gesta_reducer_1_problem() -> i64        return where the text of the last problem is
//
// A module that exports "_initialize" has it called first, before any other. Then begin is called once; buffer when an event needs more room than was
// asked for before; apply for each event; and state whenever the state is wanted. What begin and apply return is 1 for an event that was applied, 0 for
// one that was skipped, which leaves the state as it was, and after begin; and -1 for a problem, after which the fold is over. What state and problem
// return is an address in the upper 32 bits and a length in bytes in the lower ones, valid until the next call; a length of 0 from state is a problem.
//
// The state is any JSON value in UTF-8. A problem is an object with the member "message", and "file" and "line" where they are known.
//
// An event is a sequence of these, without gaps; numbers are little-endian, and bytes are a length of 4 bytes and so many bytes:
//
//	position       8 bytes
//	commit         8 bytes   the position of the first event of its commit
//	version        8 bytes   in its stream, from 1; 0 for an event without a stream
//	erased         8 bytes   the position of the event that erased it; 0 when it is there
//	recordedAt     8 bytes   microseconds since 1970, signed
//	effectiveAt    8 bytes   the same; the lowest number when it is not given
//	schemaVersion  4 bytes   0 when it is not given
//	type           bytes
//	stream         bytes
//	id             bytes
//	contentType    bytes     none for application/json
//	data           bytes
//	metadata       bytes
//	tags           4 bytes, their number, and bytes for each
//	source         bytes     what the commit tracked, and
//	tracked        8 bytes   up to where; 0 when it tracked nothing
package webassembly
