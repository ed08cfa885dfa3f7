// Package open turns a URL into a store. It is where the backends are tied together, so that a program which opens any
// store by its URL imports this package, and one that knows its backend imports that backend alone.
//
// The URLs are:
//
//	mem:             an empty store in memory, gone when it is closed
//	PATH, file:PATH  the store in this directory
//	http:, https:    the store on the server at this URL
//
// A path with one letter before a colon is a path on Windows and not a scheme.
package open
