package main

import (
	"github.com/spf13/cobra"
)

const addressesHelp = `Where a command takes a TARGET:

  order-42             a stream
  order-42@7           the stream as it was at version 7
  order-42~2           two events before its end
  order-42@{yesterday} as it was then; a time without a zone is local
  tag:course:c1        the events with this tag, in the order of the store
  tag:course:c1@7      the first seven of them
  stream:tag:x         forces the name of a stream
  '"odd name"@3'       takes what is in quotes literally

Where it takes an event:

  1120 or '#1120'      the event at this position of the store
  HEAD                 the last event of the store
  order-42@7           the event that brought the stream to version 7
  1120:order-42        the stream as the store was at position 1120

A RANGE is A..B, after A and up to B; an empty side is the start or HEAD: 1000..1120, order-42@3..7, order-42@3..

An argument that is the whole name of a stream is that stream, however it looks.

Times are RFC 3339 (2026-11-01T10:06:00Z), dates (2026-11-01), or words: now,
today, yesterday, monday (at midnight, when the latest one began), last monday
(not today, where it is one), 2 hours ago, 3d ago.`

const exitCodesHelp = `  0    it went well, also when the answer is empty
  1    with --exit-code alone: there is a difference, or something was found
  2    usage: the command, a flag or the input is not written as it should be
  3    conflict, keyReused, tracking: the store has moved on; nothing is written
  4    damaged: stored bytes are not what was written
  5    notFound: there is no such store, stream, event or key
  6    erased, truncated: it was there once
  7    reducer: an event could not be folded into the state
  8    unavailable, locked, timeout, rateLimited, readOnly, outcomeUnknown:
       it may work later
  9    unauthenticated, denied, tooLarge
  10   internal: a fault in gesta
  130  interrupted

"gesta explain CODE" says more of one of them, and what to do next.

With --json or --ndjson an error is one line on stderr:

  {"error":{"code":"conflict","message":"…","hint":"…"}}

and has the facts that are known: failed (the guards that did not hold), file, line, offset, position, stream.`

const queriesHelp = `A QUERY selects events. As text it is a list of terms; all of them hold for an event that matches:

  stream=order-42            the event is in this stream
  category=order             its stream begins with "order-"
  type=Shipped,Cancelled     it has any of these types
  tag=order:42               it has this tag; repeat it for several

OR between terms begins another alternative. A value with a space, a comma or a quote in it stands in double quotes:

  type=Shipped,Cancelled tag=order:42 tag=eu OR category=stock
  tag="city:New York"

A text that begins with [ is JSON:

  [{"types":["Shipped","Cancelled"],"tags":["order:42"]},{"category":"stock"}]

[] matches every event.`

const expressionsHelp = `An expression is a condition on a state and on the event that made it, as
gesta bisect --expr takes it:

  state.due < 0 && event.type in ["PaymentTaken", "PaymentRefunded"]

Paths

  state.items[0].qty   in the state after the event
  before.due           in the state before it
  event.data.by        in the event, whose members are type, data, metadata,
                       actor, stream, version, position, tags, recordedAt and
                       effectiveAt
  state["odd name"]    a name that is not letters, digits, _ and $

A path that leads nowhere is null. has(PATH) is true where there is something,
be it null.

Operators, from the loosest to the tightest

  ||
  &&
  ==  !=  <  <=  >  >=  in  like
  +  -
  *  /
  !  -                 before an operand

Values are JSON; a text stands in "double" or 'single' quotes, and [1, state.n]
is a list. X in LIST looks for an equal element; X like "order-*" knows * and ?;
matches(X, "RE") looks for a regular expression in a text.

No value makes an expression fail, so mind what null does:

  state.due - 5        is null where due is not there, or is no number: + - * /
                       calculate with two numbers (+ also joins two texts), and
                       everything else, a division by zero too, is null
  null < 0             is false, and so are > <= >=: null, and values of two
                       types, are neither below nor above each other
  state.due - 5 <= 0   is therefore false without a due, and
  !(state.due > 5)     is true without one
  state.due == null    is true where due is null, or not there
  state.open && true   is false unless open is true: 1 and "yes" are not

Numbers are compared by their decimal value: 38.50 == 38.5. Sums, differences
and products are exact; a quotient has at most 34 significant digits.`

// helpTopics are the pages that "gesta help TOPIC" shows and that are no commands.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "addresses", Short: "How streams, versions, times and ranges are written", Long: addressesHelp},
		{Use: "expressions", Short: "How a condition on states and events is written", Long: expressionsHelp},
		{Use: "exit-codes", Short: "What each exit code means", Long: exitCodesHelp},
		{Use: "queries", Short: "How a selection of events is written", Long: queriesHelp},
	}
}

// newHelpCommand makes the command that shows the help of others, and knows when there is no such other.
func newHelpCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND or TOPIC]",
		Short:   "Explain a command or a topic",
		Long:    "Explain a command, as its --help does, or one of the topics that are no commands.",
		Example: "  gesta help log\n  gesta help addresses",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			words, directive := completePages(cmd.Root(), args, word)
			aliases, _ := e.completeAlias(cmd, args, word)
			return append(words, aliases...), directive
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				if a, ok := e.aliasOf(args); ok {
					return e.helpAlias(cmd.Root(), a)
				}
				return noSuchPage(cmd.Root(), args)
			}
			about.InitDefaultHelpFlag() // it is shown among the flags
			return about.Help()
		},
	}
}

// completePages completes the name of a command, or of a topic.
func completePages(root *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	var c candidates
	if about, rest, err := root.Find(args); err == nil && len(rest) == 0 {
		for _, below := range about.Commands() {
			if !below.Hidden {
				c.words = append(c.words, completeWords(below.Name())(below, word).words...)
			}
		}
	}
	return c.words, c.directive()
}
