//go:build !race

package sandbox

// shadow is how much more memory a process may have than it was given: none.
const shadow = 1
