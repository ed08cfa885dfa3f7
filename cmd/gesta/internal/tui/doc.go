// Package tui shows the history of a stream or a tag in a terminal: the events on the left, and on the right the state at the event under the cursor,
// what the event changed, or which events made it what it is. [Run] is all that a command needs.
//
// # How it works
//
// One pass over the events makes an index of them: where each stands, its type, times and actor, some fifty bytes an event. The events themselves are
// read again when they are needed.
//
// A state is found by folding. The states of some hundred neighboring events are kept together, as what the text of each has that the one before has
// not; what lies at greater distances is kept as checkpoints, from which [reducer.MergePatch] can go on. Any other reducer folds from the first event
// again where the states around an event are not kept any more. All that is kept is bounded.
//
// Everything that takes time happens in commands of the program, one state at a time: keys are answered meanwhile, and the pane shows the last state
// until the next one is there.
package tui
