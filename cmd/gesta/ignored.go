package main

import "github.com/gestadb/gesta/store"

// warnIgnored tells people which events claim to supersede what they do not, by their positions in order. Of none it says nothing.
func (e *env) warnIgnored(ignored []store.Position) {
	if n := len(ignored); n > 0 {
		e.warn("%s that it supersedes what is no earlier event of its stream, the first at position %d: that does not count", plural(n, "event says", "events say, each,"), ignored[0])
	}
}
