package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The exit codes, and which error codes they stand for; "gesta help exit-codes" shows them.
const (
	exitOK          = 0
	exitFound       = 1 // only with --exit-code
	exitUsage       = 2
	exitConflict    = 3
	exitDamaged     = 4
	exitNotFound    = 5
	exitGone        = 6
	exitReducer     = 7
	exitUnavailable = 8
	exitDenied      = 9
	exitInternal    = 10
	exitInterrupted = 130
)

var exitCodes = map[eventjson.Code]int{
	eventjson.CodeUsage:           exitUsage,
	eventjson.CodeConflict:        exitConflict,
	eventjson.CodeKeyReused:       exitConflict,
	eventjson.CodeTracking:        exitConflict,
	eventjson.CodeDamaged:         exitDamaged,
	eventjson.CodeNotFound:        exitNotFound,
	eventjson.CodeErased:          exitGone,
	eventjson.CodeTruncated:       exitGone,
	eventjson.CodeReducer:         exitReducer,
	eventjson.CodeUnavailable:     exitUnavailable,
	eventjson.CodeLocked:          exitUnavailable,
	eventjson.CodeTimeout:         exitUnavailable,
	eventjson.CodeRateLimited:     exitUnavailable,
	eventjson.CodeReadOnly:        exitUnavailable,
	eventjson.CodeOutcomeUnknown:  exitUnavailable,
	eventjson.CodeUnauthenticated: exitDenied,
	eventjson.CodeDenied:          exitDenied,
	eventjson.CodeTooLarge:        exitDenied,
	eventjson.CodeInternal:        exitInternal,
}

// hints say what to do about an error that brings no hint of its own.
var hints = map[eventjson.Code]string{
	eventjson.CodeConflict: "read what happened since (gesta log), decide again, and append with the new version",
	eventjson.CodeKeyReused: "a key names one commit for good: repeat it with the same events, or take another key " +
		"for other events",
	eventjson.CodeTracking:        "this input was already taken: go on with the one after it",
	eventjson.CodeDamaged:         "gesta check names everything that is wrong; gesta check --repair heals what can be derived again",
	eventjson.CodeLocked:          "another process writes to this store: wait for it, or end it; reading works meanwhile",
	eventjson.CodeOutcomeUnknown:  "repeat it with the same --key: it is written once either way; without a key, look before you repeat it (gesta log)",
	eventjson.CodeUnauthenticated: "GESTA_TOKEN, or the file that GESTA_TOKEN_FILE names, has the token; gesta token create makes one",
	eventjson.CodeReadOnly:        "open the store where it can be written to",
	eventjson.CodeInternal:        "this is a fault in gesta; gesta check says whether the store is well",
}

// exitError ends a command with an exit code where all that was to be said has been said.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usagef makes an error about how the command line, or other input, is written. The message may name the cure after it.
func usagef(format string, args ...any) error {
	return &eventjson.Error{Code: eventjson.CodeUsage, Message: fmt.Sprintf(format, args...)}
}

// usageHint makes an error about how the command line is written, with what to do next.
func usageHint(hint, format string, args ...any) error {
	return &eventjson.Error{Code: eventjson.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// notFoundf makes an error about something that is not there.
func notFoundf(hint, format string, args ...any) error {
	return &eventjson.Error{Code: eventjson.CodeNotFound, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// describe is the form of an error, with a hint wherever there is one to give.
func describe(err error) eventjson.Error {
	d := eventjson.Describe(err)
	if d.Hint == "" {
		d.Hint = hints[d.Code]
		if d.Code == eventjson.CodeTruncated && d.Position > 0 {
			d.Hint = fmt.Sprintf("ask from position %d on", d.Position)
		}
		if len(d.Failed) > 0 {
			if _, query := d.Failed[0].Guard.(store.NoneMatch); query {
				d.Hint = "read what matches (gesta log --query), decide again, and append with --after the head that you read"
			}
		}
	}
	return d
}

// finish says what went wrong, if anything, and returns the exit code.
func (e *env) finish(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil { // by SIGINT alone: nothing else ends the context of a command
		return exitInterrupted
	}
	if e.pager != nil && errors.Is(err, syscall.EPIPE) {
		return exitOK // the reader has seen enough and left the pager
	}
	if quiet, ok := errors.AsType[*exitError](err); ok {
		return quiet.code
	}
	d := describe(err)
	e.printError(&d)
	return exitCodes[d.Code]
}

// misread makes a usage error of what the parser of the command line refused. Args is what was typed.
func (e *env) misread(err error, args []string) error {
	for _, a := range args { // the flags may not have been parsed
		name, _, _ := strings.Cut(a, "=")
		if name == "--json" || name == "--ndjson" || name == "--jq" {
			e.global.json.set = true
		}
	}
	if known, ok := errors.AsType[*eventjson.Error](err); ok {
		return known
	}
	return usageHint("gesta help shows the commands, gesta COMMAND --help its flags", "%s", err)
}

// printError writes an error to stderr: one JSON line where JSON was asked for, else for people.
func (e *env) printError(d *eventjson.Error) {
	if e.jsonMode() {
		line := eventjson.AppendError([]byte(`{"error":`), d)
		e.writeStderr(append(line, '}', '\n'))
		return
	}
	var b strings.Builder
	p := e.painter(e.stderrTerminal)
	b.WriteString(p.red("gesta:") + " " + visible(d.Message) + "\n")
	if d.Hint != "" && !e.global.quiet {
		b.WriteString(p.dim("hint:") + " " + visible(d.Hint) + "\n")
	}
	e.writeStderr([]byte(b.String()))
}
