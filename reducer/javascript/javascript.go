package javascript

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/store"
)

// version is that of what the same file makes of the same events. It is in the identity.
const version = 1

// maxSource bounds a file, in bytes.
const maxSource = 4 << 20

// Options bound what a file may take. The zero value is good for most.
type Options struct {
	// Time is how long one event may take, and compiling the file. Defaults to a second.
	Time time.Duration

	// Memory is how many bytes the process of a fold may have. Defaults to 256 MiB. At least 32 MiB are given.
	Memory int64

	// Idle is how many processes wait for the next fold. Defaults to 4; below 0 there are none.
	Idle int

	// Program is what is started as the child: a program whose main begins with [sandbox.IsChild]. Defaults to the one that runs.
	Program string
}

// Reducer is the rule that a file says. It may be used by any number of goroutines. It has to be closed when the last of its folds was.
type Reducer = sandbox.Reducer

// New returns the reducer that a file says; name is what errors call it. What is wrong with the file is found by the first fold. An error is [store.ErrInvalid], for
// a file that is no text or longer than 4 MiB, or for a program that is not known.
func New(name string, source []byte, o Options) (*Reducer, error) {
	switch {
	case !utf8.Valid(source):
		return nil, &store.InvalidError{Problem: fmt.Sprintf("the reducer %s is not text in UTF-8", name)}
	case len(source) > maxSource:
		return nil, &store.InvalidError{Problem: fmt.Sprintf("the reducer %s is longer than %d bytes", name, maxSource)}
	}
	sum := sha256.Sum256(source)
	identity := fmt.Sprintf("javascript/%d:%s", version, hex.EncodeToString(sum[:]))
	return sandbox.New(&Language, name, identity, source, sandbox.Options{Time: o.Time, Memory: o.Memory, Idle: o.Idle, Program: o.Program})
}
