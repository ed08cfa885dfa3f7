package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/store/eventjson"
)

// expand puts the words of an alias in the place of its name, as long as the command of the line is one. Commands of gesta come first:
// an alias never stands in for one. The config is read only where the command is not one of gesta's own.
func (e *env) expand(root *cobra.Command, args []string) ([]string, error) {
	if line, ok := isCompletion(root, args); ok {
		return slices.Concat(args[:line], e.expandCompletion(root, args[line:])), nil
	}
	var passed []string // names that were aliases, in order
	for {
		at := verbAt(root, args)
		if at < 0 || isCommand(root, args[at]) {
			return args, nil
		}
		c, err := e.config()
		if err != nil {
			return args, err
		}
		a, ok := c.alias(args[at])
		if !ok {
			return args, nil
		}
		if slices.Contains(passed, a.name) {
			return args, &eventjson.Error{
				Code: eventjson.CodeUsage, File: c.path, Line: int64(a.line), Hint: "gesta config shows the aliases",
				Message: c.at(a.line) + ": aliases go round: " + strings.Join(append(passed, a.name), " -> "),
			}
		}
		passed = append(passed, a.name)
		args = slices.Concat(args[:at], a.words, args[at+1:])
	}
}

// expandCompletion expands the alias of a line that is not finished: its last word is what the shell asks about.
func (e *env) expandCompletion(root *cobra.Command, line []string) []string {
	if len(line) < 2 {
		return line
	}
	last := len(line) - 1
	expanded, err := e.expand(root, line[:last])
	if err != nil {
		return line
	}
	return append(slices.Clip(expanded), line[last])
}

// verbAt returns where the command stands in a line, after flags that stand before it and their values; -1 where there is none.
func verbAt(root *cobra.Command, args []string) int {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			return -1
		case !strings.HasPrefix(a, "-") || a == "-":
			return i
		case takesNext(root.PersistentFlags(), a):
			i++
		}
	}
	return -1
}

// takesNext says whether the word after a flag is its value.
func takesNext(flags *pflag.FlagSet, word string) bool {
	name, long := strings.CutPrefix(word, "--")
	if !long || strings.Contains(name, "=") {
		return false // the short flags of the root are switches
	}
	f := flags.Lookup(name)
	return f != nil && f.NoOptDefVal == ""
}

// isCommand says whether a word is a command of gesta.
func isCommand(root *cobra.Command, word string) bool {
	switch word {
	case "help", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return true
	}
	return slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == word || c.HasAlias(word) })
}

// aliasOf returns the alias that the words name; false for any other words, and beside a config with a mistake in it.
func (e *env) aliasOf(words []string) (alias, bool) {
	c, err := e.config()
	if err != nil || len(words) != 1 {
		return alias{}, false
	}
	return c.alias(words[0])
}

// helpAlias says what an alias stands for, and where that is explained.
func (e *env) helpAlias(root *cobra.Command, a alias) error {
	text := fmt.Sprintf("%s is an alias: gesta %s\n\nIt stands in %s.", a.name, a.text, e.configured.at(a.line))
	if words, err := e.expand(root, []string{a.name}); err == nil {
		if at := verbAt(root, words); at >= 0 && isCommand(root, words[at]) {
			text += fmt.Sprintf(" gesta help %s explains the command.", words[at])
		}
	}
	_, err := io.WriteString(e.stdout, visibleLines(text)+"\n")
	return err
}

// completeAlias completes the name of an alias in the place of a command.
func (e *env) completeAlias(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	c, err := e.config()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, a := range c.aliases {
		if strings.HasPrefix(a.name, word) && !isCommand(cmd.Root(), a.name) {
			words = append(words, a.name+"\t"+a.text)
		}
	}
	return clean(words), cobra.ShellCompDirectiveNoFileComp
}
