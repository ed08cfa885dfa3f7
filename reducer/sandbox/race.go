//go:build race

package sandbox

// shadow is how much more memory a process may have than it was given: the race detector keeps as much for itself.
const shadow = 10
