package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/internal/flight"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// What --recorded takes.
const (
	recordedSource = "source"
	recordedNow    = "now"
)

// importer brings the rows of one source into one store.
type importer struct {
	e     *env
	store store.Store
	rows  *source.Rows
	file  string // of the source, in errors
	name  string
	bars  *progress
	asked string // --recorded; "" is not given

	recorded string // what it came to be
	appended int
	present  int // rows that were there before
	versions map[string]uint64
}

// run decides how rows are recorded and appends them. When ctx ends, what was begun is finished, and ctx's error returned.
func (im *importer) run(ctx context.Context) error {
	began, err := im.compare(ctx)
	if err != nil {
		return err
	}
	if err := im.decide(began); err != nil {
		return err
	}
	if im.recorded == recordedSource {
		return im.restore(ctx, began.rows)
	}
	return im.append(ctx, began.rows)
}

// beginning is what a store holds of an import.
type beginning struct {
	empty    bool   // there is no event
	only     bool   // there is nothing but the first rows of this import
	rows     int    // how many of them, also where others follow
	recorded string // how they were recorded
}

// compare holds the commits of the store against the rows, both in their orders.
func (im *importer) compare(ctx context.Context) (beginning, error) {
	head, err := im.store.Head(ctx)
	if err != nil {
		return beginning{}, fmt.Errorf("read head: %w", err)
	}
	im.versions = map[string]uint64{}
	dumper, ok := store.As[store.Dumper](im.store)
	if head == 0 || !ok {
		return beginning{empty: head == 0, only: head == 0}, nil
	}
	b := beginning{only: true}
	next, stop := iter.Pull2(im.rows.All())
	defer stop()
	for c, err := range dumper.Dump(ctx, 0) {
		if errors.Is(err, store.ErrTruncated) {
			b.only = false
			break
		}
		if err != nil {
			return b, fmt.Errorf("compare with the store: %w", err)
		}
		row, err, ok := next()
		if err != nil {
			return b, err
		}
		if !ok || c.Key != row.Key() {
			b.only = false
			break
		}
		if !store.Repeats([]store.Event{row.Event}, c.Events) {
			return b, im.at(&row, &store.KeyReusedError{Key: c.Key, First: c.Events[0].Position})
		}
		if b.rows == 0 {
			b.recorded = recordedNow
			if c.RecordedAt.Equal(row.Event.EffectiveAt) {
				b.recorded = recordedSource
			}
		}
		b.rows++
		im.count(row.Event.Stream)
	}
	return b, nil
}

func (im *importer) count(stream string) uint64 {
	if stream == "" {
		return 0
	}
	im.versions[stream]++
	return im.versions[stream]
}

// decide sets how rows are recorded, or returns why they cannot be as they should.
func (im *importer) decide(b beginning) error {
	_, canRestore := store.As[store.Restorer](im.store)
	switch {
	case b.only && !b.empty:
		if im.asked != "" && im.asked != b.recorded {
			return usageHint("leave --recorded out to go on as it began",
				"the store holds the beginning of this import, which began with --recorded %s", b.recorded)
		}
		im.recorded = b.recorded
	case !b.empty:
		if im.asked == recordedSource {
			return usageHint("leave --recorded out, or import into a new store (gesta init)",
				"--recorded source needs an empty store: time cannot go back in one with other events")
		}
		im.recorded = recordedNow
	case im.asked != "":
		im.recorded = im.asked
	default:
		im.recorded = recordedSource
	}
	if im.recorded == recordedNow {
		return nil
	}
	if !canRestore {
		return usageHint("give --recorded now", "this store cannot take times of recording from a source")
	}
	if now := im.e.clock(); im.rows.Count > 0 && im.rows.Latest.After(now) {
		return &eventjson.Error{
			Code: eventjson.CodeUsage, File: im.file, Line: int64(im.rows.LatestLine),
			Message: fmt.Sprintf("%s:%d: the time %s is later than now, and cannot be a time of recording",
				im.file, im.rows.LatestLine, eventjson.FormatTime(im.rows.Latest)),
			Hint: "give --recorded now to keep the times of the source as effective times alone; nothing was imported",
		}
	}
	return nil
}

// restore takes the rows after the first skip in with their own times as times of recording.
func (im *importer) restore(ctx context.Context, skip int) error {
	restorer, _ := store.As[store.Restorer](im.store) // decide has seen it
	before, err := im.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	im.present = skip
	report := im.bars.start("writing", int64(im.rows.Count))
	finish := context.WithoutCancel(ctx)
	err = restorer.Restore(finish, im.recordedCommits(ctx, skip, before, report))
	after, headErr := im.store.Head(finish)
	im.appended = int(after - before)
	if err = errors.Join(err, headErr); err != nil {
		return fmt.Errorf("import %s: %w", im.file, err)
	}
	return ctx.Err()
}

// recordedCommits yields the rows after the first skip as commits above head, until ctx ends.
func (im *importer) recordedCommits(ctx context.Context, skip int, head store.Position, report func(int64)) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		n := 0
		for row, err := range im.rows.All() {
			if err != nil {
				yield(store.RecordedCommit{}, err)
				return
			}
			if n++; n <= skip {
				continue
			}
			if n%1024 == 0 {
				report(int64(n))
			}
			if ctx.Err() != nil {
				return
			}
			head++
			row.Event.ID = importID(row.Key(), row.Event.EffectiveAt)
			c := store.RecordedCommit{
				Key: row.Key(), RecordedAt: row.Event.EffectiveAt,
				Events: []store.Recorded{{
					Event: row.Event, Position: head, Commit: head,
					Version: im.count(row.Event.Stream), RecordedAt: row.Event.EffectiveAt,
				}},
			}
			if !yield(c, nil) {
				return
			}
		}
		report(int64(n))
	}
}

// append appends the rows after the first skip as of now, many in flight; those that are there already are answered as
// duplicates.
func (im *importer) append(ctx context.Context, skip int) error {
	finish := context.WithoutCancel(ctx)
	report := im.bars.start("writing", int64(im.rows.Count))
	im.present = skip
	var failed error
	flying := flight.NewWindow(im.store, maxFlight, maxFlightBytes, func(row source.Row, result store.Result, err error) {
		switch {
		case err != nil && failed == nil:
			failed = im.at(&row, err)
		case err != nil:
		case result.Duplicate:
			im.present++
		default:
			im.appended++
		}
		if done := im.appended + im.present; done%1024 == 0 {
			report(int64(done))
		}
	})
	n := 0
	for row, err := range im.rows.All() {
		if failed == nil {
			failed = err
		}
		if failed != nil || ctx.Err() != nil {
			break
		}
		if n++; n <= skip {
			continue
		}
		row.Event.ID = importID(row.Key(), row.Event.EffectiveAt)
		flying.Start(finish, row.Commit(), row, int64(store.EventBytes(&row.Event)))
	}
	flying.Land()
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

// at says which row of the source an error concerns.
func (im *importer) at(row *source.Row, err error) error {
	d := eventjson.Describe(fmt.Errorf("%s:%d: %w", im.file, row.Line, err))
	d.File, d.Line = im.file, int64(row.Line)
	if d.Code == eventjson.CodeKeyReused {
		d.Hint = "the row was imported before with other fields: import it as it was then, or under another --name"
	}
	return &d
}
