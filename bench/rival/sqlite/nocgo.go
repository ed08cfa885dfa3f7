//go:build !cgo

package sqlite

import "github.com/gestadb/gesta/bench/rival"

// Makers are those that this build has: without cgo, one.
var Makers = []rival.Maker{Modernc}
