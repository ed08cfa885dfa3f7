package index

import "github.com/gestadb/gesta/store"

// lookupsPerHold bounds the names that are looked up while a reader holds the lock of a table.
const lookupsPerHold = 256

// plan is a query with its terms looked up in a table. Items that no event can match are left out.
type plan struct {
	items []planItem
	terms []term // of all items
}

// planItem is an item of a query: the terms from begin to types must all be there, and one of those from types to end.
type planItem struct{ begin, types, end int }

// plans keeps the memory of plans for the next query.
var plans pool[plan]

// maxPooledTerms bounds what one kept plan holds on to.
const maxPooledTerms = 1024

func (p *plan) release() {
	if cap(p.terms) <= maxPooledTerms {
		p.items, p.terms = p.items[:0], p.terms[:0]
		plans.put(p)
	}
}

// lookup finds terms, and lets go of the lock now and then.
type lookup struct {
	table *Table
	held  int
}

func (l *lookup) find(ts *terms, k kind, name string) (term, bool) {
	t := l.table
	hash := t.hasher.term(k, name)
	if l.held++; l.held > lookupsPerHold {
		t.mu.RUnlock()
		t.mu.RLock()
		l.held = 1
	}
	i, ok := ts.find(&t.names, hash, k, name)
	if !ok {
		return term{}, false
	}
	return *ts.all.at(i), true
}

// plan looks up the terms of q, and returns a snapshot of the lists. Items without an event at ordinal low or above are left out.
func (t *Table) plan(p *plan, q store.Query, after, until store.Position) (lists arena[uint32], line timeline, low, high uint32) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	line = t.timeline()
	low, high = line.upTo(after), line.upTo(until)
	if low >= high {
		return lists, line, low, high
	}
	l := lookup{table: t}
	for i := range q {
		item := planItem{begin: len(p.terms)}
		if !p.addItem(&l, &q[i], &item, low) {
			p.terms = p.terms[:item.begin]
			continue
		}
		item.end = len(p.terms)
		p.items = append(p.items, item)
	}
	return t.lists, line, low, high
}

// addItem adds the terms of an item, and returns false if no event from low on can match it.
func (p *plan) addItem(l *lookup, it *store.Item, item *planItem, low uint32) bool {
	if it.Stream != "" && !p.addTerm(l, &l.table.streams, kindStream, it.Stream, low) {
		return false
	}
	if it.Category != "" && !p.addTerm(l, &l.table.others, kindCategory, it.Category, low) {
		return false
	}
	for _, tag := range it.Tags {
		if !p.addTerm(l, &l.table.others, kindTag, tag, low) {
			return false
		}
	}
	item.types = len(p.terms)
	for _, name := range it.Types {
		p.addTerm(l, &l.table.others, kindType, name, low)
	}
	return len(it.Types) == 0 || len(p.terms) > item.types
}

func (p *plan) addTerm(l *lookup, ts *terms, k kind, name string, low uint32) bool {
	t, ok := l.find(ts, k, name)
	if !ok || t.last < low {
		return false
	}
	p.terms = append(p.terms, t)
	return true
}

// cursor returns the ordinals of one item, up to bound.
func (p *plan) cursor(lists *arena[uint32], item planItem, bound uint32, backward bool) cursor {
	leaves := make([]ordinals, item.end-item.begin)
	all := make([]cursor, len(leaves))
	for i := range leaves {
		leaves[i] = newOrdinals(lists, &p.terms[item.begin+i], bound, backward)
		all[i] = &leaves[i]
	}
	and := all[: item.types-item.begin : item.types-item.begin]
	if or := all[item.types-item.begin:]; len(or) > 0 {
		and = append(and, newUnion(or, backward))
	}
	return newIntersection(and, backward)
}

// fewTerms is up to how many terms an item's newest ordinal is found without memory for cursors.
const fewTerms = 4

// newest returns the newest ordinal of one item from low up to high, high not included.
func (p *plan) newest(lists *arena[uint32], item planItem, low, high uint32) (uint32, bool) {
	if item.end-item.begin <= fewTerms {
		return p.newestOfFew(lists, item, low, high)
	}
	c := p.cursor(lists, item, low, true)
	for target := uint64(high - 1); ; {
		n, s, _ := c.seek(target)
		if s != paused {
			return uint32(n), s == found
		}
		target = n
	}
}

// newestOfFew goes down from one list to the next until all have the same ordinal.
func (p *plan) newestOfFew(lists *arena[uint32], item planItem, low, high uint32) (uint32, bool) {
	var walks [fewTerms]ordinals
	for i := item.begin; i < item.end; i++ {
		walks[i-item.begin] = newOrdinals(lists, &p.terms[i], low, true)
	}
	and, or := walks[:item.types-item.begin], walks[item.types-item.begin:item.end-item.begin]
	for target := uint64(high - 1); ; {
		n := target
		for i := range and {
			var s status
			if n, s, _ = and[i].seek(n); s == ended {
				return 0, false
			}
		}
		if len(or) > 0 {
			best, some := uint64(0), false
			for i := range or {
				if m, s, _ := or[i].seek(n); s == found {
					best, some = max(best, m), true
				}
			}
			if !some {
				return 0, false
			}
			n = best
		}
		if n == target {
			return uint32(n), true
		}
		target = n
	}
}
