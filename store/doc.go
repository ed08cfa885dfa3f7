// Package store is the contract of an event store: the one interface between everything that keeps events and everything
// that uses them. It holds types, rules and errors; it keeps nothing itself and imports the standard library alone.
//
// A [Store] is an ordered log of immutable events. An event may belong to a stream, where it has a version, and may carry
// tags; a [Query] selects events by stream, category, type and tags. A [Commit] appends events atomically, under [Guard]
// conditions that are judged against everything committed before. What only some stores can do are the powers, found
// with [As].
//
// The promises that every store keeps are written at [Store]; package storetest enforces them.
package store
