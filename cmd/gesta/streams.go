package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
)

const streamsHelp = `List the streams by name, each with its version (how many events it has had), the position of its last event, and when
that was recorded. Streams of gesta's own, whose names begin with $, are listed with a --prefix that begins so.

--after and --limit page through a long list: the last name of a page is the --after of the next.`

const streamsExample = `  gesta streams
  gesta streams --prefix order- --limit 20
  gesta streams --json --jq '.items[].stream'`

type streamsFlags struct {
	readingFlags
	store.StreamsOptions
}

func newStreamsCommand(e *env) *cobra.Command {
	var f streamsFlags
	cmd := &cobra.Command{
		Use:     "streams",
		Short:   "List streams",
		Long:    streamsHelp,
		Example: streamsExample,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.streams(cmd.Context(), &f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Prefix, "prefix", "", "only streams whose names begin with this")
	flags.StringVar(&f.After, "after", "", "only streams whose names come after this one")
	flags.IntVar(&f.Limit, "limit", 0, "list `N` at the most; 0 is no limit")
	f.addKnown(cmd)
	return cmd
}

// streamMembers are the members of an item of streams.
var streamMembers = []string{"stream", "version", "lastPosition", "lastRecordedAt"}

func (e *env) streams(ctx context.Context, f *streamsFlags) (err error) {
	if f.Limit < 0 {
		return usagef("--limit %d is below 0", f.Limit)
	}
	q, err := e.ask(ctx, &f.readingFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	show, end, err := e.streamPrinter(ctx, q)
	if err != nil {
		return err
	}
	for info, err := range q.Streams(ctx, f.StreamsOptions) {
		if err != nil {
			return err
		}
		if err := show(&info); err != nil {
			return err
		}
	}
	return end()
}

// streamPrinter returns what prints one stream, and what ends the list.
func (e *env) streamPrinter(ctx context.Context, q *question) (show func(*store.StreamInfo) error, end func() error, err error) {
	if !e.jsonMode() {
		if err := e.page(); err != nil {
			return nil, nil, err
		}
		p := e.painter(e.stdoutTerminal)
		t := &table{w: e.stdout, right: map[int]bool{1: true, 2: true}, paint: map[int]func(string) string{0: p.cyan, 2: p.yellow, 3: p.dim}}
		return func(s *store.StreamInfo) error {
			return t.row(visible(s.Stream), strconv.FormatUint(s.Version, 10), numbered(s.LastPosition), e.shortTime(s.LastRecordedAt))
		}, t.flush, nil
	}
	items, err := e.newItems(&q.Basis, streamMembers...)
	if err != nil {
		return nil, nil, err
	}
	var b []byte
	return func(s *store.StreamInfo) error {
		b = answers.AppendStream(b[:0], s)
		return items.add(ctx, b)
	}, func() error { return items.close(ctx) }, nil
}
