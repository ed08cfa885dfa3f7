package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const importNDJSONHelp = `Take in what gesta export ndjson wrote. SOURCE is a file, compressed (gzip) or not; without it, or with -, it is stdin.

Into an empty store the events come with their positions, commits, times, ids and keys: the store is then equal to the one that was
exported. Into any other store each commit that it does not begin with is appended under its own key, or import:STORE:POSITION where it has none; every
event says in its metadata where it comes from ("import": store, position, recordedAt), takes effect when it did there, events of
gesta's own streams are left out, and an erased event comes without data. One that came in before it was erased there keeps its data
here, and is counted: erase it here too.

An import can be interrupted and run again, and a finished one adds nothing, also where the store has gone on since, or events were
erased in it, or its first ones truncated away. Where events were erased in the exported store since, and the store holds nothing but its beginning, they are erased here too.`

func newImportNDJSONCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "ndjson [SOURCE]",
		Short:   "Take in what gesta export wrote",
		Long:    importNDJSONHelp,
		Example: "  gesta import ndjson books.ndjson.gz\n  gesta export ndjson --store old | gesta import ndjson --store new",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.importNDJSON(cmd.Context(), append(args, stdinPath)[0])
		},
	}
}

// importExportDocument is what gesta import ndjson prints with --json.
type importExportDocument struct {
	Source    string `json:"source"`
	From      string `json:"from,omitempty"` // the id of the store that was exported
	Mode      string `json:"mode"`           // restored or appended
	Complete  bool   `json:"complete"`
	Commits   uint64 `json:"commits"` // that were read
	Events    uint64 `json:"events"`  // that were read
	Appended  uint64 `json:"appended"`
	Present   uint64 `json:"present"`
	LeftOut   uint64 `json:"leftOut"`             // events of system streams
	Truncated uint64 `json:"truncated,omitempty"` // events that were truncated away here
	Unerased  uint64 `json:"unerased,omitempty"`  // events that were erased where they come from, and not here
	Unmarked  uint64 `json:"unmarked,omitempty"`  // events whose metadata has no room for the mark
}

// What an import does with the commits of an export.
const (
	modeRestored = "restored"
	modeAppended = "appended"
)

func (e *env) importNDJSON(ctx context.Context, path string) (err error) {
	s, err := e.openWriter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	bars := e.newProgress()
	defer bars.close()
	im := &exportImporter{e: e, store: s, path: path, bars: bars}
	defer func() { err = errors.Join(err, im.close()) }()
	if err := im.run(ctx); err != nil {
		return err
	}
	bars.close()
	if err := e.printSummary(context.WithoutCancel(ctx), s, &im.doc, im.doc.text); err != nil {
		return err
	}
	return ctx.Err()
}

// text says the same to people.
func (d *importExportDocument) text() string {
	var b strings.Builder
	verb := "Restored"
	if d.Mode == modeAppended {
		verb = "Appended"
	}
	fmt.Fprintf(&b, "%s %s of %s in %s.\n", verb, plural(int(d.Appended), "event", "events"),
		thousands(int(d.Events)), plural(int(d.Commits), "commit", "commits"))
	if d.Present > 0 {
		fmt.Fprintf(&b, "%s there already.\n", plural(int(d.Present), "event was", "events were"))
	}
	if d.Truncated > 0 {
		fmt.Fprintf(&b, "%s truncated away here.\n", plural(int(d.Truncated), "event was", "events were"))
	}
	if d.LeftOut > 0 {
		fmt.Fprintf(&b, "%s of system streams left out.\n", plural(int(d.LeftOut), "event", "events"))
	}
	if d.Unerased > 0 {
		fmt.Fprintf(&b, "%s erased there since, and not here: import.position in the metadata tells which, or where there is none the position.\n", plural(int(d.Unerased), "event was", "events were"))
	}
	if d.Unmarked > 0 {
		fmt.Fprintf(&b, "%s metadata that is no JSON object, and no mark where it comes from.\n", plural(int(d.Unmarked), "event has", "events have"))
	}
	if !d.Complete {
		b.WriteString("Interrupted: the same command goes on where this one ended.\n")
	}
	return b.String()
}

