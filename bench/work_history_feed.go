package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// What the stores of the history rows have.
const (
	foldStream = "order-42" // of the long stream
	foldKeys   = 100        // members of its counts
	pushEvery  = 10         // events of JavaScript's stream for one that puts an element into the list
	caseTypes  = 24         // of events of the many streams
)

// handlers fold JavaScript's stream: every tenth event puts an element at the end of a list, in place.
const handlers = `fromAll().when({
	$init() { return { open: [], counts: {}, due: 0, n: 0 } },
	Added(s, e) { s.open.push({ sku: e.data.sku, qty: e.data.qty }); s.n = e.data.n },
	$any(s, e) { s.counts[e.eventType] = (s.counts[e.eventType] || 0) + 1; s.due += e.data.price; s.n = e.data.n },
})
`

// historyStore fills a store in a directory with the events that next makes until it says that there are no more, and closes it.
func (l *lab) historyStore(dir string, next func(i int) (store.Event, bool)) (err error) {
	started := time.Now()
	defer func() { l.loading += time.Since(started) }()
	s, err := gesta.Open(dir, disk.Options{Sync: disk.SyncNever})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := appendEvents(l.ctx, s, next); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return s.Settle(l.ctx)
}

// appendEvents appends commits of a hundred events.
func appendEvents(ctx context.Context, s *gesta.Store, next func(i int) (store.Event, bool)) error {
	var c store.Commit
	for i, more := 0, true; more; i++ {
		var e store.Event
		if e, more = next(i); more {
			c.Events = append(c.Events, e)
		}
		if len(c.Events) == batch || !more && len(c.Events) > 0 {
			if _, err := s.Disk.Append(ctx, c); err != nil {
				return err
			}
			c.Events = c.Events[:0]
		}
	}
	return nil
}

// foldStore makes a store with one stream that is folded by merge patch. Unless elements is 0, its first event sets a list of so many, which the others leave alone.
func (l *lab) foldStore(dir string, elements int) error {
	return l.historyStore(dir, func(i int) (store.Event, bool) {
		data := fmt.Sprintf(`{"status":"s%d","due":%d.50,"customer":{"name":"c-%d","city":"Lyon"},"counts":{"k%d":%d},"n":%d}`, i%7, i%1000, i%50, i%foldKeys, i, i)
		if i == 0 && elements > 0 {
			data = `{"n":0,"list":[` + strings.TrimSuffix(strings.Repeat(`{"sku":"a","qty":2},`, elements), ",") + `]}`
		}
		return foldEvent(i, "Changed", data), i < l.scale.folded
	})
}

// scriptedStore makes a store with one stream that is folded by handlers in JavaScript, and writes them beside it.
func (l *lab) scriptedStore(dir string) error {
	err := l.historyStore(dir, func(i int) (store.Event, bool) {
		name := fmt.Sprintf("Type%d", i%7)
		if i%pushEvery == 0 {
			name = "Added"
		}
		data := fmt.Sprintf(`{"sku":"SKU-%d","qty":%d,"price":%d.25,"warehouse":"FRA-1","tags":["kitchen","gift"],"n":%d}`, i%50, i%9, i%100, i)
		return foldEvent(i, name, data), i < l.scale.folded
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "order.js"), []byte(handlers), 0o600); err != nil {
		return fmt.Errorf("write the handlers: %w", err)
	}
	return nil
}

// foldStores makes the stores of the long streams below a directory, and returns the directory of each.
func (l *lab) foldStores(dir string) (map[string]string, error) {
	if _, err := l.cli(); err != nil {
		return nil, err
	}
	dirs := map[string]string{}
	for name, fill := range map[string]func(dir string) error{
		plainStore:  func(dir string) error { return l.foldStore(dir, 0) },
		listStore:   func(dir string) error { return l.foldStore(dir, l.scale.listed) },
		scriptStore: l.scriptedStore,
	} {
		dirs[name] = filepath.Join(dir, name)
		if err := os.Mkdir(dirs[name], 0o755); err != nil {
			return nil, fmt.Errorf("make a directory to measure in: %w", err)
		}
		if err := fill(dirs[name]); err != nil {
			return nil, err
		}
	}
	return dirs, nil
}

// foldEvent is an event of the long stream.
func foldEvent(i int, name, data string) store.Event {
	return store.Event{Stream: foldStream, Type: name, Data: []byte(data), Metadata: fmt.Appendf(nil, `{"actor":"ada","correlationId":"req-%d"}`, i/4)}
}

// caseLengths returns how many events each of some streams has: about as many as the others, some a few and some many, so many together. Each has one at least.
func caseLengths(streams, events int) []int {
	lengths := make([]int, streams)
	sum := 0
	for i := range lengths {
		h := feed.Mix(uint64(i))
		lengths[i] = 3 + int(h%12)
		if h>>32%4 == 0 { // every fourth is a long one
			lengths[i] += int(h >> 40 % 80)
		}
		sum += lengths[i]
	}
	for i := 0; sum != events; i = (i + 1) % streams {
		switch {
		case sum < events:
			lengths[i]++
			sum++
		case lengths[i] > 1:
			lengths[i]--
			sum--
		}
	}
	return lengths
}

// caseStore makes a store with many streams whose events lie among each other's: streams begin one after the other, and some hundred are going on at a time.
func (l *lab) caseStore(dir string) error {
	const open = 500
	left := caseLengths(l.scale.cases, l.scale.caseEvents)
	var active []int // streams that have more to come
	begun := 0
	return l.historyStore(dir, func(i int) (store.Event, bool) {
		for len(active) < open && begun < len(left) {
			active = append(active, begun)
			begun++
		}
		if len(active) == 0 {
			return store.Event{}, false
		}
		h := feed.Mix(uint64(i))
		at := int(h % uint64(len(active)))
		stream := active[at]
		if left[stream]--; left[stream] == 0 {
			active[at] = active[len(active)-1]
			active = active[:len(active)-1]
		}
		activity := h >> 32 % caseTypes
		data := fmt.Sprintf(`{"activity":"W_ACTIVITY_%02d","lifecycle":"COMPLETE","resource":"%d","amount":%d,"n":%d}`, activity, 10000+h>>40%70, 1000+stream%99*500, i)
		return store.Event{
			Stream: fmt.Sprintf("case-%d", 173688+3*stream), Type: fmt.Sprintf("W_ACTIVITY_%02d", activity), Data: []byte(data),
			Metadata: fmt.Appendf(nil, `{"actor":"%d"}`, 10000+h>>40%70),
		}, true
	})
}
