package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/gestadb/gesta/internal/flight"
	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// umadbImporter brings the events of one UmaDB into one store.
type umadbImporter struct {
	e       *env
	store   store.Store
	client  *umadb.Client
	name    string
	skipBad int
	bars    *progress
	doc     umadbDocument

	limits  store.Limits
	tracked map[string]uint64 // what the store has tracked of a source, when the import first met it
	flying  *flight.Window[umadbFlight]
	failed  error // the first refusal
}

// umadbFlight is an event that was started and not yet answered.
type umadbFlight struct {
	position  store.Position // in UmaDB
	untracked bool
}

// run copies what the server has now, from where the import ended before. When ctx ends, what was begun is finished.
func (im *umadbImporter) run(ctx context.Context) error {
	head, err := im.client.Head(ctx)
	if err != nil {
		return err
	}
	im.limits, im.tracked = store.DefaultLimits(), map[string]uint64{}
	if p, ok := store.As[store.Limiter](im.store); ok {
		im.limits = p.Limits()
	}
	im.doc.Head, im.doc.Kept = head, true
	begin, err := im.resume(ctx, head)
	if err != nil {
		return err
	}
	report := im.bars.start("copying", int64(head)) //nolint:gosec // below 2^53
	im.flying = flight.NewWindow(im.store, maxFlight, maxFlightBytes, im.land)
	finish := context.WithoutCancel(ctx)
	var held *store.Recorded // until it is known whether the one behind it was tracked with it
	for r, err := range im.client.Read(ctx, begin, head) {
		if err != nil {
			im.failed = errors.Join(im.failed, err)
			break
		}
		if held != nil {
			im.send(finish, held, r.Tracking)
		}
		if im.failed != nil {
			break
		}
		held = &r
		report(int64(r.Position)) //nolint:gosec // below 2^53
	}
	if held != nil && im.failed == nil {
		im.send(finish, held, nil)
	}
	im.flying.Land()
	im.doc.Complete = im.failed == nil && ctx.Err() == nil
	return im.failed
}

// resume returns the position in UmaDB behind which there may be something that the store has not. Up to it, everything is there: no more
// than the events of one window were on their way when an import ended.
func (im *umadbImporter) resume(ctx context.Context, head store.Position) (store.Position, error) {
	keys, ok := store.As[store.Keys](im.store)
	if !ok {
		return 0, nil
	}
	var lookErr error
	found := sort.Search(int(head), func(i int) bool { //nolint:gosec // below 2^53
		_, err := keys.Lookup(ctx, im.key(store.Position(i)+1)) //nolint:gosec // from 0 up
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			lookErr = errors.Join(lookErr, err)
		}
		return err != nil
	})
	if lookErr != nil {
		return 0, fmt.Errorf("look up what was imported: %w", lookErr)
	}
	begin := store.Position(max(found-maxFlight, 0)) //nolint:gosec // not below 0
	if begin > 0 {
		im.doc.Present = uint64(begin)
		last, err := keys.Lookup(ctx, im.key(begin))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, fmt.Errorf("look up what was imported: %w", err)
		}
		im.doc.Kept = last.First == begin
	}
	return begin, nil
}

func (im *umadbImporter) key(p store.Position) string { return fmt.Sprintf("import:%s:%d", im.name, p) }

// send starts the commit of an event, behind which comes one that was tracked as next.
func (im *umadbImporter) send(ctx context.Context, r *store.Recorded, next *store.Tracking) {
	c := store.Commit{Key: im.key(r.Position)}
	var mark *store.Tracking // what is noted in the metadata
	if t := r.Tracking; t != nil && (next == nil || *next != *t) {
		takes, err := im.takes(ctx, t)
		if err != nil {
			im.failed = err
			return
		}
		if takes {
			c.Tracking = t
		} else {
			mark = t
		}
	}
	ev := r.Event
	ev.Metadata = im.mark(r, mark)
	c.Events = []store.Event{ev}
	if err := im.valid(&c); err != nil {
		im.refuse(r.Position, err)
		return
	}
	im.flying.Start(ctx, c, umadbFlight{r.Position, mark != nil}, int64(store.EventBytes(&ev)))
}