// exportImporter brings the commits of an export into a store.
type exportImporter struct {
	e      *env
	store  store.Store
	path   string
	bars   *progress
	source *exportSource
	doc    importExportDocument
	given  []givenCommit // to the store, of late

	shared       int    // commits that the store and the export begin with, as far as they were compared
	sharedEvents uint64 // in them, but for gone
	gone         uint64 // events in them that were truncated away in the store
	unerased     uint64 // of these, how many were erased in the export and not in the store
}

// givenCommit is a commit that the store was given to restore, and where it stands in the export.
type givenCommit struct {
	at   store.Position // of its first event, or what it comes after
	line int64
}

// maxGiven is more than a store takes before it says what became of the first of them.
const maxGiven = 16 << 10

func (im *exportImporter) give(c *store.RecordedCommit) {
	if len(im.given) == 2*maxGiven {
		im.given = append(im.given[:0], im.given[maxGiven:]...)
	}
	at := c.After + 1
	if len(c.Events) > 0 {
		at = c.Events[0].Position
	}
	im.given = append(im.given, givenCommit{at, im.source.began})
}

// refused says which line an error of a restore is about: the first commit that the store did not take.
func (im *exportImporter) refused(ctx context.Context, err error) error {
	head, headErr := im.store.Head(ctx)
	if headErr != nil {
		return err
	}
	for _, g := range im.given {
		if g.at > head {
			return im.source.atLine(g.line, err)
		}
	}
	return err
}

func (im *exportImporter) close() error {
	if im.source == nil {
		return nil
	}
	return im.source.close()
}

// run decides how the commits come in, and brings them in. When ctx is done it finishes what was begun, and returns nil.
func (im *exportImporter) run(ctx context.Context) error {
	empty, err := isEmpty(ctx, im.store)
	if err != nil {
		return err
	}
	// Whether a store holds the beginning of this export is known after reading some of it; then it is read again.
	if im.source, err = im.e.openExport(im.path, !empty, im.bars); err != nil {
		return err
	}
	im.doc = importExportDocument{Source: im.source.name(), From: im.source.header.Store, Mode: modeRestored}
	began := true
	if !empty {
		if began, err = im.compare(ctx); err != nil {
			return err
		}
	}
	if began {
		im.doc.Present, im.doc.Truncated = im.sharedEvents, im.gone
		return im.restore(ctx)
	}
	im.doc = importExportDocument{Source: im.source.name(), From: im.source.header.Store, Mode: modeAppended}
	if err := im.source.rewind(); err != nil {
		return err
	}
	return im.append(ctx)
}

// isEmpty says whether a store holds nothing at all.
func isEmpty(ctx context.Context, s store.Store) (bool, error) {
	head, err := s.Head(ctx)
	if err != nil || head > 0 {
		return false, err
	}
	power, ok := store.As[store.Dumper](s)
	if !ok {
		return true, nil
	}
	for _, err := range power.Dump(ctx, 0) {
		return false, err
	}
	return true, nil
}

// compare says whether the store holds nothing but the first commits of the export, or begins with all of them. The source then stands
// behind those that are there. Where one of the two has lost its first commits, both are compared from where the other one begins, too.
func (im *exportImporter) compare(ctx context.Context) (began bool, err error) {
	power, ok := store.As[store.Dumper](im.store)
	if !ok {
		return false, nil
	}
	met, apart := false, false // both had the same events, something was passed over
	defer func() {
		if apart && !met {
			im.shared, im.gone = 0, 0
		}
	}()
	var theirs *store.RecordedCommit
	for own, err := range dumpLeft(ctx, power) {
		if err != nil {
			return false, fmt.Errorf("compare with the store: %w", err)
		}
		for theirs == nil || !met && placeOf(theirs) < placeOf(&own) {
			if theirs != nil {
				apart = true
				im.share(theirs, &im.gone)
			}
			if theirs, ok, err = im.source.next(); err != nil {
				return false, err
			}
			if !ok {
				return met || !apart, nil // what the store has beyond came later
			}
		}
		same := placeOf(&own) == placeOf(theirs) && sameCommits(&own, theirs)
		switch {
		case same:
			im.unerased += unerased(theirs, &own)
			im.share(theirs, &im.sharedEvents)
			met = met || len(own.Events) > 0
			theirs = nil
		case !met && (placeOf(&own) < placeOf(theirs) || len(own.Events) == 0): // or it is what is left of the tracking of events that are gone
			apart = true
		default:
			return false, nil
		}
	}
	return met || !apart, nil
}

