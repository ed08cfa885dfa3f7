package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
)

// AuditStream is the stream of what was administered and denied.
//
//	Administered  {"principal":"ada","from":"10.0.0.7:4242","action":"erase","target":"positions 7 to 9, 12","outcome":"done"}
//	Denied        {"principal":"bob","route":"POST /v1/append","minute":"2026-11-01T10:06:00Z","count":12}
//
// Denied requests are one event for each principal, route and minute, written when the minute is over: a process that dies loses those of its last minutes. Requests that nobody authenticated are only
// counted.
const AuditStream = "$audit"

// The types of events in AuditStream.
const (
	administered = "Administered"
	denied       = "Denied"
)

// maxDenials bounds the principals, routes and minutes that are counted apart; the requests beyond are counted together, as those of others.
const maxDenials = 4096

// others stands for any principal, and for any route: neither has this name.
const others = "*"

// maxAuditText bounds each text of an event in AuditStream, in bytes; longer ones are cut.
const maxAuditText = 1024

// Audit writes AuditStream. Any number of goroutines may use it.
type Audit struct {
	s store.Store
	o AuditOptions

	mu      sync.Mutex // guards denials
	denials map[denial]uint64

	flushing sync.Mutex // one at a time; taken before mu

	denied, unauthenticated atomic.Uint64
}

// denial is what denied requests are counted by.
type denial struct {
	principal, route string
	minute           time.Time // its start, UTC
}

// AuditOptions are the options of NewAudit. The zero value works.
type AuditOptions struct {
	// Clock says which minute it is. Defaults to time.Now.
	Clock func() time.Time

	// Tick says when to look for minutes that are over. Defaults to a ticker of 10 seconds.
	Tick <-chan time.Time

	// Failed is told, on the goroutine of Run, that denials could not be written. They are kept for the next time. Defaults to nothing.
	Failed func(error)
}

// NewAudit returns an audit that writes into a store, which stays the caller's to close: after Run has ended.
func NewAudit(s store.Store, o AuditOptions) *Audit {
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the default of an option is the one place where the clock comes from
	}
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	return &Audit{s: s, o: o, denials: map[denial]uint64{}}
}

// Denied counts a request that was denied to a principal. A nil principal counts as unauthenticated. route is the pattern of the route or the name of the RPC, never what was
// sent: there must be few. It never waits for the store.
func (a *Audit) Denied(p *Principal, route string) {
	if p == nil {
		a.Unauthenticated()
		return
	}
	a.denied.Add(1)
	d := denial{principal: p.name, route: cut(route), minute: a.o.Clock().UTC().Truncate(time.Minute)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, counted := a.denials[d]; !counted && len(a.denials) >= maxDenials {
		d = denial{principal: others, route: others, minute: d.minute}
		if _, counted := a.denials[d]; !counted && len(a.denials) > maxDenials { // which minute it was is lost as well
			d.minute = time.Time{}
		}
	}
	a.denials[d]++
}

// Unauthenticated counts a request that nobody authenticated.
func (a *Audit) Unauthenticated() { a.unauthenticated.Add(1) }

// Counts returns how many requests were denied to principals, and how many nobody authenticated, since NewAudit.
func (a *Audit) Counts() (denied, unauthenticated uint64) {
	return a.denied.Load(), a.unauthenticated.Load()
}

// Act is something that was administered. No part of it may be a secret.
type Act struct {
	Principal string `json:"principal,omitempty"` // who did it
	From      string `json:"from,omitempty"`      // the address that it came from
	Action    string `json:"action"`              // what it was, such as erase or user add
	Target    string `json:"target,omitempty"`    // what it was done to
	Outcome   string `json:"outcome,omitempty"`   // what came of it; the code of an error where there was one
}

// Done records something that was administered. It returns when that is durable.
func (a *Audit) Done(ctx context.Context, act Act) error {
	for _, text := range []*string{&act.Principal, &act.From, &act.Action, &act.Target, &act.Outcome} {
		*text = cut(*text)
	}
	e, err := auditEvent(administered, act.Principal, act)
	if err != nil {
		return err
	}
	if _, err = a.s.Append(ctx, store.Commit{Events: []store.Event{e}}); err != nil {
		return fmt.Errorf("audit %s: %w", act.Action, err)
	}
	return nil
}

// Run writes the denials of each minute that is over, until ctx ends; then it writes what is left, within flushTime, and returns the error of that.
func (a *Audit) Run(ctx context.Context) error {
	tick := a.o.Tick
	if tick == nil {
		ticker := time.NewTicker(10 * time.Second)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-tick:
			if err := a.flush(ctx, a.o.Clock().UTC().Truncate(time.Minute)); err != nil && ctx.Err() == nil {
				a.o.Failed(err)
			}
		case <-ctx.Done():
			const flushTime = 5 * time.Second
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
			defer cancel()
			return a.flush(last, time.Time{})
		}
	}
}

// flush writes the denials of the minutes before one, or of all for the zero time. What could not be written stays; an outcome that is not known may write it twice.
func (a *Audit) flush(ctx context.Context, before time.Time) error {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	taken := a.take(before)
	list := make([]denial, 0, len(taken))
	for d := range taken {
		list = append(list, d)
	}
	slices.SortFunc(list, func(x, y denial) int {
		return cmp.Or(x.minute.Compare(y.minute), strings.Compare(x.principal, y.principal), strings.Compare(x.route, y.route))
	})
	const few = 256 // events a commit
	for part := range slices.Chunk(list, few) {
		if err := a.write(ctx, part, taken); err != nil {
			a.putBack(taken)
			return err
		}
		for _, d := range part {
			delete(taken, d)
		}
	}
	return nil
}

// take takes out what is to be written.
func (a *Audit) take(before time.Time) map[denial]uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := map[denial]uint64{}
	for d, n := range a.denials {
		if before.IsZero() || d.minute.Before(before) {
			taken[d] = n
			delete(a.denials, d)
		}
	}
	return taken
}

// putBack keeps what could not be written, within the bounds.
func (a *Audit) putBack(taken map[denial]uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for d, n := range taken {
		if _, counted := a.denials[d]; !counted && len(a.denials) >= maxDenials {
			d = denial{principal: others, route: others}
		}
		a.denials[d] += n
	}
}

func (a *Audit) write(ctx context.Context, part []denial, counts map[denial]uint64) error {
	var c store.Commit
	for _, d := range part {
		e, err := auditEvent(denied, d.principal, struct {
			Principal string    `json:"principal"`
			Route     string    `json:"route"`
			Minute    time.Time `json:"minute,omitzero"`
			Count     uint64    `json:"count"`
		}{d.principal, d.route, d.minute, counts[d]})
		if err != nil {
			return err
		}
		c.Events = append(c.Events, e)
	}
	if _, err := a.s.Append(ctx, c); err != nil {
		return fmt.Errorf("audit denied requests: %w", err)
	}
	return nil
}

// auditEvent makes an event of AuditStream.
func auditEvent(kind, principal string, data any) (store.Event, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return store.Event{}, fmt.Errorf("encode %s: %w", kind, err)
	}
	if principal == others {
		principal = ""
	}
	metadata, err := actorMetadata(principal)
	return store.Event{Stream: AuditStream, Type: kind, Data: b, Metadata: metadata}, err
}

// cut shortens a text to what is kept of one.
func cut(s string) string {
	if len(s) <= maxAuditText {
		return s
	}
	return strings.ToValidUTF8(s[:maxAuditText], "") + "…"
}
