package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// export yields everything that the store holds after a position: the lines of gesta export ndjson, or frames of commits, which have
// their salts too. Lines that are cut off, or end in {"error":…}, are followed by the end of the connection.
func (h *Handler) export(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	after := store.Position(p.number("after"))
	if err := p.end(); err != nil {
		return err
	}
	power, ok := store.As[store.Dumper](s)
	if !ok {
		return unsupported("exporting")
	}
	frames := takesFrames(r)
	l := &listing{o: h.newOutlet(w), w: w, contentType: linesType}
	put := putExportLines
	if frames {
		l.contentType, l.buf, put = FramesType, append(l.buf, magic...), putRecordedFrame
	} else {
		head, err := s.Head(r.Context())
		if err != nil {
			return err
		}
		l.buf = eventjson.AppendExportHeader(l.buf, &eventjson.ExportHeader{Format: eventjson.ExportFormat, Store: storeID(s), Head: head})
		l.buf = append(l.buf, '\n')
	}
	n := uint64(0)
	for c, err := range weighed(r.Context(), h.answers, commitWeight, power.Dump(r.Context(), after)) {
		if err != nil {
			return l.failed(because(r.Context(), err), frames)
		}
		n++
		if err := put(l, &c); err != nil {
			return err
		}
	}
	if frames {
		l.buf = appendEnd(l.buf, n)
	}
	return l.close()
}

// putExportLines sends the lines of a commit.
func putExportLines(l *listing, c *store.RecordedCommit) error {
	if len(c.Events) == 0 {
		l.buf = append(eventjson.AppendEmptyCommit(l.buf, c), '\n')
		return l.spill()
	}
	for i := range c.Events {
		key, tracking := "", (*store.Tracking)(nil)
		if i == 0 {
			key, tracking = c.Key, c.Tracking
		}
		l.buf = append(eventjson.AppendExported(l.buf, &c.Events[i], key, tracking), '\n')
		if err := l.spill(); err != nil {
			return err
		}
	}
	return nil
}

// putRecordedFrame sends the frame of a commit.
func putRecordedFrame(l *listing, c *store.RecordedCommit) error {
	l.buf = appendRecordedFrame(l.buf, c)
	return l.spill()
}

// errAborted is what a sender says who has no more because something went wrong there.
var errAborted = errors.New("the sender broke off")

// restore takes in recorded commits as they are: the lines of an export, or frames. It answers how many there were, {"commits":…}.
func (h *Handler) restore(w http.ResponseWriter, r *http.Request, s store.Store) error {
	media, err := contentType(r)
	if err != nil {
		return err
	}
	if err := noParameters(r); err != nil {
		return err
	}
	power, ok := store.As[store.Restorer](s)
	if !ok {
		return unsupported("restoring")
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	rc := http.NewResponseController(w)
	defer context.AfterFunc(ctx, func() { _ = rc.SetReadDeadline(past) })()
	body := h.bodyReader(ctx, w, r)
	var commits iter.Seq2[store.RecordedCommit, error]
	n := 0
	switch media {
	case FramesType:
		frames := h.newFrames(body, body)
		defer frames.close()
		commits = framesOfCommits(frames, &n)
	case linesType:
		lines := h.newLines(bufio.NewReaderSize(body, lineBuffer), body)
		defer lines.close()
		a := &assembly{held: hold{of: &h.held}}
		defer a.close()
		commits = linesOfCommits(lines, a, &n)
	default:
		return usagef("a body of the type %s cannot be restored; there are %s and %s", clip(media), linesType, FramesType)
	}
	if err := power.Restore(ctx, commits); err != nil {
		w.Header().Set("Connection", "close") // what is left of the body is not read
		if ended := ctx.Err(); ended != nil {
			err = ended
		}
		return because(ctx, err)
	}
	return document(w, r, s, struct {
		Commits int `json:"commits"`
	}{n})
}

// framesOfCommits yields the commits of a stream of frames, which ends with a frame that says how many there were.
func framesOfCommits(frames *frameReader, n *int) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		for {
			kind, payload, err := frames.next()
			var c store.RecordedCommit
			switch {
			case passedOver(err), errors.Is(err, store.ErrTooLarge):
			case err != nil:
				err = bodyFailed(unexpected(err))
			case kind == frameRecorded:
				c, err = decodeRecorded(payload)
			case kind == frameAbort:
				err = errAborted
			case kind == frameEnd:
				if want, err := decodeEnd(payload); err == nil && want == uint64(*n) {
					return
				}
				err = usagef("the stream ends after %d commits and says otherwise", *n)
			default:
				err = usagef("a stream of recorded commits has a frame of the kind %d", kind)
			}
			*n++
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// linesOfCommits yields the commits of an export.
func linesOfCommits(lines *lineReader, a *assembly, n *int) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		for {
			line, err := lines.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				yield(store.RecordedCommit{}, lineFailed(lines.number, err))
				return
			}
			whole, err := a.add(line)
			if err != nil {
				yield(store.RecordedCommit{}, fmt.Errorf("line %d: %w", lines.number, err))
				return
			}
			for i := range whole {
				*n++
				if !yield(whole[i], nil) {
					return
				}
			}
		}
		if c := a.take(); c != nil {
			*n++
			yield(*c, nil)
		}
	}
}

