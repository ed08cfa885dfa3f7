package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// demoStoreID is the id of the store that a history claims to come from.
const demoStoreID = "00000000-0000-4000-8000-00000000de30"

// demoCommit is a commit of a history.
type demoCommit struct {
	key    string
	at     time.Time // recorded
	events []store.Event
}

// id returns the id of the commit's event i. It holds as long as the time of the commit is what it is.
func (c *demoCommit) id(i int) string { return importID(fmt.Sprintf("%s/%d", c.key, i), c.at) }

// write writes the history as gesta export would.
func (h *demoHistory) write(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriter(f)
	head := 0
	for i := range h.commits {
		head += len(h.commits[i].events)
	}
	// Flush returns the first error of all writes.
	_, _ = fmt.Fprintf(out, `{"export":{"format":1,"store":%q,"head":%d}}`+"\n", demoStoreID, head)
	position := store.Position(0)
	versions := map[string]uint64{}
	var last time.Time
	for i := range h.commits {
		c := &h.commits[i]
		if c.at.Before(last) {
			c.at = last // clocks of committers differ
		}
		last = c.at
		first := position + 1
		for j, event := range c.events {
			position++
			versions[event.Stream]++
			event.ID = c.id(j)
			r := store.Recorded{Event: event, Position: position, Commit: first, Version: versions[event.Stream], RecordedAt: c.at}
			key := ""
			if j == 0 {
				key = c.key
			}
			_, _ = out.Write(append(eventjson.AppendExported(nil, &r, key, nil), '\n'))
		}
	}
	return out.Flush()
}

// demoEvent makes an event; data is anything that becomes JSON.
func demoEvent(stream, typ, actor string, data any, tags ...string) store.Event {
	return store.Event{Stream: stream, Type: typ, Tags: tags, Data: demoJSON(data), Metadata: demoJSON(map[string]string{"actor": actor})}
}

// demoCaused makes an event that another one caused, whose id is cause.
func demoCaused(cause, stream, typ, actor string, data any, tags ...string) store.Event {
	event := demoEvent(stream, typ, actor, data, tags...)
	event.Metadata = demoJSON(map[string]string{"actor": actor, "causationId": cause})
	return event
}

// demoJSON encodes values of a history, which are all numbers, texts, lists and structs of them: it cannot fail.
func demoJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}
