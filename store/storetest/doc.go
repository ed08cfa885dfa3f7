// Package storetest is the suite that every store passes: it enforces the promises of [store.Store] and of its powers.
//
// A store's own test calls [Run] with a [Harness] that opens it, and a wrapper's test calls [RunWrapper]. Conversations
// under testdata, in the form of package script, show each rule in a few lines that a person can read; the other tests
// are about what takes goroutines, volume or chance. A test of a power that the store does not have is skipped by the
// name of the power.
//
// The suite expects that an empty store gives positions from 1, and leaves no hole while nothing fails.
package storetest
