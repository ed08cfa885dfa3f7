package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store/eventjson"
)

const explainHelp = `Explain an error: what its code means, when it happens, and what to do next. CODE is the word that --json shows as
"code", or an exit code, which may stand for several. Without one, list them all. It needs no store.`

const explainExample = `  gesta explain
  gesta explain conflict
  gesta explain 8
  gesta append order-42 --type Paid --expect 6 || gesta explain $?`

// explainItem is an item of the document of explain.
type explainItem struct {
	Code    string `json:"code"`
	Exit    int    `json:"exit"`
	HTTP    int    `json:"http,omitempty"`
	Summary string `json:"summary"`
	When    string `json:"when"`
	Next    string `json:"next"`
}

var explainMembers = []string{"code", "exit", "http", "summary", "when", "next"}

func newExplainCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "explain [CODE]",
		Short:   "Explain an error code or an exit code",
		Long:    explainHelp,
		Example: explainExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all := explanations()
			found := all
			if len(args) == 1 {
				if found = explained(all, args[0]); len(found) == 0 {
					return usageHint(orNearest(args[0], codeWords(), "gesta explain lists them"), "there is no error code or exit code %q", args[0])
				}
			}
			if e.jsonMode() {
				return printItems(cmd.Context(), e, &eventjson.Basis{NoHead: true}, found, explainMembers...)
			}
			if len(args) == 0 {
				return e.listExplanations(found)
			}
			return e.writeExplanations(found)
		},
	}
}

// explanations returns the page of every code, in the order of the codes, and of the exit codes that are no errors.
func explanations() []explainItem {
	out := []explainItem{{Code: "ok", Exit: exitOK, HTTP: 200, Summary: okPage.summary, When: okPage.when, Next: okPage.next}}
	out = append(out, explainItem{Code: "found", Exit: exitFound, Summary: foundPage.summary, When: foundPage.when, Next: foundPage.next})
	for _, code := range eventjson.Codes() {
		p := codePages[code]
		out = append(out, explainItem{
			Code: string(code), Exit: exitCodes[code], HTTP: p.http, Summary: p.summary, When: p.when, Next: p.next,
		})
	}
	return append(out, explainItem{
		Code: "interrupted", Exit: exitInterrupted, Summary: interruptedPage.summary, When: interruptedPage.when, Next: interruptedPage.next,
	})
}

// explained returns the pages that a word or an exit code asks for. Case does not count.
func explained(all []explainItem, asked string) []explainItem {
	exit, err := strconv.Atoi(asked)
	var found []explainItem
	for _, x := range all {
		if strings.EqualFold(x.Code, asked) || err == nil && x.Exit == exit {
			found = append(found, x)
		}
	}
	return found
}

// codeWords are the words that gesta explain takes.
func codeWords() []string {
	var out []string
	for _, x := range explanations() {
		out = append(out, x.Code)
	}
	return out
}

func (e *env) listExplanations(all []explainItem) error {
	p := e.painter(e.stdoutTerminal)
	t := &table{w: e.stdout, right: map[int]bool{0: true}, paint: map[int]func(string) string{0: p.yellow, 1: p.bold}}
	slices.SortStableFunc(all, func(a, b explainItem) int { return a.Exit - b.Exit })
	for _, x := range all {
		if err := t.row(strconv.Itoa(x.Exit), x.Code, x.Summary); err != nil {
			return err
		}
	}
	return t.flush()
}

func (e *env) writeExplanations(found []explainItem) error {
	p := e.painter(e.stdoutTerminal)
	var b strings.Builder
	for i, x := range found {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s\n", p.bold(x.Code), x.Summary)
		fmt.Fprintf(&b, "Exit code %d", x.Exit)
		if x.HTTP != 0 {
			fmt.Fprintf(&b, ", HTTP status %d", x.HTTP)
		}
		fmt.Fprintf(&b, "\n\n%s\n\nNext\n%s\n", wrap(x.When, "  "), wrap(x.Next, "  "))
	}
	_, err := e.stdout.Write([]byte(b.String()))
	return err
}

// pageWidth is how wide text of several sentences gets, in characters.
const pageWidth = 80

// wrap breaks the lines of a text at spaces, each line after indent. A line that is indented already is left as it is.
func wrap(text, indent string) string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(paragraph, " ") || paragraph == "" {
			lines = append(lines, strings.TrimRight(indent+paragraph, " "))
			continue
		}
		line := indent
		for w := range strings.FieldsSeq(paragraph) {
			if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > pageWidth && line != indent {
				lines = append(lines, line)
				line = indent
			}
			if line != indent {
				line += " "
			}
			line += w
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
