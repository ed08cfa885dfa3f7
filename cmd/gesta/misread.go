package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/store/eventjson"
)

// What is said of a command line that is not written as it should be: what is wrong, what it may have been meant to be, and what to do next.

// knownCommand refuses arguments of a command that only has commands below it: they are none of these.
func (e *env) knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var words []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			words = append(words, append([]string{c.Name()}, c.Aliases...)...)
		}
	}
	hint := "gesta help shows the commands"
	if cmd.HasParent() {
		hint = cmd.CommandPath() + " --help shows the commands"
	} else if c, err := e.config(); err == nil {
		for _, a := range c.aliases {
			words = append(words, a.name)
		}
	}
	return usageHint(orNearest(args[0], words, hint), "unknown command %q", strings.TrimPrefix(cmd.CommandPath()+" "+args[0], cmd.Root().Name()+" "))
}

// misreadFlag says more of a flag that could not be read.
func misreadFlag(cmd *cobra.Command, err error) error {
	hint := cmd.CommandPath() + " --help shows its flags"
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var words []string
		for _, f := range flagsOf(cmd.Flags()) {
			words = append(words, f.name)
		}
		if w := nearest(missing.GetSpecifiedName(), words); w != "" && missing.GetSpecifiedShortnames() == "" {
			hint = "did you mean --" + w + "? " + hint
		}
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		err = misreadValue(wrong)
		if wrong.GetFlag().Name == "ndjson" {
			hint = "--json=" + wrong.GetValue() + " --ndjson keeps those members of each line"
		}
	}
	return usageHint(hint, "%s", err)
}

// misreadValue says what is wrong with the value of a flag that is no text.
func misreadValue(wrong *pflag.InvalidValueError) error {
	flag := wrong.GetFlag()
	number, ok := errors.AsType[*strconv.NumError](wrong)
	switch {
	case !ok:
		return wrong
	case flag.Value.Type() == "bool":
		return fmt.Errorf("--%s takes no value, and was given %q", flag.Name, wrong.GetValue())
	case errors.Is(number, strconv.ErrRange):
		return fmt.Errorf("--%s %q is out of range", flag.Name, wrong.GetValue())
	}
	return fmt.Errorf("--%s %q is no number", flag.Name, wrong.GetValue())
}

// explainArguments lets each command say what it takes where it was given too few arguments or too many.
func (e *env) explainArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil && cmd.HasParent() {
		cmd.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			_, said := errors.AsType[*eventjson.Error](err)
			switch {
			case err == nil || said:
				return err
			case c.HasSubCommands():
				return e.knownCommand(c, args)
			}
			return usageHint(c.CommandPath()+" --help has examples", "%s, and was given %s", takes(c), given(args))
		}
	} else if check == nil && cmd.HasSubCommands() {
		cmd.Args = e.knownCommand
	}
	for _, c := range cmd.Commands() {
		e.explainArguments(c)
	}
}

// takes says what a command takes: at takes TIME TARGET.
func takes(cmd *cobra.Command) string {
	_, arguments, _ := strings.Cut(cmd.Use, " ")
	if arguments == "" {
		arguments = "no arguments"
	}
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ") + " takes " + arguments
}

func given(args []string) string {
	const shown = 4
	switch {
	case len(args) == 0:
		return "nothing"
	case len(args) > shown:
		return fmt.Sprintf("%d arguments", len(args))
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = fmt.Sprintf("%q", a)
	}
	return strings.Join(quoted, " ")
}
