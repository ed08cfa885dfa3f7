package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const bisectRunHelp = `Find the first bad point of history by running a command on some of them: each halves what is left. This takes for granted that
what is bad stays bad; for a condition on states, gesta bisect --expr is exact.

RANGE is A..B: A is good, and B is bad. Of a stream or a tag (order-42, order-42@3..7) each event is a point, and the command
has the state after it, as JSON, on its stdin. Of the store (1000..HEAD) the end of each commit is one; there the command has
no input, and asks gesta with --known-at "$GESTA_BISECT_POSITION". Both ends are tried first, but for a start before
the first event.

The command says by its exit code what a point is: 0 good, 1 to 124 bad, 125 that it cannot tell: then points near it are tried.
126, 127 and 128 or more, also an end by a signal, stop the search (exit 7). It finds GESTA_STORE, GESTA_BISECT_POSITION and, but for
the store, GESTA_BISECT_VERSION in its environment. Under --json what it prints goes to stderr.

Where only points that were skipped lie before the first bad one, any of them may be the first: then "candidates" has their positions and
that of the bad one, in place of "first". An end that is good is an error: there is nothing to look for. --no-check does not look; where
then no point is judged to be bad, the answer says so: "assumed" is true, and that the end is bad has been taken for granted.

Where the oldest events of the store were truncated away, a range without a start begins with the first commit left, which has to be
good, and says so; a start before that, and a stream or tag that lost events, cannot be searched (exit 6).`

const bisectRunExample = `  gesta bisect run order-42 -- jq -e '.due >= 0'
  gesta bisect run 1000..HEAD -- ./check-balance.sh
  gesta bisect run @{yesterday}..HEAD -- sh -c \
      'gesta stats --known-at "$GESTA_BISECT_POSITION" --jq .late | grep -qx 0'`

type bisectRunFlags struct {
	readingFlags
	noCheck bool
}

func newBisectRunCommand(e *env) *cobra.Command {
	var f bisectRunFlags
	cmd := &cobra.Command{
		Use:     "run RANGE|TARGET -- COMMAND [ARG...]",
		Short:   "Find the first bad point by running a command",
		Long:    bisectRunHelp,
		Example: bisectRunExample,
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 1 {
				return usageHint("gesta bisect run RANGE -- COMMAND", "the command stands after -- behind the range")
			}
			if args[0] == "" {
				return usagef("the range is empty")
			}
			return e.bisectRun(cmd.Context(), args[0], args[1:], &f)
		},
	}
	cmd.Flags().BoolVar(&f.noCheck, "no-check", false, "do not run the command on both ends first")
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addReducer(cmd)
	return cmd
}

func (e *env) bisectRun(ctx context.Context, target string, command []string, f *bisectRunFlags) (err error) {
	url, err := e.storeURL()
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
	if err := q.MayFold(ctx, sel); err != nil {
		return err
	}
	var rule reducer.Reducer
	if sel.Subject == history.WholeStore {
		if f.effectiveAt != "" {
			return usagef("an effective time is of one stream or tag: it does not go with a range of the store")
		}
	} else {
		if rule, err = q.Rules.Choose(ctx, sel.Target()); err != nil {
			return err
		}
		q.Basis.Reducer = rule.Identity()
	}
	r := &runner{e: e, q: q, sel: sel, rule: rule, command: command, store: url}
	search, stop := endedBySignal(ctx)
	defer stop()
	found, err := history.SearchFirst(search, q.Store, sel, r.judge, history.SearchOptions{NoCheck: f.noCheck, Truncated: e.beginsAt()})
	if search.Err() != nil {
		return context.Cause(search)
	}
	if err != nil {
		return err
	}
	e.warnIgnored(q.ignored)
	if e.jsonMode() {
		return e.searchJSON(ctx, q, found)
	}
	return e.searchText(found)
}

// runner asks a command what points of history are.
type runner struct {
	e       *env
	q       *question
	sel     history.Selection
	rule    reducer.Reducer
	command []string
	store   string // as the command is told
}

