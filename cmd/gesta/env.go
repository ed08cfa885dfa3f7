package main

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

// env is everything that a command takes from outside, so that a test can give it something else. Commands write data to
// stdout and everything else to stderr, through the methods in manners.go.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	// Whether a person looks at the stream: then there are colours, pagers and progress bars.
	stdoutTerminal, stderrTerminal bool

	getenv    func(string) string
	lookupEnv func(string) (string, bool) // tells an empty variable from none; nil where nobody has to
	clock     func() time.Time
	zone      *time.Location // of times that are given without one, and of those shown to people
	dir       string         // the working directory

	// backend opens stores in place of open.Open, which nil stands for.
	backend func(ctx context.Context, url string, o open.Options) (store.Store, error)

	global     globalFlags
	configured *configured // nil until the person's file was read
	pager      *pager      // nil while output goes straight to stdout

	atEnd []func() error // what is to be done when the command is over
}

// systemEnv is the environment of a real process.
func systemEnv() *env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		stdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())), stderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		getenv: os.Getenv, lookupEnv: os.LookupEnv, clock: time.Now, zone: time.Local, dir: dir,
	}
}

// lookup returns a variable of the environment, and false where it is not set.
func (e *env) lookup(name string) (string, bool) {
	if e.lookupEnv != nil {
		return e.lookupEnv(name)
	}
	value := e.getenv(name)
	return value, value != ""
}

// globalFlags are the flags of every command.
type globalFlags struct {
	store   string
	json    fieldsFlag
	ndjson  bool
	jq      string
	color   string
	noPager bool
	quiet   bool
	yes     bool
}
