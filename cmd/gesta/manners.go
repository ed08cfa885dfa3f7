package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/store/eventjson"
)

// The manners of the command line: data goes to stdout, everything else to stderr; what is said to people begins with
// "gesta:" only when something went wrong; nothing from data reaches a terminal raw (visible.go); documents are written by
// output.go, errors and exit codes by exit.go. Commands use no other way to print.

// fieldsFlag is --json[=FIELDS].
type fieldsFlag struct {
	set    bool
	fields []string // none is all
}

const allFields = "true"

func (f *fieldsFlag) String() string { return strings.Join(f.fields, ",") }
func (f *fieldsFlag) Type() string   { return "bool" } // so that the help shows --json [=FIELDS]

// Set takes a list of names, or allFields, which is what --json alone gives.
func (f *fieldsFlag) Set(s string) error {
	f.set = true
	f.fields = nil
	if s == allFields {
		return nil
	}
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return fmt.Errorf("an empty name in %q", s)
		}
		f.fields = append(f.fields, name)
	}
	return nil
}

func (e *env) addGlobalFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	g := &e.global
	f.StringVar(&g.store, "store", "", "the store: a directory, or a URL such as http://127.0.0.1:4114 (default $GESTA_STORE, else .gesta found upward)")
	f.Var(&g.json, "json", "print one JSON document; `[=FIELDS]` keeps those members of each item, such as =position,type")
	f.Lookup("json").NoOptDefVal = allFields
	f.BoolVar(&g.ndjson, "ndjson", false, "print one JSON value a line")
	f.StringVar(&g.jq, "jq", "", "print what this jq expression makes of the document, or of each line with --ndjson; texts without quotes")
	f.StringVar(&g.color, "color", "auto", "colour the output: auto, always or never")
	f.BoolVar(&g.noPager, "no-pager", false, "do not show long output through $PAGER")
	f.BoolVarP(&g.quiet, "quiet", "q", false, "say nothing but data and errors")
	f.BoolVarP(&g.yes, "yes", "y", false, "answer yes to every question")
}

// mayBeEmpty are the flags to which an empty value says something: no data, every name, the whole state.
var mayBeEmpty = []string{"data", "metadata", "prefix", "after", "path"}

// refuseEmpty refuses a flag that was given without a value, as by --expect "$V" where V is not set: it would not count, and a
// condition or a bound would be gone without a word.
func refuseEmpty(cmd *cobra.Command) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		empty := f.Value.String() == ""
		if list, ok := f.Value.(pflag.SliceValue); ok {
			empty = len(list.GetSlice()) == 0
		}
		if f.Name != "json" && empty && err == nil && !slices.Contains(mayBeEmpty, f.Name) {
			err = usageHint("leave --"+f.Name+" out, or give it a value", "--%s is empty", f.Name)
		}
	})
	return err
}

// checkFlags refuses what says nothing, and global flags that contradict themselves.
func (e *env) checkFlags(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	g := &e.global
	if err := checkColor("--color", g.color); err != nil {
		return err
	}
	if err := e.configure(cmd); err != nil {
		return err
	}
	if g.jq == "" {
		return nil
	}
	_, err := compileJQ(g.jq)
	return err
}

// needNoConfig are the commands that work beside a config with a mistake in it: those that help to find it.
var needNoConfig = []string{"help", "version", "explain", "completion", "man", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}

// configure takes the settings of the config over where no flag was given.
func (e *env) configure(cmd *cobra.Command) error {
	c, err := e.config()
	if err != nil {
		for ; cmd.HasParent(); cmd = cmd.Parent() {
			if slices.Contains(needNoConfig, cmd.Name()) {
				return nil
			}
		}
		return err
	}
	if c.color.line != 0 && !cmd.Flags().Changed("color") {
		e.global.color = c.color.value
	}
	return nil
}

// jsonMode says whether programs read what this command prints.
func (e *env) jsonMode() bool { return e.global.json.set || e.global.ndjson || e.global.jq != "" }

// lineMode says whether lists are printed one JSON value a line.
func (e *env) lineMode() bool { return e.global.ndjson }

// note tells people something that is no data, on stderr: a summary, what was done, where a list begins. It says nothing
// under --quiet.
func (e *env) note(format string, args ...any) {
	if e.global.quiet {
		return
	}
	e.writeStderr([]byte(visibleLines(fmt.Sprintf(format, args...)) + "\n"))
}

// warn tells people what they should know although it is no error. It speaks under --quiet too.
func (e *env) warn(format string, args ...any) {
	if e.jsonMode() {
		text := append(eventjson.AppendString([]byte(`{"warning":{"message":`), fmt.Sprintf(format, args...)), "}}\n"...)
		e.writeStderr(text)
		return
	}
	e.writeStderr([]byte(e.painter(e.stderrTerminal).yellow("warning:") + " " + visibleLines(fmt.Sprintf(format, args...)) + "\n"))
}

// writeStderr drops an error: there is nowhere left to say it.
func (e *env) writeStderr(b []byte) { _, _ = e.stderr.Write(b) }
