package main

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

const rootHelp = `gesta keeps events and lets you ask of your data what git lets you ask of your code: who changed this,
when, why, and what did it look like before.

A store lives in a directory named .gesta, which commands find upward from the working directory, as git finds .git.
--store or GESTA_STORE name another one: a directory that is a store or holds a .gesta, or a URL such as mem: or that of
a server (gesta serve), such as http://127.0.0.1:4114. The token for a server is in GESTA_TOKEN, or in the file that
GESTA_TOKEN_FILE names; GESTA_CA_FILE names one of certificates that a server's may be signed with, and GESTA_CERT_FILE
and GESTA_KEY_FILE those of a certificate to be known by and its key.

Data goes to stdout and everything else to stderr. --json prints one JSON document, --ndjson one JSON value a line,
and --jq picks out of either. "gesta help addresses" says how streams, versions, times and ranges are written, and
"gesta help exit-codes" what each exit code means.`

const rootExample = `  gesta init
  gesta append order-42 --type OrderPlaced --data '{"due":38.5}'
  gesta log order-42
  gesta state order-42
  gesta at yesterday order-42`

// newRoot makes the whole tree of commands.
func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "gesta",
		Short:         "An event store you can ask what git answers of code",
		Long:          rootHelp,
		Example:       rootExample,
		Version:       buildVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          e.knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cobra.EnableCommandSorting = false // they stand in the order in which one meets them
	e.addGlobalFlags(root)
	for _, group := range commandGroups(e) {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title + ":"})
		for _, c := range group.commands {
			c.GroupID = group.title
			root.AddCommand(c)
		}
	}
	root.AddCommand(helpTopics()...)
	root.SetHelpCommand(newHelpCommand(e))
	root.SetHelpFunc(printHelp)
	root.ValidArgsFunction = e.completeAlias
	root.SetFlagErrorFunc(misreadFlag)
	e.explainArguments(root)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	return root
}

// commandGroup is a chapter of the help.
type commandGroup struct {
	title    string
	commands []*cobra.Command
}

func commandGroups(e *env) []commandGroup {
	return []commandGroup{
		{"Keep events", []*cobra.Command{newInitCommand(e), newAppendCommand(e), newImportCommand(e), newExportCommand(e)}},
		{"Ask about them", []*cobra.Command{
			newLogCommand(e), newShowCommand(e), newStateCommand(e), newAtCommand(e), newDiffCommand(e), newBlameCommand(e),
			newBisectCommand(e), newTraceCommand(e), newGrepCommand(e), newShortlogCommand(e), newTUICommand(e), newStreamsCommand(e), newTypesCommand(e), newRevParseCommand(e),
		}},
		{"Look after a store", []*cobra.Command{newStatsCommand(e), newCheckCommand(e)}},
		{"Serve it", []*cobra.Command{newServeCommand(e), newUserCommand(e), newTokenCommand(e)}},
		{"Fold them your way", []*cobra.Command{newReducerCommand(e)}},
		{"Learn and measure", []*cobra.Command{newDemoCommand(e), newBenchCommand(e), newVersionCommand(e)}},
		{"Feel at home", []*cobra.Command{newExplainCommand(e), newConfigCommand(e), newCompletionCommand(e), newManCommand(e)}},
	}
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, e *env, args []string) int {
	root := newRoot(e)
	args, err := e.expand(root, args)
	if err != nil {
		return e.finish(ctx, e.misread(err, args))
	}
	if _, ok := isCompletion(root, args); ok {
		e.addCompletions(root)
		plainUsage(root)
	}
	root.SetArgs(args)
	root.SetIn(e.stdin)
	help := &helpWriter{w: e.stdout}
	root.SetOut(help)
	root.SetErr(e.stderr)
	started := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		started = true
		return e.checkFlags(cmd)
	}
	err = root.ExecuteContext(ctx)
	closeErr := e.closePager()
	for _, end := range e.atEnd {
		closeErr = errors.Join(closeErr, end())
	}
	if err == nil {
		err, started = cmp.Or(help.err, closeErr), true
	}
	if err != nil && !started {
		err = e.misread(err, args) // what cobra itself refuses is how the line was written
	}
	return e.finish(ctx, err)
}

// helpWriter is where cobra writes help and completions. It keeps the first error, which cobra drops.
type helpWriter struct {
	w   io.Writer
	err error
}

func (h *helpWriter) Write(b []byte) (int, error) {
	n, err := h.w.Write(b)
	if h.err == nil {
		h.err = err
	}
	return n, err
}
