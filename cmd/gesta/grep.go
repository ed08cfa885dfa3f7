package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const grepHelp = `Show the events whose data a regular expression is found in, the newest first: of the whole store, or of a TARGET or RANGE as
gesta log takes them.

The expression is RE2. Data is searched as it is stored, except that an escape such as \u00e9 is read as its character. With --path
only what lies there is: a text without its quotes. --in metadata looks at what is said about events, --in all at both.

What was erased cannot be searched: such events are counted.`

const grepExample = `  gesta grep -i 'high st' --type AddressChanged --since '30 days ago'
  gesta grep '^Lyon$' order-42 --path city
  gesta grep ada --in metadata -l
  gesta grep refund -c`

type grepFlags struct {
	logFlags
	ignoreCase, names, count bool
	in                       string
	exitCode                 bool
}

func newGrepCommand(e *env) *cobra.Command {
	f := grepFlags{logFlags: logFlags{limit: -1}}
	cmd := &cobra.Command{
		Use:     "grep RE [TARGET | RANGE]",
		Short:   "Show the events in which a pattern is found",
		Long:    grepHelp,
		Example: grepExample,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := optionalTarget(args[1:])
			if err != nil {
				return err
			}
			if err := f.checkNumber(cmd); err != nil {
				return err
			}
			return e.grep(cmd.Context(), args[0], target, &f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.ignoreCase, "ignore-case", "i", false, "take small and capital letters for the same")
	flags.BoolVarP(&f.names, "names", "l", false, "show only where the events are")
	flags.BoolVarP(&f.count, "count", "c", false, "show only how many they are")
	flags.IntVarP(&f.limit, "number", "n", -1, "show `N` events at the most")
	flags.Lookup("number").DefValue = "all" // as the help says it
	flags.StringVar(&f.in, "in", "data", "what to search: `data|metadata|all`")
	flags.StringVar(&f.path, "path", "", "only what lies there in it: items[0].qty or /items/0/qty")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 where something is found")
	addChoice(cmd, &f.logFlags)
	f.addKnown(cmd)
	_ = cmd.RegisterFlagCompletionFunc("in", cobra.FixedCompletions([]string{"data", "metadata", "all"}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// addChoice adds flags that choose events, as gesta log has them.
func addChoice(cmd *cobra.Command, f *logFlags) {
	flags := cmd.Flags()
	flags.Var((*wordList)(&f.types), "type", "only events of these `TYPES`, with commas between; repeatable")
	flags.StringArrayVar(&f.tags, "tag", nil, "only events with this tag; repeat it for events with several")
	flags.StringVar(&f.query, "query", "", "only events that match this `QUERY`; see gesta help queries")
	flags.StringVar(&f.since, "since", "", "only events recorded at this `TIME` or later")
	flags.StringVar(&f.until, "until", "", "only events recorded at this `TIME` or earlier")
}

// pattern returns what to look for.
func (f *grepFlags) pattern(text string) (*history.Grep, error) {
	if f.ignoreCase {
		text = "(?i)" + text
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, usagef("the pattern is no regular expression: %v", err)
	}
	g := &history.Grep{Pattern: pattern}
	if g.Path, err = reducer.ParsePath(f.path); err != nil {
		return nil, fmt.Errorf("--path: %w", err)
	}
	switch f.in {
	case "data", "metadata", "all":
		g.Data, g.Metadata = f.in != "metadata", f.in != "data"
	default:
		return nil, usagef("--in %s: it is data, metadata or all", f.in)
	}
	if f.names && f.count {
		return nil, usagef("-l and -c are two answers: ask for one")
	}
	return g, nil
}

func (e *env) grep(ctx context.Context, text, target string, f *grepFlags) (err error) {
	g, err := f.pattern(text)
	if err != nil {
		return err
	}
	q, err := e.ask(ctx, &f.readingFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	sel, err := q.selection(ctx, target)
	if err != nil {
		return err
	}
	if err := f.narrow(ctx, e, q, &sel); err != nil {
		return err
	}
	s := &grepSearch{e: e, f: f, q: q}
	if err := s.begin(); err != nil {
		return err
	}
	if f.limit != 0 {
		for r, err := range sel.Events(ctx, q.Store, true, e.beginsAt()) {
			if err != nil {
				return errors.Join(err, s.flush())
			}
			if err := s.event(ctx, &r, g.Matches(&r)); err != nil {
				return err
			}
			if s.found == f.limit {
				break
			}
		}
	}
	if err := s.end(ctx); err != nil {
		return err
	}
	if s.found > 0 && f.exitCode {
		return &exitError{exitFound}
	}
	return nil
}

// grepSearch prints what a search finds.
type grepSearch struct {
	e                       *env
	f                       *grepFlags
	q                       *question
	items                   *itemPrinter
	table                   *table
	searched, found, erased int
}

// grepMembers are the members of an item of grep.
var grepMembers = append(append([]string{}, eventMembers...), "matches")

func (s *grepSearch) begin() (err error) {
	switch {
	case s.f.count:
		return nil
	case s.e.jsonMode():
		s.items, err = s.e.newItems(&s.q.Basis, grepMembers...)
		return err
	}
	if err := s.e.page(); err != nil {
		return err
	}
	p := s.e.painter(s.e.stdoutTerminal)
	s.table = &table{w: s.e.stdout, right: map[int]bool{0: !s.f.names}, paint: map[int]func(string) string{0: p.yellow, 1: p.cyan, 2: p.bold}}
	return nil
}

func (s *grepSearch) event(ctx context.Context, r *store.Recorded, matches []history.Match) error {
	s.searched++
	if r.Erased != 0 {
		s.erased++
	}
	if len(matches) == 0 {
		return nil
	}
	s.found++
	switch {
	case s.f.count:
		return nil
	case s.items != nil:
		return s.items.add(ctx, appendMatches(eventjson.AppendEvent(nil, r), matches))
	case s.f.names:
		at := place(r)
		if at == "" {
			at = numbered(r.Position)
		}
		return s.table.row(at)
	}
	return s.table.row(numbered(r.Position), place(r), visible(r.Type), s.e.shownMatch(matches))
}

// appendMatches puts the matches into an event.
func appendMatches(event []byte, matches []history.Match) []byte {
	b := append(bytes.TrimSuffix(event, []byte{'}'}), `,"matches":[`...)
	for i := range matches {
		m := &matches[i]
		if i > 0 {
			b = append(b, ',')
		}
		in := "data"
		if m.Metadata {
			in = "metadata"
		}
		b = append(append(append(b, `{"in":"`...), in...), `","text":`...)
		b = append(eventjson.AppendString(b, string(bytes.ToValidUTF8(m.Text[m.From:m.To], []byte("\uFFFD")))), '}')
	}
	return append(b, ']', '}')
}

// matchAround is how much is shown before and after a match, and matchShown how much of it, in characters.
const (
	matchAround = 30
	matchShown  = 80
)

// shownMatch is the place of the first match.
func (e *env) shownMatch(matches []history.Match) string {
	p := e.painter(e.stdoutTerminal)
	m := &matches[0]
	before := []rune(string(bytes.TrimLeftFunc(m.Text[max(0, m.From-matchAround*utf8.UTFMax):m.From], isNoRune)))
	from := max(0, len(before)-matchAround)
	text := visible(string(before[from:]))
	if from > 0 {
		text = "…" + text
	}
	after := m.Text[m.To:min(len(m.Text), m.To+(matchAround+1)*utf8.UTFMax)]
	text += p.red(visible(cutText(string(m.Text[m.From:m.To]), matchShown))) + visible(cutText(string(after), matchAround))
	if more := len(matches) - 1; more > 0 {
		text += p.dim(fmt.Sprintf("  (%d more)", more))
	}
	return text
}

// isNoRune is true for what is left of a character that was cut.
func isNoRune(r rune) bool { return r == utf8.RuneError }

func (s *grepSearch) flush() error {
	switch {
	case s.items != nil:
		return s.items.flush()
	case s.table != nil:
		return s.table.flush()
	}
	return nil
}

// grepCount is the document of grep -c.
type grepCount struct {
	Matched  int `json:"matched"`
	Searched int `json:"searched"`
	Erased   int `json:"erased"`
}

func (s *grepSearch) end(ctx context.Context) error {
	var err error
	switch {
	case s.f.count && s.e.jsonMode():
		err = s.e.printDocument(ctx, &s.q.Basis, grepCount{s.found, s.searched, s.erased})
	case s.f.count:
		_, err = fmt.Fprintln(s.e.stdout, s.found)
	case s.items != nil:
		err = s.items.closeWith(ctx, fmt.Appendf(nil, `,"searched":%d,"erased":%d`, s.searched, s.erased))
	default:
		err = s.table.flush()
	}
	if err == nil && s.erased > 0 && !s.e.jsonMode() {
		s.e.note("%s and could not be searched", plural(s.erased, "event was erased", "events were erased"))
	}
	return err
}

// closeWith ends the list and adds members to the document, each written with a comma before it.
func (p *itemPrinter) closeWith(ctx context.Context, members []byte) error {
	switch {
	case p.lines:
		return p.out.Flush()
	case p.buffer == nil:
		p.write([]byte{']'}, members, []byte("}\n"))
		if err := p.out.Flush(); err != nil {
			return errors.Join(err, p.kept.discard())
		}
		return p.kept.send(p.to)
	}
	p.write([]byte{']'}, members, []byte{'}'})
	if err := p.out.Flush(); err != nil {
		return err
	}
	return p.e.printJSON(ctx, p.buffer.Bytes())
}
