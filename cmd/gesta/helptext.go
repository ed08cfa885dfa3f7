package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printHelp prints the help of a command in lines that every terminal has room for.
func printHelp(cmd *cobra.Command, _ []string) {
	text := cmd.UsageString()
	for _, flags := range []*pflag.FlagSet{cmd.LocalFlags(), cmd.InheritedFlags()} {
		trim := func(s string) string { return strings.TrimRight(s, " \n") }
		text = strings.Replace(text, trim(flags.FlagUsages()), trim(flags.FlagUsagesWrapped(pageWidth)), 1)
	}
	if isTopic(cmd) {
		text = ""
	}
	parts := make([]string, 0, 2)
	for _, part := range []string{reflow(cmd.Long), strings.TrimRight(text, "\n")} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	_, _ = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(parts, "\n\n")) // helpWriter keeps the error
}

// reflow breaks the lines of a text anew, so that none is wider than a page. Lines that are indented stay as they are, and so do blank ones.
func reflow(text string) string {
	var out, paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			out = append(out, wrap(strings.Join(paragraph, " "), ""))
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			out = append(out, line)
			continue
		}
		paragraph = append(paragraph, line)
	}
	end()
	return strings.Join(out, "\n")
}
