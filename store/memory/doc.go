// Package memory keeps an event store in memory: the reference of the contract, a slice and a mutex. Every look-up but
// those by key and by stream version scans the slice, so it serves tests, demonstrations and small data; nothing
// survives the process.
//
// Read it in this order: store.go (what is kept), append.go and guard.go (what a commit goes through), read.go (pages
// out of the slice, and waiting for more), then one file for each further power.
package memory