func lineFailed(number int64, err error) error {
	if errors.Is(err, store.ErrTooLarge) || passedOver(err) {
		return err
	}
	return fmt.Errorf("line %d: %w", number, bodyFailed(err))
}

// assembly puts the events of an export together to commits. What it has of them counts as held.
type assembly struct {
	header bool
	open   *store.RecordedCommit
	bytes  int
	held   hold  // of the commit that is open
	out    int64 // held of the commits that add returned last
}

// add takes a line, and returns the commits that it completes, which count as held until the next call.
func (a *assembly) add(line []byte) ([]store.RecordedCommit, error) {
	a.giveOut()
	l, err := eventjson.DecodeExportLine(line)
	if err != nil {
		return nil, err
	}
	switch {
	case l.Header != nil:
		if a.header {
			return nil, usagef("a second export begins")
		}
		a.header = true
		if l.Header.Format != eventjson.ExportFormat {
			return nil, usagef("the export has the format %d, %d is known", l.Header.Format, eventjson.ExportFormat)
		}
		return nil, nil
	case !a.header:
		return nil, usagef("it is no export: the first line does not say so")
	case l.Empty != nil:
		return append(a.flush(), *l.Empty), nil
	}
	return a.event(l.Event)
}

func (a *assembly) event(e *eventjson.ExportedEvent) ([]store.RecordedCommit, error) {
	size := store.EventBytes(&e.Event)
	if a.open != nil && e.Commit == a.open.Events[0].Position {
		if a.bytes += size; a.bytes > store.MaxCommitBytes {
			return nil, &store.TooLargeError{What: "commit", Unit: "bytes", Got: a.bytes, Max: store.MaxCommitBytes}
		}
		if most := a.held.of.most; int64(a.bytes) > most { // there will never be room
			return nil, tooLong("commit", int64(a.bytes), most)
		}
		if err := a.held.take(int64(size)); err != nil {
			return nil, err
		}
		e.Tracking = a.open.Tracking
		a.open.Events = append(a.open.Events, e.Recorded)
		return nil, nil
	}
	whole := a.flush()
	if err := a.held.take(int64(size)); err != nil {
		return nil, err
	}
	a.open = &store.RecordedCommit{
		Key: e.Key, Tracking: e.Tracking, RecordedAt: e.RecordedAt, Events: []store.Recorded{e.Recorded},
	}
	a.bytes = size
	return whole, nil
}

func (a *assembly) flush() []store.RecordedCommit {
	if c := a.take(); c != nil {
		return []store.RecordedCommit{*c}
	}
	return nil
}

// take returns the commit that is open, and nil where there is none.
func (a *assembly) take() *store.RecordedCommit {
	c := a.open
	a.open = nil
	a.out += a.held.hand()
	return c
}

// giveOut gives back what was held of commits that were handed on.
func (a *assembly) giveOut() {
	a.held.of.give(a.out)
	a.out = 0
}

// close gives back all that is held.
func (a *assembly) close() {
	a.take()
	a.giveOut()
}
