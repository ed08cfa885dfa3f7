package eventjson

import (
	"time"

	"github.com/gestadb/gesta/store"
)

// Basis says what an answer rests on: it is the first member of every document.
type Basis struct {
	Store  string // the store's id; empty for a store without one
	Branch string // empty stands for main
	Head   store.Position
	NoHead bool // an answer about no store, or about one whose head is not known: it has neither branch nor head

	// KnownAt picked the events by recorded time; where that is the zero time, KnownAtPosition by position, unless 0;
	// KnownAtStart picked none, by position 0.
	KnownAt         time.Time
	KnownAtPosition store.Position
	KnownAtStart    bool

	EffectiveAt time.Time // the zero time is none
	Reducer     string    // the identity of the fold; empty for none
}

// AppendBasis appends the object.
func AppendBasis(dst []byte, b *Basis) []byte {
	dst = append(dst, '{')
	if b.Store != "" {
		dst = AppendString(append(dst, `"store":`...), b.Store)
		if !b.NoHead {
			dst = append(dst, ',')
		}
	}
	if b.NoHead {
		return append(dst, '}')
	}
	branch := b.Branch
	if branch == "" {
		branch = "main"
	}
	dst = append(dst, `"branch":`...)
	dst = AppendString(dst, branch)
	dst = appendUint(append(dst, `,"head":`...), uint64(b.Head))
	switch {
	case !b.KnownAt.IsZero():
		dst = append(dst, `,"knownAt":`...)
		dst = AppendTime(dst, b.KnownAt)
	case b.KnownAtPosition != 0, b.KnownAtStart:
		dst = appendUint(append(dst, `,"knownAt":`...), uint64(b.KnownAtPosition))
	}
	if !b.EffectiveAt.IsZero() {
		dst = append(dst, `,"effectiveAt":`...)
		dst = AppendTime(dst, b.EffectiveAt)
	}
	if b.Reducer != "" {
		dst = append(dst, `,"reducer":`...)
		dst = AppendString(dst, b.Reducer)
	}
	return append(dst, '}')
}
