package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const traceHelp = `Show what an event caused and what led to it, in whatever streams, as a tree.

EVENT is a position (1120, '#1120'), HEAD, the event that brought a stream to a version (order-42@7), the last event of a stream or tag,
or an event's id.

What caused an event is the one whose id its metadata name as causationId. Events with the same correlationId belong together as well:
where nothing else links them to the event they hang on it with a dotted line, and those before it stand first. Events of the
store have no index by these: it reads what comes after the event, and where the event has a correlationId also what comes before.
--since and --until bound that, --depth bounds the steps.`

const traceExample = `  gesta trace order-42@7
  gesta trace 1120 --depth 2
  gesta trace order-42@7 --json --jq '.items[] | select(.depth < 0)'`

type traceFlags struct {
	readingFlags
	depth        int
	since, until string
}

func newTraceCommand(e *env) *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:     "trace EVENT",
		Short:   "Show what an event caused and what led to it",
		Long:    traceHelp,
		Example: traceExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case args[0] == "":
				return usagef("the name of the event is empty")
			case cmd.Flags().Changed("depth") && f.depth < 1:
				return usagef("--depth %d is below 1", f.depth)
			}
			return e.trace(cmd.Context(), args[0], &f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.depth, "depth", 0, "follow `N` steps at the most, either way")
	flags.Lookup("depth").DefValue = "all" // as the help says it
	flags.StringVar(&f.since, "since", "", "only events recorded at this `TIME` or later")
	flags.StringVar(&f.until, "until", "", "only events recorded at this `TIME` or earlier")
	f.addKnown(cmd)
	return cmd
}

