// Package gesta is the root of an embeddable event store that lets one ask of data what git lets one ask of code: who
// changed this, when, why, and what it looked like before.
//
// The package itself holds no code yet: the typed layer (deciders, views and projections over a store) will be here. What
// the module holds today is below it and above it:
//
//   - store is the contract that every backend keeps: Append, Read, Head and Close, with guards, keys and tracking;
//   - store/disk is the engine, a log and a derived index in one directory; store/memory is the reference;
//   - store/open opens a store by its URL, and store/storetest is the suite that any backend must pass;
//   - cmd/gesta is the command line, which also answers what a stream's state is, and was.
//
// A program that keeps events today imports store and store/disk.
package gesta
