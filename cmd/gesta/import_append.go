package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/internal/flight"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// converted is a commit of an export on its way into another store.
type converted struct {
	commit *store.RecordedCommit
	line   int64 // of the export, with which the commit begins
	sent   store.Commit
	bytes  int64
}

// append brings the commits of the source into a store that holds something else, but for those with which both begin.
func (im *exportImporter) append(ctx context.Context) error {
	im.doc.Present, im.doc.Truncated, im.doc.Unerased = im.sharedEvents, im.gone, im.unerased
	finish := context.WithoutCancel(ctx)
	var failed error
	flying := flight.NewWindow(im.store, maxFlight, maxFlightBytes, func(f converted, result store.Result, err error) {
		if err := im.landed(finish, &f, result, err); err != nil {
			failed = errors.Join(failed, err)
		}
	})
	ended := false
	for failed == nil && !ended && ctx.Err() == nil {
		c, ok, err := im.source.next()
		if err != nil || !ok {
			failed, ended = err, !ok
			break
		}
		if im.count(c); im.doc.Commits <= uint64(im.shared) {
			continue
		}
		f, err := im.convert(c)
		if err != nil {
			failed = err
			break
		}
		if len(f.sent.Events) == 0 && f.sent.Tracking == nil {
			continue // it had system events alone
		}
		flying.Start(finish, f.sent, f, f.bytes)
	}
	flying.Land()
	im.doc.Complete = ended && failed == nil
	return failed
}

// convert makes the commit that is appended for one of the export.
func (im *exportImporter) convert(c *store.RecordedCommit) (converted, error) {
	f := converted{commit: c, line: im.source.began, sent: store.Commit{Tracking: c.Tracking}}
	for i := range c.Events {
		r := &c.Events[i]
		if store.IsSystem(r.Stream) {
			im.doc.LeftOut++
			continue
		}
		ev := r.Event
		ev.EffectiveAt = r.Effective() // it is recorded now, and took effect then
		meta, err := im.mark(r)
		if err != nil {
			return f, im.source.atLine(f.line, fmt.Errorf("position %d: %w", r.Position, err))
		}
		ev.Metadata = meta
		f.sent.Events = append(f.sent.Events, ev)
		f.bytes += int64(store.EventBytes(&ev))
	}
	if len(f.sent.Events) > 0 {
		f.sent.Key = c.Key
		if f.sent.Key == "" {
			f.sent.Key = fmt.Sprintf("import:%s:%d", im.source.header.Store, c.Events[0].Commit)
		}
	}
	return f, nil
}

// mark returns the metadata of an event with the member import, which says where it comes from. Metadata that is no JSON
// object stays as it is.
func (im *exportImporter) mark(r *store.Recorded) ([]byte, error) {
	out := []byte{'{'}
	if len(r.Metadata) > 0 {
		if !eventjson.Valid(r.Metadata) || bytes.TrimLeft(r.Metadata, " \t\r\n")[0] != '{' {
			im.doc.Unmarked++
			return r.Metadata, nil
		}
		err := eachMember(r.Metadata, func(name string, value json.RawMessage) {
			if name == "import" {
				return // of an earlier import: the event there has it still
			}
			out = append(eventjson.AppendString(out, name), ':')
			out = append(append(out, value...), ',')
		})
		if err != nil {
			return nil, err
		}
	}
	out = append(out, `"import":{"store":`...)
	out = eventjson.AppendString(out, im.source.header.Store)
	out = fmt.Appendf(out, `,"position":%d,"recordedAt":`, r.Position)
	out = eventjson.AppendTime(out, r.RecordedAt)
	return append(out, '}', '}'), nil
}

// landed takes note of what became of a commit.
func (im *exportImporter) landed(ctx context.Context, f *converted, result store.Result, err error) error {
	n := uint64(len(f.sent.Events))
	switch {
	case err == nil && result.Duplicate:
		im.doc.Present += n
		return nil
	case err == nil:
		im.doc.Appended += n
		return nil
	case n == 0 && errors.Is(err, store.ErrTracking):
		return nil // the input was taken note of before
	}
	if same, lookErr := im.cameBefore(ctx, f, err); lookErr != nil {
		return lookErr
	} else if same {
		im.doc.Present += n
		return nil
	}
	d := eventjson.Describe(err)
	d.Message = fmt.Sprintf("commit %d of the export: %s", f.commitNumber(), d.Message)
	if d.Position == 0 {
		d.Position = f.commitNumber()
	}
	return im.source.atLine(f.line, &d)
}

func (f *converted) commitNumber() store.Position {
	if len(f.commit.Events) == 0 {
		return f.commit.After
	}
	return f.commit.Events[0].Commit
}

// cameBefore says whether a commit whose key is taken came in before some of its events were erased where they come from:
// then it differs in their data alone.
func (im *exportImporter) cameBefore(ctx context.Context, f *converted, err error) (bool, error) {
	var reused *store.KeyReusedError
	if !errors.As(err, &reused) {
		return false, nil
	}
	erased := map[int]bool{}
	n := 0
	for i := range f.commit.Events {
		if r := &f.commit.Events[i]; !store.IsSystem(r.Stream) {
			erased[n] = r.Erased != 0
			n++
		}
	}
	var there []store.Recorded
	unerased := uint64(0)
	for r, err := range im.store.Read(ctx, nil, store.ReadOptions{After: reused.First - 1, Limit: n}) {
		if err != nil {
			return false, fmt.Errorf("look up commit %d: %w", reused.First, err)
		}
		if erased[len(there)] {
			if r.Erased == 0 {
				unerased++
			}
			r.Erased = r.Position // an erased payload equals anything
		}
		there = append(there, r)
	}
	if !store.Repeats(f.sent.Events, there) {
		return false, nil
	}
	im.doc.Unerased += unerased
	return true, nil
}
