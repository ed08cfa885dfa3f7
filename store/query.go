package store

import "slices"

// Query selects events: those that match any of its items. The empty Query matches every event.
type Query []Item

// Item is a condition on an event: the AND of its parts that are not empty. The empty Item matches every event.
type Item struct {
	Stream   string   // the event is in this stream
	Category string   // the event's stream is in this category, see [Category]
	Types    []string // the event has any of these types
	Tags     []string // the event has all of these tags
}

// Matches is the matching rule: it says whether an event with this stream, type and tags matches q. It compares bytes.
func (q Query) Matches(e *Event) bool {
	if len(q) == 0 {
		return true
	}
	for i := range q {
		if q[i].Matches(e) {
			return true
		}
	}
	return false
}

// Matches says whether e fulfils every part of the item.
func (it *Item) Matches(e *Event) bool {
	if it.Stream != "" && it.Stream != e.Stream {
		return false
	}
	if it.Category != "" && it.Category != Category(e.Stream) {
		return false
	}
	if len(it.Types) > 0 && !slices.Contains(it.Types, e.Type) {
		return false
	}
	for _, tag := range it.Tags {
		if !slices.Contains(e.Tags, tag) {
			return false
		}
	}
	return true
}

// All says whether the item has no part and so matches every event.
func (it *Item) All() bool {
	return it.Stream == "" && it.Category == "" && len(it.Types) == 0 && len(it.Tags) == 0
}

// All says whether q matches every event whatever it is.
func (q Query) All() bool {
	return len(q) == 0 || slices.ContainsFunc(q, func(it Item) bool { return it.All() })
}

// Validate returns an [ErrInvalid] for an empty type or tag or a part that no event could have, and an [ErrTooLarge] for more parts than
// [MaxQueryParts].
func (q Query) Validate() error {
	parts := 0
	for i := range q {
		parts += 1 + len(q[i].Types) + len(q[i].Tags)
		if parts > MaxQueryParts {
			return tooLarge("query", "parts", parts, MaxQueryParts)
		}
		if err := q[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

func (it *Item) validate() error {
	if it.Stream != "" {
		if err := validateName("stream", it.Stream); err != nil {
			return err
		}
	}
	if it.Category != "" {
		if err := validateName("category", it.Category); err != nil {
			return err
		}
	}
	for _, t := range it.Types {
		if err := validateName("type", t); err != nil {
			return err
		}
	}
	for _, t := range it.Tags {
		if err := validateName("tag", t); err != nil {
			return err
		}
	}
	return nil
}
