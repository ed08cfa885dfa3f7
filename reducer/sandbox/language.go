package sandbox

import "github.com/gestadb/gesta/store"

// Language is how sources are written. Its value is the same in the parent and in the child, which are the same program.
type Language struct {
	// Name is what errors call it, such as JavaScript.
	Name string

	// Errors are what a [Failure] may be of, beside those of this package.
	Errors []error

	// Erased says that programs are shown events that were erased, too. Else these are skipped.
	Erased bool

	// AppendEvent appends an event in the form in which Apply takes it.
	AppendEvent func(dst []byte, r *store.Recorded) []byte

	// Compile makes a rule of a source. It is called in the child.
	Compile func(Source) (Rule, *Failure)
}

// Source is what a rule is made of.
type Source struct {
	Name   string // what errors call it
	Text   []byte
	Config []byte // from Options.Config
}

// Rule is a source that was compiled. It is used in the child, by one goroutine.
type Rule interface {
	// Begin begins a state. Programs that were begun before are no longer used. Before anything runs that may take long it calls interruptible, with what ends that early with a
	// Failure of [ErrTime]; that may be called at any time, by any goroutine. What does not end early is killed a little later.
	Begin(interruptible func(interrupt func())) (Program, *Failure)
}

// Program makes a state. It is used in the child, by one goroutine.
type Program interface {
	// Apply folds an event, which is valid during the call, and returns false for one that it skips. wanted says whether Changes is called after it.
	Apply(event []byte, wanted bool) (applied bool, f *Failure)

	// Changes returns what the latest event did to the state, which the first one did to the one that AppendState returned before it.
	Changes() *Changes

	// AppendState appends the state as JSON.
	AppendState(dst []byte) ([]byte, *Failure)
}
