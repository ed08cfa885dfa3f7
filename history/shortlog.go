package history

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// What a shortlog counts by.
const (
	ByAuthor   = "author" // the actor that metadata name
	ByType     = "type"
	ByStream   = "stream"
	ByCategory = "category"
	ByDay      = "day"  // of recording, such as 2026-11-01
	ByHour     = "hour" // of recording, such as 2026-11-01 10:00
)

// Groupings lists what a shortlog can count by.
func Groupings() []string { return []string{ByAuthor, ByType, ByStream, ByCategory, ByDay, ByHour} }

// MaxGroups is how many groups a shortlog has at the most.
const MaxGroups = 1_000_000

// Group is what a shortlog counts together.
type Group struct {
	Name                            string // empty for events that have none: no author, stream or category
	Events                          uint64
	FirstRecordedAt, LastRecordedAt time.Time
}

// Shortlog counts events, which come in any order, by one of the groupings; days and hours are those of the zone. The groups come with the most events first, those with as many by name; days and
// hours in their order. An error is one of events, [store.ErrInvalid] for another grouping, or [store.ErrTooLarge] for more groups than [MaxGroups].
func Shortlog(events iter.Seq2[store.Recorded, error], by string, zone *time.Location) ([]Group, error) {
	nameOf, err := grouping(by, zone)
	if err != nil {
		return nil, err
	}
	groups := map[string]*Group{}
	for r, err := range events {
		if err != nil {
			return nil, err
		}
		name := nameOf(&r)
		g, ok := groups[name]
		if !ok {
			if len(groups) == MaxGroups {
				return nil, &store.TooLargeError{What: "shortlog by " + by, Unit: "groups", Got: MaxGroups + 1, Max: MaxGroups}
			}
			name = strings.Clone(name)
			g = &Group{Name: name, FirstRecordedAt: r.RecordedAt, LastRecordedAt: r.RecordedAt}
			groups[name] = g
		}
		g.Events++
		if r.RecordedAt.Before(g.FirstRecordedAt) {
			g.FirstRecordedAt = r.RecordedAt
		}
		if r.RecordedAt.After(g.LastRecordedAt) {
			g.LastRecordedAt = r.RecordedAt
		}
	}
	out := make([]Group, 0, len(groups))
	for _, g := range groups {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		if by == ByDay || by == ByHour {
			return cmp.Or(a.FirstRecordedAt.Compare(b.FirstRecordedAt), cmp.Compare(a.Name, b.Name))
		}
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// grouping returns what names the group of an event.
func grouping(by string, zone *time.Location) (func(*store.Recorded) string, error) {
	switch by {
	case ByAuthor:
		return Actor, nil
	case ByType:
		return func(r *store.Recorded) string { return r.Type }, nil
	case ByStream:
		return func(r *store.Recorded) string { return r.Stream }, nil
	case ByCategory:
		return func(r *store.Recorded) string { return store.Category(r.Stream) }, nil
	case ByDay:
		return func(r *store.Recorded) string { return r.RecordedAt.In(zone).Format("2006-01-02") }, nil
	case ByHour:
		return func(r *store.Recorded) string { return r.RecordedAt.In(zone).Format("2006-01-02 15:00") }, nil
	}
	return nil, invalidf("a shortlog counts by one of %s, not by %q", strings.Join(Groupings(), ", "), by)
}
