// Package sandbox folds events by the code of others in a process of its own: what is written in a [Language], such as JavaScript or WebAssembly, neither stops nor fills the process that asks.
//
// The process is the same program started again: its main begins with [IsChild] and [RunChild], which is given the languages. The parent sends it the source, and then events in batches, and gets what each of them
// did to the state. One process makes one fold at a time; when the fold is closed, the process, which has compiled the source by then, waits for the next one.
//
// # Limits
//
// A process is killed when it takes too long to compile its source or for one event ([ErrTime]), and when it takes too much memory ([ErrMemory]); one whose calls are nested too deep ends by itself ([ErrDepth]). While it is alive
// and at work it says so: one that is silent is killed too. The error names the event, as a [reducer.EventError], or the source where there was none yet, as a [SourceError].
// A context that ends kills the process at once.
//
// On Linux the system itself refuses the process more address space than twice what it may have, so that one huge allocation fails; the memory that it has is looked at fifty times a second there. On other systems
// the Go runtime is asked for it as often, which does not count what others than Go allocate, and nothing refuses one huge allocation before it is looked at. Where the system does not tell how much processor time was taken, compiling is
// bounded by the clock on the wall.
package sandbox
