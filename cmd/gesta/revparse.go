package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const revParseHelp = `Say what addresses stand for, for scripts: this output does not change.

A line an ADDRESS, with tabs between: the position of the event (of a range A..B what A stands for, two points, and what B does), the
position of its commit's first event, its version in its stream, and its stream; - for what there is not. The event is the last one
at or before the point. In the name of a stream a tab, a line feed or a backslash is written as in JSON.

Where the event may have been truncated away, or events after A were, there is no answer (exit 6).`

const revParseExample = `  gesta rev-parse order-42@3
  gesta rev-parse HEAD order-42~2 @{yesterday}..HEAD
  gesta log "$(gesta rev-parse @{yesterday} | cut -f1).."`

func newRevParseCommand(e *env) *cobra.Command {
	var f readingFlags
	cmd := &cobra.Command{
		Use:     "rev-parse ADDRESS...",
		Short:   "Say what addresses stand for",
		Long:    revParseHelp,
		Example: revParseExample,
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.revParse(cmd.Context(), args, &f) },
	}
	f.addKnown(cmd)
	return cmd
}

// revision is what an address stands for.
type revision struct {
	address string
	target  string // of a stream or tag
	after   store.Position
	ranged  bool
	event   *store.Recorded // the last one; nil where there is none
	tag     bool
	count   uint64 // of the events of a tag; 0 where some may have been truncated away
}

func (e *env) revParse(ctx context.Context, addresses []string, f *readingFlags) (err error) {
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	found := make([]revision, len(addresses)) // all of them before the first line
	for i, address := range addresses {
		if found[i], err = q.revision(ctx, address); err != nil {
			return err
		}
	}
	if e.jsonMode() {
		return e.revParseJSON(ctx, q, found)
	}
	w := bufio.NewWriter(e.dataWriter())
	for i := range found {
		if _, err := w.WriteString(found[i].line() + "\n"); err != nil {
			return err
		}
	}
	return w.Flush()
}

// revision looks an address up.
func (q *question) revision(ctx context.Context, address string) (r revision, err error) {
	r.address = address
	if address == "" {
		return r, usagef("an address is empty")
	}
	if id := strings.ToLower(address); store.IsID(id) {
		events, err := q.byID(ctx, id)
		switch {
		case err != nil:
			return r, err
		case len(events) > 1:
			return r, usageHint("gesta show "+address+" shows them; name one by its position", "%d events have the id %s", len(events), address)
		case len(events) == 1:
			r.event, r.target = &events[0], events[0].Stream
			return r, nil
		}
	}
	sel, err := q.lookUp(ctx, address)
	if err != nil {
		return r, err
	}
	if err := sel.CheckStart(ctx, q.Store); err != nil {
		return r, err
	}
	r.target, r.after, r.ranged = sel.Target(), sel.After, sel.Range
	whole := sel
	whole.After, whole.Explicit = 0, false
	for event, err := range q.lastOf(ctx, &whole) {
		if err != nil {
			return r, err
		}
		r.event = &event
		break
	}
	if r.event == nil {
		return r, whole.CheckEnd(ctx, q.Store)
	}
	if sel.Subject == history.Tag {
		r.tag = true
		r.count, err = q.count(ctx, &whole)
	}
	return r, err
}

// count returns how many events of a tag there are, 0 where some may have been truncated away.
func (q *question) count(ctx context.Context, sel *history.Selection) (n uint64, err error) {
	gone := false
	for _, err := range sel.Events(ctx, q.Store, false, func(store.Position) { gone = true }) {
		if err != nil {
			return 0, err
		}
		if gone {
			return 0, nil
		}
		n++
	}
	return n, nil
}

// lastOf yields the events of a selection from its end; of the store with those of system streams, for these have positions too.
func (q *question) lastOf(ctx context.Context, sel *history.Selection) func(func(store.Recorded, error) bool) {
	switch {
	case sel.Empty():
		return func(func(store.Recorded, error) bool) {}
	case sel.Subject == history.WholeStore:
		return history.Read(ctx, q.Store, nil, store.ReadOptions{Until: sel.Until, Backward: true, Limit: 1}, nil)
	}
	return sel.Events(ctx, q.Store, true, nil)
}

func (r *revision) line() string {
	position, commit, version, stream := "0", "-", "-", "-"
	if r.event != nil {
		position = strconv.FormatUint(uint64(r.event.Position), 10)
		commit = strconv.FormatUint(uint64(r.event.Commit), 10)
		if r.event.Stream != "" {
			version, stream = strconv.FormatUint(r.event.Version, 10), porcelain(r.event.Stream)
		}
	}
	if r.ranged {
		position = fmt.Sprintf("%d..%s", r.after, position)
	}
	return strings.Join([]string{position, commit, version, stream}, "\t")
}

// revisionMembers are the members of an item of rev-parse.
var revisionMembers = []string{"address", "target", "after", "position", "commit", "id", "stream", "version"}

func (e *env) revParseJSON(ctx context.Context, q *question, found []revision) error {
	items, err := e.newItems(&q.Basis, revisionMembers...)
	if err != nil {
		return err
	}
	var b []byte
	for i := range found {
		b = found[i].append(b[:0])
		if err := items.add(ctx, b); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

func (r *revision) append(b []byte) []byte {
	b = eventjson.AppendString(append(b, `{"address":`...), r.address)
	if r.target != "" {
		b = eventjson.AppendString(append(b, `,"target":`...), r.target)
	}
	if r.ranged {
		b = strconv.AppendUint(append(b, `,"after":`...), uint64(r.after), 10)
	}
	if r.event == nil {
		return append(b, `,"position":0}`...)
	}
	b = strconv.AppendUint(append(b, `,"position":`...), uint64(r.event.Position), 10)
	b = strconv.AppendUint(append(b, `,"commit":`...), uint64(r.event.Commit), 10)
	if r.event.ID != "" {
		b = eventjson.AppendString(append(b, `,"id":`...), r.event.ID)
	}
	version := r.event.Version
	switch {
	case r.tag:
		version = r.count
	case r.event.Stream != "":
		b = eventjson.AppendString(append(b, `,"stream":`...), r.event.Stream)
	}
	if version > 0 {
		b = strconv.AppendUint(append(b, `,"version":`...), version, 10)
	}
	return append(b, '}')
}
