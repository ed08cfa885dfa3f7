package main

import (
	"context"
	"iter"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

// logShape are the flags of log that choose events by what they say, and that draw or count them.
type logShape struct {
	graph, stat  bool
	grep, author string
}

func (f *logShape) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.graph, "graph", false, "draw what caused what beside the events, one line each")
	flags.BoolVar(&f.stat, "stat", false, "show for each commit how many events of each type it has")
	flags.StringVar(&f.grep, "grep", "", "only events whose data this regular expression is found in: `RE`")
	flags.StringVar(&f.author, "author", "", "only events whose actor this regular expression is found in: `RE`")
}

// checkShape refuses what does not go together.
func (f *logFlags) checkShape(e *env) error {
	switch {
	case f.graph && f.stat:
		return usagef("--graph and --stat are two answers: ask for one")
	case f.graph && (f.reverse || f.follow || f.patch):
		return usagef("--graph draws the newest first, one line each: it goes with none of --reverse, --follow and -p")
	case f.graph && e.jsonMode():
		return usageHint("metadata.causationId and metadata.correlationId of each event are what is drawn", "--graph draws for people: it does not go with JSON")
	case f.stat && (f.follow || f.patch || f.oneline || f.effectiveAt != ""):
		return usagef("--stat counts what is in each commit: it goes with none of --follow, -p, --oneline and --effective-at")
	}
	return nil
}

// keeper returns what says whether an event is chosen; nil where all are.
func (f *logShape) keeper() (func(*store.Recorded) bool, error) {
	var author *regexp.Regexp
	var grep *history.Grep
	if f.author != "" {
		var err error
		if author, err = regexp.Compile(f.author); err != nil {
			return nil, usagef("--author is no regular expression: %v", err)
		}
	}
	if f.grep != "" {
		pattern, err := regexp.Compile(f.grep)
		if err != nil {
			return nil, usagef("--grep is no regular expression: %v", err)
		}
		grep = &history.Grep{Pattern: pattern, Data: true}
	}
	if author == nil && grep == nil {
		return nil, nil //nolint:nilnil // nil chooses all
	}
	return func(r *store.Recorded) bool {
		return (author == nil || author.MatchString(history.Actor(r))) && (grep == nil || len(grep.Matches(r)) > 0)
	}, nil
}

// chosenEvents is logEvents of those that --grep and --author choose: -n counts these.
func (e *env) chosenEvents(ctx context.Context, q *question, sel *history.Selection, f *logFlags, fold history.StateOptions) (iter.Seq2[store.Recorded, error], error) {
	if f.stat && f.limit >= 0 {
		return e.lastCommits(ctx, q, sel, f, fold)
	}
	keep, err := f.keeper()
	if err != nil {
		return nil, err
	}
	if keep == nil {
		return e.logEvents(ctx, q, sel, f, fold)
	}
	all := *f
	all.limit = -1
	if f.limit < 0 || !f.reverse && !f.follow {
		events, err := e.logEvents(ctx, q, sel, &all, fold)
		return first(kept(events, keep), f.limit), err
	}
	// -n counts from the newest, whatever the order of showing.
	newest := all
	newest.reverse, newest.follow = false, false
	events, err := e.logEvents(ctx, q, sel, &newest, fold)
	if err != nil {
		return nil, err
	}
	if fold.Effective != nil {
		last, err := positionsOf(first(kept(events, keep), f.limit))
		return fold.Effective.Events(ctx, q.Store, false, last), err
	}
	after, left := sel.After, f.limit
	if left == 0 {
		after = sel.Until
	} else {
		for r, err := range kept(events, keep) {
			if err != nil {
				return nil, err
			}
			if left--; left == 0 {
				after = r.Position - 1
				break
			}
		}
	}
	if after > sel.After {
		sel.After, sel.Explicit = after, true
	}
	events, err = e.logEvents(ctx, q, sel, &all, fold)
	return kept(events, keep), err
}

// lastCommits is chosenEvents where -n counts commits.
func (e *env) lastCommits(ctx context.Context, q *question, sel *history.Selection, f *logFlags, fold history.StateOptions) (iter.Seq2[store.Recorded, error], error) {
	all := *f
	all.limit, all.reverse = -1, false
	newest, err := e.chosenEvents(ctx, q, sel, &all, fold)
	if err != nil || !f.reverse {
		return firstCommits(newest, f.limit), err
	}
	after := sel.Until
	for r, err := range firstCommits(newest, f.limit) {
		if err != nil {
			return nil, err
		}
		after = r.Position - 1
	}
	if after > sel.After {
		sel.After, sel.Explicit = after, true
	}
	all.reverse = true
	return e.chosenEvents(ctx, q, sel, &all, fold)
}

// firstCommits yields the events of the first n commits.
func firstCommits(events iter.Seq2[store.Recorded, error], n int) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		left, commit := n, store.Position(0)
		if left == 0 {
			return
		}
		for r, err := range events {
			if err == nil && r.Commit != commit {
				if commit = r.Commit; left == 0 {
					return
				}
				left--
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// kept yields the events that are chosen.
func kept(events iter.Seq2[store.Recorded, error], keep func(*store.Recorded) bool) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range events {
			if err == nil && !keep(&r) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
