package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const manHelp = `Write the manual pages of gesta, of each of its commands and of its topics: gesta.1, gesta-log.1, gesta-addresses.7 and so
on, into DIR, which is made if it is not there. Without --dir, print the page of one COMMAND or topic, of gesta itself without any, which
man shows with: gesta man log | man -l -

They say what --help says, made of the same texts.`

const manExample = `  gesta man --dir ~/.local/share/man
  gesta man log | man -l -`

func newManCommand(e *env) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "man [COMMAND]... [--dir DIR]",
		Short:   "Write manual pages",
		Long:    manHelp,
		Example: manExample,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			return completePages(cmd.Root(), args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noSuchPage(cmd.Root(), args)
			}
			if !cmd.Flags().Changed("dir") {
				_, err := e.stdout.Write(manPage(about))
				return err
			}
			if len(args) > 0 {
				return usagef("--dir writes every page: it goes with no COMMAND")
			}
			n, err := writeManPages(cmd.Root(), e.abs(dir))
			if err != nil {
				return err
			}
			e.note("Wrote %s to %s.", plural(n, "page", "pages"), e.abs(dir))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the directory of manual pages, with man1 and man7 in it: `DIR`")
	return cmd
}

// noSuchPage says that there is no command or topic of this name.
func noSuchPage(root *cobra.Command, args []string) error {
	var words []string
	for _, c := range root.Commands() {
		words = append(words, c.Name())
	}
	return usageHint(orNearest(strings.Join(args, " "), words, "gesta help lists the commands and topics"),
		"there is no command or topic %q", strings.Join(args, " "))
}

// writeManPages writes the pages of a command and of all below it, and returns how many there are.
func writeManPages(cmd *cobra.Command, dir string) (int, error) {
	if cmd.Hidden {
		return 0, nil
	}
	path := filepath.Join(dir, "man"+manSection(cmd), manName(cmd)+"."+manSection(cmd))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, pathFailed("make directory of manual pages", err)
	}
	if err := os.WriteFile(path, manPage(cmd), 0o644); err != nil {
		return 0, pathFailed("write manual page", err)
	}
	n := 1
	for _, c := range cmd.Commands() {
		below, err := writeManPages(c, dir)
		if n += below; err != nil {
			return n, err
		}
	}
	return n, nil
}

// isTopic says whether a page is about no command.
func isTopic(cmd *cobra.Command) bool { return !cmd.Runnable() && !cmd.HasSubCommands() }

// manSection is 1 for commands and 7 for what is about several of them.
func manSection(cmd *cobra.Command) string {
	if isTopic(cmd) {
		return "7"
	}
	return "1"
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the page of a command, in the language of man(7).
func manPage(cmd *cobra.Command) []byte {
	cmd.InitDefaultHelpFlag()
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %q %q \"\" %q \"gesta\"\n", strings.ToUpper(manName(cmd)), manSection(cmd), "gesta "+buildVersion())
	b.WriteString(".nh\n.ad l\n")
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	if !isTopic(cmd) {
		fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(cmd.UseLine()))
	}
	b.WriteString(".SH DESCRIPTION\n")
	manText(&b, cmd.Long)
	manCommands(&b, cmd)
	manFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	manFlags(&b, "GLOBAL OPTIONS", cmd.InheritedFlags())
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n")
		manText(&b, cmd.Example)
	}
	if !isTopic(cmd) {
		b.WriteString(".SH EXIT STATUS\n0 when it went well, also when the answer is empty; each kind of error has its own.\n")
		b.WriteString("See\n.BR gesta-exit-codes (7)\nand\n.BR gesta-explain (1).\n")
	}
	manSeeAlso(&b, cmd)
	return b.Bytes()
}

// manCommands lists the commands below one, in their groups.
func manCommands(b *bytes.Buffer, cmd *cobra.Command) {
	list := func(title string, keep func(*cobra.Command) bool) {
		for _, c := range cmd.Commands() {
			if !c.Hidden && keep(c) {
				if title != "" {
					fmt.Fprintf(b, ".SH %s\n", roff(strings.ToUpper(title)))
					title = ""
				}
				fmt.Fprintf(b, ".TP\n.BR %s (%s)\n%s\n", roff(manName(c)), manSection(c), roff(c.Short))
			}
		}
	}
	for _, g := range cmd.Groups() {
		list(g.ID, func(c *cobra.Command) bool { return c.GroupID == g.ID })
	}
	list("commands", func(c *cobra.Command) bool { return c.GroupID == "" && !isTopic(c) })
	list("topics", isTopic)
}

// manValues are the words for the types of values that a flag has no better word for.
var manValues = map[string]string{"string": "TEXT", "stringArray": "TEXT", "strings": "TEXT", "int": "N", "uint": "N", "uint32": "N", "float": "N"}

func manFlags(b *bytes.Buffer, title string, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if title != "" {
			fmt.Fprintf(b, ".SH %s\n", title)
			title = ""
		}
		value, usage := pflag.UnquoteUsage(f)
		if word, ok := manValues[value]; ok {
			value = word
		}
		if zero := slices.Contains([]string{"", "0", "false", "[]", "-1"}, f.DefValue); !zero && !strings.Contains(usage, "default") {
			usage += " (default " + f.DefValue + ")"
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR", roff(name))
		if value != "" {
			between := " "
			if strings.HasPrefix(value, "[") {
				between = ""
			}
			fmt.Fprintf(b, "%s\\fI%s\\fR", between, roff(value))
		}
		fmt.Fprintf(b, "\n%s\n", roff(usage))
	})
}

func manSeeAlso(b *bytes.Buffer, cmd *cobra.Command) {
	if !cmd.HasParent() {
		return
	}
	fmt.Fprintf(b, ".SH SEE ALSO\n.BR %s (1)", roff(manName(cmd.Parent())))
	for _, c := range cmd.Root().Commands() {
		if isTopic(c) && c != cmd && !c.Hidden {
			fmt.Fprintf(b, ",\n.BR %s (%s)", roff(manName(c)), manSection(c))
		}
	}
	b.WriteByte('\n')
}

// manText writes paragraphs. Lines that are indented stay as they are.
func manText(b *bytes.Buffer, text string) {
	literal := false
	fresh := true // nothing stands in this paragraph yet
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		if indented := strings.HasPrefix(line, " "); indented != literal && line != "" {
			if literal = indented; literal {
				b.WriteString(".PP\n.RS 4\n.nf\n")
			} else {
				b.WriteString(".fi\n.RE\n.PP\n")
			}
			fresh = true
		}
		switch {
		case line == "" && literal:
			b.WriteString("\n")
		case line == "":
			if !fresh {
				b.WriteString(".PP\n")
			}
			fresh = true
		default:
			b.WriteString(roff(strings.TrimPrefix(line, "  ")) + "\n")
			fresh = false
		}
	}
	if literal {
		b.WriteString(".fi\n.RE\n")
	}
}

// roff writes text so that man shows it as it stands: nothing in it is a command, and hyphens and quotes can be copied.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\(ga", "^", `\(ha`, "~", `\(ti`, "…", "...", "\"", `\(dq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return strings.ReplaceAll(text, "\n", " ")
}
