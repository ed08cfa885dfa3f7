// Gesta is the command line of the event store: it keeps events, and answers of data what git answers of code. See
// gesta help.
package main

import (
	"context"
	"os"
	"os/signal"
	_ "time/tzdata" // --zone works where the machine has no time zones

	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/reducer/webassembly"
)

func main() {
	if sandbox.IsChild(os.Args) { // a process of this program that runs the code of a reducer, and nothing else
		sandbox.RunChild(os.Stdin, os.Stdout, os.Stderr, os.Exit, &javascript.Language, &webassembly.Language)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// The first interrupt ends the command in good order; from then on the system's own rule holds, and a second one kills.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, systemEnv(), os.Args[1:]))
}