func (e *env) trace(ctx context.Context, target string, f *traceFlags) (err error) {
	q, err := e.ask(ctx, &f.readingFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	events, err := q.events(ctx, target)
	if err != nil {
		return err
	}
	if len(events) > 1 {
		return usageHint("gesta show "+target+" shows them; name one by its position", "%s have the id %s", plural(len(events), "event", "events"), target)
	}
	o := history.TraceOptions{Depth: f.depth, Until: q.Until, Truncated: e.beginsAt()}
	if o.After, o.Until, err = e.recordedWithin(ctx, q, f.since, f.until); err != nil {
		return err
	}
	bars := e.newProgress()
	defer bars.close()
	report := bars.start("events", int64(o.Until))           //nolint:gosec // positions fit
	o.Progress = func(p store.Position) { report(int64(p)) } //nolint:gosec // positions fit
	items, err := history.Trace(ctx, q.Store, &events[0], o)
	bars.close()
	if err != nil {
		return err
	}
	if e.jsonMode() {
		return e.traceJSON(ctx, q, items)
	}
	return e.traceText(items)
}

// recordedWithin returns the positions that lie between two times of recording: after one and up to the other. An empty time is no bound.
func (e *env) recordedWithin(ctx context.Context, q *question, since, until string) (after, last store.Position, err error) {
	last = q.Until
	from, err := e.parseTime("--since", since)
	if err != nil {
		return 0, 0, err
	}
	to, err := e.parseTime("--until", until)
	if err != nil {
		return 0, 0, err
	}
	if since != "" {
		if after, err = history.PositionAt(ctx, q.Store, from.Add(-time.Microsecond)); err != nil {
			return 0, 0, err
		}
	}
	if until != "" {
		p, err := history.PositionAt(ctx, q.Store, to)
		if err != nil {
			return 0, 0, err
		}
		last = min(last, p)
	}
	return after, last, nil
}

// tracedMembers are the members of an item of trace.
var tracedMembers = append(append([]string{}, mentionMembers...), "parent", "via", "depth")

func (e *env) traceJSON(ctx context.Context, q *question, found []history.Traced) error {
	items, err := e.newItems(&q.Basis, tracedMembers...)
	if err != nil {
		return err
	}
	var buf []byte
	for i := range found {
		t := &found[i]
		buf = answers.AppendMention(append(buf[:0], '{'), &t.Event)
		if t.Via != "" {
			buf = strconv.AppendUint(append(buf, `,"parent":`...), uint64(t.Parent), 10)
			buf = eventjson.AppendString(append(buf, `,"via":`...), t.Via)
		}
		buf = append(strconv.AppendInt(append(buf, `,"depth":`...), int64(t.Depth), 10), '}')
		if err := items.add(ctx, buf); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

// branches are the parts of a drawn tree.
type branches struct{ fork, last, line, dottedFork, dottedLast string }

var (
	asciiBranches   = branches{fork: "|- ", last: "`- ", line: "|  ", dottedFork: ":. ", dottedLast: "`. "}
	unicodeBranches = branches{fork: "├─ ", last: "└─ ", line: "│  ", dottedFork: "├┄ ", dottedLast: "└┄ "}
)

// unicode says whether the person's locale has more than ASCII to draw with.
func (e *env) unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(e.getenv(name)); v != "" {
			return strings.HasSuffix(v, "utf-8") || strings.HasSuffix(v, "utf8")
		}
	}
	return false
}

// traceText draws the tree: what led to the event from the first on, each below what caused it, then the event, and what it caused.
func (e *env) traceText(found []history.Traced) error {
	if err := e.page(); err != nil {
		return err
	}
	d := &treeDrawer{e: e, parts: asciiBranches, children: map[store.Position][]*history.Traced{}}
	if e.unicode() {
		d.parts = unicodeBranches
	}
	p := e.painter(e.stdoutTerminal)
	d.table = &table{w: e.stdout, paint: map[int]func(string) string{0: p.yellow, 1: p.cyan, 2: p.bold, 3: p.dim}}
	var root *history.Traced
	var causes, related []*history.Traced // causes by depth, so the nearest first
	for i := range found {
		t := &found[i]
		switch {
		case t.Depth == 0:
			root = t
		case t.Depth > 0:
			d.children[t.Parent] = append(d.children[t.Parent], t)
		case t.Via == history.ViaCausation:
			causes = append(causes, t)
		default:
			related = append(related, t)
		}
	}
	for _, t := range related {
		if err := d.row(d.parts.dottedFork, t, false); err != nil {
			return err
		}
	}
	indent := ""
	for i, t := range append(causes, root) { // by position, which is from the first cause on
		lead := indent
		if i > 0 {
			lead += d.parts.last
			indent = d.deeper(indent, "   ")
		}
		if err := d.row(lead, t, t == root); err != nil {
			return err
		}
	}
	if err := d.below(indent, root); err != nil {
		return err
	}
	return d.table.flush()
}

// widestTree is how far a tree is indented, in bytes: what lies deeper is drawn there.
const widestTree = 120

// treeDrawer draws what hangs on an event.
type treeDrawer struct {
	e        *env
	parts    branches
	table    *table
	children map[store.Position][]*history.Traced
}

func (d *treeDrawer) deeper(indent, by string) string {
	if len(indent)+len(by) > widestTree {
		return indent
	}
	return indent + by
}

func (d *treeDrawer) row(lead string, t *history.Traced, root bool) error {
	name := visible(t.Event.Type)
	if root {
		name += " <-"
	}
	return d.table.row(lead+numbered(t.Event.Position), mentionAt(&t.Event), name, d.e.shortTime(t.Event.RecordedAt), visible(t.Event.Actor))
}

func (d *treeDrawer) below(indent string, t *history.Traced) error {
	children := d.children[t.Event.Position]
	for i, child := range children {
		fork, next := d.parts.fork, d.parts.line
		dotted := d.parts.dottedFork
		if i == len(children)-1 {
			fork, next, dotted = d.parts.last, "   ", d.parts.dottedLast
		}
		if child.Via == history.ViaCorrelation {
			fork = dotted
		}
		if err := d.row(indent+fork, child, false); err != nil {
			return err
		}
		if err := d.below(d.deeper(indent, next), child); err != nil {
			return err
		}
	}
	return nil
}
