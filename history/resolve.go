package history

import (
	"context"
	"fmt"
	"strings"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Selection is an address or a range that was looked up: which events of the store it means.
type Selection struct {
	Subject Subject
	Name    string // of the stream or tag

	// After and Until bound the positions to (After, Until]. They are equal where nothing lies between.
	After, Until store.Position

	// Explicit says that After was asked for; otherwise the selection begins where the store does.
	Explicit bool

	// Range says that it was written as A..B.
	Range bool

	// Filter keeps, of the events of the subject, those that match it. Empty keeps all.
	Filter store.Query

	// Whole asks for all events of the subject or none: see [store.ReadOptions].
	Whole bool

	// Point is how the end was given, so that a caller can tell an event from a history.
	Point PointKind
}

// Target is how documents name the subject: the name of a stream, tag: and a tag, or nothing for the whole store.
func (sel *Selection) Target() string {
	if sel.Subject == Tag {
		return "tag:" + sel.Name
	}
	return sel.Name
}

// Query selects the events of the subject that pass the filter. It returns false when there can be none.
func (sel *Selection) Query() (q store.Query, possible bool) {
	switch sel.Subject {
	case Stream:
		return And(sel.Filter, store.Item{Stream: sel.Name})
	case Tag:
		return And(sel.Filter, store.Item{Tags: []string{sel.Name}})
	case WholeStore:
	}
	return sel.Filter, true
}

// subject selects the events of the subject, whatever the filter.
func (sel *Selection) subject() store.Query {
	whole := Selection{Subject: sel.Subject, Name: sel.Name}
	q, _ := whole.Query()
	return q
}

// Shows says whether r is an event of the selection that people see: one of a system stream only where that stream was
// asked for.
func (sel *Selection) Shows(r *store.Recorded) bool {
	return !store.IsSystem(r.Stream) || sel.Subject == Stream
}

// Empty says that nothing lies between After and Until.
func (sel *Selection) Empty() bool { return sel.Until <= sel.After }

// Resolve looks up an address or a range. An argument that is the whole name of a stream is that stream, whatever else it
// could be read as. It returns an [store.ErrInvalid] for what is neither, [store.ErrNotFound] for a stream, version or event that is not there,
// and errors of the store.
func Resolve(ctx context.Context, s store.Store, text string, c Clock) (Selection, error) {
	head, err := s.Head(ctx)
	if err != nil {
		return Selection{}, fmt.Errorf("read head: %w", err)
	}
	return ResolveAt(ctx, s, text, c, head)
}

// ResolveAt is Resolve as if the store ended at the position until, the last of a commit: HEAD, ends and what is counted back from
// them lie there, and a version or position after it is not there. The name of a stream that came later still names it, and it has no
// events.
func ResolveAt(ctx context.Context, s store.Store, text string, c Clock, until store.Position) (Selection, error) {
	name, forced := strings.CutPrefix(text, "stream:")
	for _, whole := range []string{text, name} {
		if found, err := streamExists(ctx, s, whole); err != nil || found {
			return Selection{Subject: Stream, Name: whole, Until: until}, err
		}
		if !forced {
			break
		}
	}
	if _, _, ok := CutRange(text); ok {
		r, err := ParseRange(text, c)
		if err != nil {
			return Selection{}, err
		}
		return resolveRange(ctx, s, r, until)
	}
	a, err := Parse(text, c)
	if err != nil {
		return Selection{}, err
	}
	return resolveAddress(ctx, s, a, until)
}

// streamExists says whether text is the whole name of a stream.
func streamExists(ctx context.Context, s store.Store, text string) (bool, error) {
	q := store.Query{{Stream: text}}
	if text == "" || q.Validate() != nil {
		return false, nil
	}
	for _, err := range Read(ctx, s, q, store.ReadOptions{Backward: true, Limit: 1}, nil) {
		if err != nil {
			return false, fmt.Errorf("look up stream %q: %w", text, err)
		}
		return true, nil
	}
	return false, nil
}

func resolveRange(ctx context.Context, s store.Store, r Range, head store.Position) (Selection, error) {
	sel, err := resolveAddress(ctx, s, r.To, head)
	sel.Range = true
	if err != nil || !r.FromSet {
		return sel, err
	}
	from, err := resolveAddress(ctx, s, r.From, head)
	if err != nil {
		return sel, err
	}
	sel.After, sel.Explicit = from.Until, true
	if r.From.Point.Kind == AtTime || r.From.Store.Kind == AtTime {
		first, err := FirstLeft(ctx, s)
		if err != nil {
			return sel, err
		}
		if sel.After < first { // a time before what is left: what came after it is not all there
			sel.After = 0
		}
	}
	return sel, nil
}

func resolveAddress(ctx context.Context, s store.Store, a Address, head store.Position) (Selection, error) {
	sel := Selection{Subject: a.Subject, Name: a.Name, Until: head, Point: a.Point.Kind}
	if a.Forced && !a.Literal && a.Subject == Stream {
		// stream:NAME means the name as it stands where there is such a stream.
		whole := strings.TrimPrefix(a.text, "stream:")
		if found, err := streamExists(ctx, s, whole); err != nil || found {
			sel.Name, sel.Point = whole, AtEnd
			return sel, err
		}
	}
	if err := sel.subject().Validate(); err != nil {
		return sel, fmt.Errorf("address %q: %w", a.text, err)
	}
	if sel.Subject == Stream {
		found, err := streamExists(ctx, s, sel.Name)
		if err != nil {
			return sel, err
		}
		if !found {
			return sel, missing(ctx, s, sel.Name)
		}
	}
	var err error
	if a.Store.Kind != AtEnd { // what the store held at a point: a commit is never split
		if sel.Until, err = resolveStorePoint(ctx, s, a.Store, head); err == nil {
			sel.Until, err = CommitEnd(ctx, s, sel.Until)
		}
		if err != nil {
			return sel, err
		}
	}
	if sel.Subject == WholeStore {
		sel.Until, err = resolveStorePoint(ctx, s, a.Point, head)
		return sel, err
	}
	return sel, sel.narrow(ctx, s, a.Point)
}

// missing returns the error of a stream without events: there never was one, or all of them were truncated away.
func missing(ctx context.Context, s store.Store, name string) error {
	first, err := FirstLeft(ctx, s)
	if err != nil {
		return err
	}
	if lister, ok := store.As[store.Lister](s); ok && first > 1 {
		for info, err := range lister.Streams(ctx, store.StreamsOptions{Prefix: name, Limit: 1}) {
			if err != nil {
				return fmt.Errorf("look up stream %q: %w", name, err)
			}
			if info.Stream == name {
				return gone("", name, first, fmt.Sprintf("all %d events of %s were truncated away", info.Version, name))
			}
		}
	}
	return noStream(name)
}

func noStream(name string) error {
	hint := "gesta streams lists the streams there are"
	if category := store.Category(name); category != "" {
		hint = "gesta streams --prefix " + category + "- lists those of the same category"
	}
	return &eventjson.Error{
		Code: eventjson.CodeNotFound, Stream: name, Hint: hint,
		Message: fmt.Sprintf("there is no stream %q", name),
	}
}

func resolveStorePoint(ctx context.Context, s store.Store, p Point, head store.Position) (store.Position, error) {
	switch p.Kind {
	case AtPosition:
		if store.Position(p.N) > head {
			return 0, notFound("there is no position %d: the last is %d", p.N, head)
		}
		return store.Position(p.N), nil
	case AtTime:
		last, err := upTo(ctx, s, p.Time)
		return min(last, head), err
	case Back:
		sel := Selection{Until: head}
		err := sel.narrow(ctx, s, p)
		return sel.Until, err
	case AtEnd, AtVersion: // a store has no versions: the parser gives it none
	}
	return head, nil
}

// narrow lowers Until to a point of the subject.
func (sel *Selection) narrow(ctx context.Context, s store.Store, p Point) (err error) {
	var until store.Position
	switch p.Kind {
	case AtEnd:
		return nil
	case AtPosition:
		until = store.Position(p.N)
	case AtTime:
		until, err = upTo(ctx, s, p.Time)
	case AtVersion:
		until, err = sel.positionOf(ctx, s, p.N)
	case Back:
		until, err = sel.positionBack(ctx, s, p.N)
	}
	sel.Until = min(sel.Until, until)
	return err
}

// positionOf returns where the n-th event of the subject stands; 0 for 0.
func (sel *Selection) positionOf(ctx context.Context, s store.Store, n uint64) (store.Position, error) {
	if n == 0 {
		return 0, nil
	}
	o := store.ReadOptions{Until: sel.Until, Whole: sel.Subject != Stream} // a number that is counted is the same for everyone, or none
	last, err := sel.last(ctx, s)
	if err != nil {
		return 0, err
	}
	if sel.Subject == Stream {
		if n > last {
			return 0, notFound("%s has no version %d: it is at %d", sel.Target(), n, last)
		}
		o.Backward = n > last/2 // the shorter way
	}
	var (
		count uint64
		left  store.Position // the first, where events before it are gone
	)
	if !sel.none() {
		for r, err := range Read(ctx, s, sel.subject(), o, func(first store.Position) { left = first }) {
			if err != nil {
				return 0, fmt.Errorf("look up event %d of %s: %w", n, sel.Target(), err)
			}
			if sel.Subject != Stream && left > 0 {
				break // whoever counts from the first event needs it
			}
			if !sel.Shows(&r) {
				continue
			}
			count++
			if sel.Subject == Stream && r.Version == n || sel.Subject != Stream && count == n {
				return r.Position, nil
			}
		}
	}
	switch {
	case sel.Subject == Stream:
		return 0, gone(sel.Target(), sel.Name, left, fmt.Sprintf("version %d of %s was truncated away", n, sel.Name))
	case left > 0:
		why := fmt.Sprintf("events of %s may have been truncated away, and which of them is number %d cannot be told", sel.Target(), n)
		return 0, gone(sel.Target(), "", left, why)
	}
	return 0, notFound("%s has no event %d: it has %d", sel.Target(), n, count)
}

// CheckEnd returns [store.ErrTruncated] where no event of the subject is left up to the end of the selection, and some may have been truncated away: the last of them cannot be told.
func (sel *Selection) CheckEnd(ctx context.Context, s store.Store) error {
	if sel.none() {
		return nil
	}
	first, err := FirstLeft(ctx, s)
	if err != nil || first == 1 {
		return err
	}
	if sel.Subject == WholeStore {
		switch {
		case sel.Until >= first:
			return nil
		case sel.Point == AtTime:
			return gone("", "", first, "all that was recorded by then was truncated away")
		}
		return goneBefore(sel.Until, first)
	}
	for r, err := range Read(ctx, s, sel.subject(), store.ReadOptions{Limit: 1}, nil) {
		switch {
		case err != nil:
			return fmt.Errorf("look up the first event of %s: %w", sel.Target(), err)
		case r.Position <= sel.Until, sel.Subject == Stream && r.Version == 1: // or it came later
			return nil
		}
	}
	if sel.Subject == Tag {
		return gone(sel.Target(), "", first, "events of "+sel.Target()+" up to that point may have been truncated away")
	}
	return gone(sel.Target(), sel.Name, first, "the events of "+sel.Target()+" up to that point were truncated away")
}

// last returns the version of a stream at the end of the selection, 0 for another subject or nothing.
func (sel *Selection) last(ctx context.Context, s store.Store) (uint64, error) {
	if sel.Subject != Stream || sel.none() {
		return 0, nil
	}
	for r, err := range Read(ctx, s, sel.subject(), store.ReadOptions{Until: sel.Until, Backward: true, Limit: 1}, nil) {
		if err != nil {
			return 0, fmt.Errorf("look up end of %s: %w", sel.Target(), err)
		}
		return r.Version, nil
	}
	return 0, nil
}

// none says that no event can lie at or below Until: for a store, Until 0 would be the head.
func (sel *Selection) none() bool { return sel.Until == 0 }

// positionBack returns where the event stands that is n before the last one of the subject.
func (sel *Selection) positionBack(ctx context.Context, s store.Store, n uint64) (store.Position, error) {
	var (
		count uint64
		left  store.Position // the first, where events before it are gone
		whole bool           // all events of the stream are left
	)
	if !sel.none() {
		o := store.ReadOptions{Until: sel.Until, Backward: true, Whole: sel.Subject != Stream} // as in positionOf
		for r, err := range Read(ctx, s, sel.subject(), o, func(first store.Position) { left = first }) {
			if err != nil {
				return 0, fmt.Errorf("look up ~%d: %w", n, err)
			}
			if !sel.Shows(&r) {
				continue
			}
			if count == n {
				return r.Position, nil
			}
			count++
			whole = sel.Subject == Stream && r.Version == 1
		}
	}
	of := sel.Target()
	if of == "" {
		of = "the store"
	}
	if left > 0 && !whole {
		return 0, gone(sel.Target(), "", left, fmt.Sprintf("%s has %d events left, and none %d before the last of them", of, count, n))
	}
	return 0, notFound("%s has no event %d before its last: it has %d", of, n, count)
}

func notFound(format string, args ...any) error {
	return &eventjson.Error{Code: eventjson.CodeNotFound, Message: fmt.Sprintf(format, args...)}
}