// valid says why the store would not take a commit.
func (im *umadbImporter) valid(c *store.Commit) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if n := store.EventBytes(&c.Events[0]); im.limits.EventBytes > 0 && n > im.limits.EventBytes {
		return &store.TooLargeError{What: "event", Unit: "bytes", Got: n, Max: im.limits.EventBytes}
	}
	return nil
}

// refuse leaves an event out, or fails where too many were left out.
func (im *umadbImporter) refuse(p store.Position, err error) {
	d := eventjson.Describe(fmt.Errorf("position %d of UmaDB: %w", p, err))
	d.Position = p
	if im.doc.Bad++; im.doc.Bad <= im.skipBad {
		im.bars.pause(func() { im.e.warn("%s; left out", d.Message) })
		if len(im.doc.BadEvents) < maxBadRows {
			im.doc.BadEvents = append(im.doc.BadEvents, umadbBadEvent{p, d.Message})
		}
		return
	}
	d.Hint = "the events before it were taken in; leave it out with --skip-bad N"
	im.failed = &d
}

// maxMetSources bounds the sources of tracking that an import remembers.
const maxMetSources = 100_000

// takes says whether the store can take what an event was tracked as.
func (im *umadbImporter) takes(ctx context.Context, t *store.Tracking) (bool, error) {
	if !isTracking(t) {
		return false, nil
	}
	last, met := im.tracked[t.Source]
	if !met {
		tracker, ok := store.As[store.Tracker](im.store)
		if !ok {
			return true, nil
		}
		var err error
		if last, err = tracker.Tracked(ctx, t.Source); err != nil {
			return false, fmt.Errorf("read tracking of %q: %w", t.Source, err)
		}
		if len(im.tracked) == maxMetSources {
			clear(im.tracked)
		}
		im.tracked[t.Source] = last
	}
	return t.Position > last, nil
}

// isTracking says whether gesta has such a source and position.
func isTracking(t *store.Tracking) bool { return t.Validate() == nil }

// mark returns the metadata of an event with the member import, which says where it comes from. It has no such member: an entry of
// this name stands apart.
func (im *umadbImporter) mark(r *store.Recorded, tracking *store.Tracking) []byte {
	out := append(make([]byte, 0, len(r.Metadata)+len(im.name)+64), '{')
	if n := len(r.Metadata); n > 0 { // an object with members, without white space
		out = append(append(out[:0], r.Metadata[:n-1]...), ',')
	}
	out = append(out, `"import":{"store":`...)
	out = eventjson.AppendString(out, im.name)
	out = fmt.Appendf(out, `,"position":%d`, r.Position)
	if tracking != nil {
		out = append(out, `,"tracking":{"source":`...)
		out = eventjson.AppendString(out, strings.ToValidUTF8(tracking.Source, "\uFFFD"))
		out = fmt.Appendf(out, `,"position":%d}`, tracking.Position)
	}
	return append(out, '}', '}')
}

// land takes note of what became of an event.
func (im *umadbImporter) land(f umadbFlight, result store.Result, err error) {
	switch {
	case err != nil:
		d := eventjson.Describe(fmt.Errorf("position %d of UmaDB: %w", f.position, err))
		if d.Code == eventjson.CodeKeyReused {
			d.Hint = "another UmaDB was imported under this name, or this one began anew: give another --name"
		}
		if im.failed == nil {
			im.failed = &d
		}
		return
	case result.Duplicate:
		im.doc.Present++
	default:
		im.doc.Appended++
		if f.untracked {
			im.doc.Untracked++
		}
	}
	im.doc.Kept = im.doc.Kept && result.First == f.position
}