func (r *runner) judge(ctx context.Context, at history.Place) (history.Verdict, error) {
	var state []byte
	if r.sel.Subject != history.WholeStore {
		sel := r.sel
		sel.Until = at.Position
		st, err := history.FoldState(ctx, r.q.Store, sel, history.StateOptions{EffectiveAt: r.q.Basis.EffectiveAt, Reducer: r.rule})
		if err != nil {
			return history.Skip, err
		}
		state = append(st.Fold.AppendState(nil), '\n')
		if len(st.Ignored) > len(r.q.ignored) { // those of a point are among those of every later one
			r.q.ignored = st.Ignored
		}
	}
	code, err := r.run(ctx, at, state)
	if err != nil {
		return history.Skip, err
	}
	verdict, word := history.Bad, "bad"
	switch code {
	case 0:
		verdict, word = history.Good, "good"
	case exitSkip:
		verdict, word = history.Skip, "skipped"
	}
	r.e.note("%s %s", pointName(&at), word)
	return verdict, nil
}

// pointName is how people see a point: #1120 order-42@7.
func pointName(at *history.Place) string {
	if at.Target == "" {
		return numbered(at.Position)
	}
	return fmt.Sprintf("%s %s@%d", numbered(at.Position), visible(at.Target), at.Version)
}

// searchDocument is the document of bisect run.
type searchDocument struct {
	From        json.RawMessage  `json:"from"`
	To          json.RawMessage  `json:"to"`
	Evaluations int              `json:"evaluations"`
	Skipped     []store.Position `json:"skipped"`
	First       json.RawMessage  `json:"first,omitempty"`
	Candidates  []store.Position `json:"candidates,omitempty"`
	Assumed     bool             `json:"assumed,omitempty"` // no point was judged to be bad

	// IgnoredSupersedes are those of the states that were judged; see answers.StateDocument.
	IgnoredSupersedes []store.Position `json:"ignoredSupersedes,omitempty"`
}

func (e *env) searchJSON(ctx context.Context, q *question, found *history.Search) error {
	doc := searchDocument{
		From: appendPoint(&found.From), To: appendPoint(&found.To), Evaluations: found.Evaluations,
		Skipped: append([]store.Position{}, found.Skipped...), Candidates: found.Suspects, Assumed: found.Assumed, IgnoredSupersedes: q.ignored,
	}
	if len(found.Suspects) == 0 {
		m := history.MentionOf(found.First)
		doc.First = append(answers.AppendMention([]byte{'{'}, &m), '}')
	}
	return e.printDocument(ctx, &q.Basis, doc)
}

// appendPoint writes a place, or a position of the store.
func appendPoint(p *history.Place) []byte {
	if p.Target == "" {
		return fmt.Appendf(nil, `{"position":%d}`, p.Position)
	}
	return answers.AppendPlace(nil, p)
}

func (e *env) searchText(found *history.Search) error {
	p := e.painter(e.stdoutTerminal)
	t := &table{w: e.stdout, right: map[int]bool{0: true}, paint: map[int]func(string) string{0: p.yellow, 1: p.dim, 2: p.cyan, 3: p.bold, 5: p.dim}}
	if len(found.Suspects) == 0 {
		if err := t.row(e.onelineCells(found.First)...); err != nil {
			return err
		}
		if err := t.flush(); err != nil {
			return err
		}
		if found.Assumed {
			e.noteAssumed(found)
			return nil
		}
		e.note("the first bad one of %s; assumes: once bad, stays bad. For a condition on states, gesta bisect --expr is exact",
			plural(found.Evaluations, "evaluation", "evaluations"))
		return nil
	}
	for _, position := range found.Suspects {
		if err := t.row(numbered(position)); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	if found.Assumed {
		e.noteAssumed(found)
	}
	e.note("only points that were skipped are left: the first bad one may be any of these; %s", plural(found.Evaluations, "evaluation", "evaluations"))
	return nil
}

// noteAssumed tells people that nothing was found to be bad.
func (e *env) noteAssumed(found *history.Search) {
	e.note("none of %s was bad: that the end, %s, is bad was taken for granted", plural(found.Evaluations, "evaluation", "evaluations"), pointName(&found.To))
}

// aborted is the error of a command that stops the search.
func (r *runner) aborted(at *history.Place, format string, args ...any) error {
	return &eventjson.Error{
		Code: eventjson.CodeReducer, Position: at.Position, Stream: at.Stream,
		Message: fmt.Sprintf("run %s on %s: ", visible(r.command[0]), pointName(at)) + fmt.Sprintf(format, args...),
		Hint:    "0 is good, 1 to 124 are bad, 125 skips; anything else stops the search",
	}
}