// placeOf is where a commit stands in its store.
func placeOf(c *store.RecordedCommit) store.Position {
	if len(c.Events) > 0 {
		return c.Events[0].Position
	}
	return c.After
}

// dumpLeft yields the commits of a store, of a truncated one those that are left.
func dumpLeft(ctx context.Context, power store.Dumper) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		for after, again := store.Position(0), true; again; {
			again = false
			for c, err := range power.Dump(ctx, after) {
				if gone, ok := errors.AsType[*store.TruncatedError](err); ok && gone.First > after+1 {
					after, again = gone.First-1, true
					break
				}
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

// share takes note of a commit of the export that the store has, or had: its events are counted with others of their kind.
func (im *exportImporter) share(c *store.RecordedCommit, events *uint64) {
	im.shared++
	*events += uint64(len(c.Events))
	im.count(c)
}

func (im *exportImporter) count(c *store.RecordedCommit) {
	im.doc.Commits++
	im.doc.Events += uint64(len(c.Events))
}

// unerased counts the events that were erased in one of two same commits, and not in the other.
func unerased(from, to *store.RecordedCommit) (n uint64) {
	for i := range from.Events {
		if from.Events[i].Erased != 0 && to.Events[i].Erased == 0 {
			n++
		}
	}
	return n
}

// sameCommits says whether two commits are the same to an export, but for payloads that were erased in one of them since, or in each at a time of its own.
func sameCommits(a, b *store.RecordedCommit) bool {
	if len(a.Events) != len(b.Events) || slices.EqualFunc(a.Events, b.Events, func(x, y store.Recorded) bool { return x.Erased == y.Erased }) {
		return equalCommits(a, b)
	}
	x, y := *a, *b
	x.Events, y.Events = slices.Clone(a.Events), slices.Clone(b.Events)
	for i := range x.Events {
		if e, f := &x.Events[i], &y.Events[i]; e.Erased != f.Erased {
			e.Data, e.Metadata, e.Erased = nil, nil, 0
			f.Data, f.Metadata, f.Erased = nil, nil, 0
		}
	}
	return equalCommits(&x, &y)
}

// equalCommits says whether two commits are the same to an export.
func equalCommits(a, b *store.RecordedCommit) bool {
	if len(a.Events) != len(b.Events) {
		return false
	}
	if len(a.Events) == 0 {
		return string(eventjson.AppendEmptyCommit(nil, a)) == string(eventjson.AppendEmptyCommit(nil, b))
	}
	for i := range a.Events {
		x := eventjson.AppendExported(nil, &a.Events[i], a.Key, a.Tracking)
		y := eventjson.AppendExported(nil, &b.Events[i], b.Key, b.Tracking)
		if string(x) != string(y) {
			return false
		}
	}
	return true
}

// restore brings in what is left of the source as it is.
func (im *exportImporter) restore(ctx context.Context) error {
	power, ok := store.As[store.Restorer](im.store)
	if !ok {
		return fmt.Errorf("restore: %w", store.ErrUnsupported)
	}
	ended := false
	var sourceErr error
	err := power.Restore(context.WithoutCancel(ctx), func(yield func(store.RecordedCommit, error) bool) {
		for ctx.Err() == nil {
			c, ok, err := im.source.next()
			if err != nil {
				sourceErr = err // the commits before it are kept
				return
			}
			if ended = !ok; ended {
				return
			}
			im.give(c)
			if !yield(*c, nil) {
				return
			}
			im.count(c)
			im.doc.Appended += uint64(len(c.Events))
		}
	})
	if err != nil {
		err = im.refused(context.WithoutCancel(ctx), err)
	} else {
		err = sourceErr
	}
	im.doc.Complete = ended && err == nil
	return err
}
