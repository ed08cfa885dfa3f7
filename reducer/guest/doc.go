// Package guest makes a reducer of gesta out of a fold in Go: the same function that folds events in a service then answers the
// command line, as WebAssembly. A reducer is a program whose init says what it folds by:
//
//	package main
//
//	import (
//		"example.com/shop"
//		"github.com/gestadb/gesta/reducer/guest"
//	)
//
//	func init() { guest.Decider(shop.Order, shop.Model) }
//
//	func main() {}
//
// "gesta reducer build ./reducers/order" builds it, and "gesta state order-42 --reducer order.wasm" folds by it. [Decider] takes what
// the service has: its events come out of the same types and upcasters. [Fold] takes any function of a state and a stored event.
//
// # What a fold may do
//
// A fold is a function of its events alone. It has no files, no network and no environment; its clock stands still at the beginning of
// 1970, so that it cannot wait for anything either, and its random numbers are always the same ones. What it prints is thrown away. Its
// memory and its time are limited by whoever runs it, its stack is 4 MiB. A panic ends the fold, and the error names the event, the file and the line.
//
// # The state
//
// The state is what [encoding/json] makes of it. Members of structs stand in the order of their fields, those of maps sorted.
//
// Built for anything but WebAssembly, the functions of this package take note of their arguments and do no more.
package guest
