package webassembly

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/gestadb/gesta/reducer/sandbox"
)

// identityPrefix is followed by the SHA-256 of the module.
const identityPrefix = "webassembly/1:"

// Identity returns what a reducer made of the module has as its identity.
func Identity(module []byte) string {
	sum := sha256.Sum256(module)
	return identityPrefix + hex.EncodeToString(sum[:])
}

// Reducer folds events by a module. It may be used by any number of goroutines. It has to be closed when the last of its folds was.
type Reducer = sandbox.Reducer

// New returns the reducer that a module is; name is what errors call it. The first fold compiles it, which takes a second or so for one made of Go, and finds what is wrong with it: its error is
// [store.ErrInvalid] then for a module that cannot be a reducer. That of New is [store.ErrInvalid] for what is no module at all, or one that is too large, and for a program that is not known.
func New(name string, module []byte, o Options) (*Reducer, error) {
	if err := checkMagic(module); err != nil {
		return nil, err
	}
	if len(module) > maxModule {
		return nil, invalidf("has %d bytes, more than %d", len(module), maxModule)
	}
	s := measure(module)
	if err := s.check(); err != nil {
		return nil, err
	}
	o.setDefaults(s)
	return sandbox.New(&Language, name, Identity(module), module, o.sandbox())
}
