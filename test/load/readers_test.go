package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
)

// follower is one that sees events as they come: all of them, or those of the stream of one client. It misses none and sees none twice.
type follower struct {
	h      *host
	name   string
	stream string // empty for all

	mu      sync.Mutex
	last    uint64 // the last position
	version uint64 // and version
}

// at returns the last position that it saw.
func (f *follower) at() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// event takes an event.
func (f *follower) event(position, version uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stream == "" && position != f.last+1 || f.stream != "" && (version != f.version+1 || position <= f.last) {
		f.h.fault("%s: position %d, version %d comes after %d, %d", f.name, position, version, f.last, f.version)
	}
	f.last, f.version = position, version
}

func (f *follower) query() string {
	if f.stream == "" {
		return "[]"
	}
	return `[{"stream":"` + f.stream + `"}]`
}

// follow follows by lines or server-sent events, as accept says, until ctx is done.
func follow(ctx context.Context, h *host, f *follower, accept string) {
	c := h.client()
	defer c.CloseIdleConnections()
	for ctx.Err() == nil {
		err := f.connection(ctx, c, accept)
		if ctx.Err() == nil && !h.again(f.name, err) {
			return
		}
	}
}

// errCutOff is of an answer that has no end.
var errCutOff = errors.New("the answer was cut off")

func (f *follower) connection(ctx context.Context, c *http.Client, accept string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/v1/read?follow=true&after=%d&query=%s", f.h.url, f.at(), url.QueryEscape(f.query())), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", accept)
	answer, err := c.Do(r)
	if err != nil {
		return err
	}
	defer hangUp(answer.Body)
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		return documented(answer.StatusCode, answer.Header.Get("Content-Type"), text)
	}
	text := bufio.NewReaderSize(answer.Body, 64<<10)
	for {
		line, err := text.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return errCutOff
		}
		if err != nil {
			return err
		}
		if accept == "text/event-stream" {
			var data bool
			if line, data = bytes.CutPrefix(line, []byte("data: ")); !data {
				continue
			}
		}
		if err := f.line(line); err != nil {
			return err
		}
	}
}

// line takes an object of an answer.
func (f *follower) line(line []byte) error {
	var o struct {
		Position, Version uint64
		Error             *struct{ Code, Message string }
	}
	if err := json.Unmarshal(line, &o); err != nil {
		return fmt.Errorf("a line is %q: %w", clip(line), err)
	}
	if o.Error != nil {
		return &problem{o.Error.Code, o.Error.Message}
	}
	if o.Position > 0 {
		f.event(o.Position, o.Version)
	}
	return nil
}

// nativeFollow follows by the client of Go, which goes on by itself.
func nativeFollow(ctx context.Context, h *host, f *follower) {
	s := dial(ctx, h, f.name)
	if s == nil {
		return
	}
	defer closeClient(h, f.name, s)
	var q store.Query
	if f.stream != "" {
		q = store.Query{{Stream: f.stream}}
	}
	for e, err := range s.Read(ctx, q, store.ReadOptions{Follow: true}) {
		if err != nil {
			if ctx.Err() == nil {
				h.fault("%s: %v", f.name, err)
			}
			return
		}
		f.event(uint64(e.Position), e.Version)
	}
}

// readPages reads pages of the newest events, and of those after a position, again and again.
func readPages(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	c := h.client()
	defer c.CloseIdleConnections()
	after := uint64(0)
	for ctx.Err() == nil {
		next, err := readPage(long, h, c, name, after)
		if err != nil && !h.again(name, err) {
			return
		}
		after = next
	}
}

func readPage(ctx context.Context, h *host, c *http.Client, name string, after uint64) (uint64, error) {
	answer, err := h.post(ctx, c, "/v1/read", "application/json", "application/json", strings.NewReader(fmt.Sprintf(`{"query":[],"after":%d,"limit":100}`, after)))
	if err != nil {
		return after, err
	}
	defer hangUp(answer.Body)
	var page struct {
		Basis *struct{ Head uint64 }
		Items []struct{ Position uint64 }
		Next  uint64
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		return after, fmt.Errorf("read a page: %w", err)
	}
	for i, e := range page.Items {
		if e.Position != after+uint64(i)+1 {
			h.fault("%s: event %d after %d is at %d", name, i+1, after, e.Position)
		}
	}
	if page.Basis == nil {
		h.fault("%s: a page has no basis", name)
	}
	return page.Next, nil // 0 for the end: from the start again
}

// readLines reads the last events of a client's stream as lines, again and again.
func readLines(of string) func(ctx context.Context, h *host, name string) {
	body := fmt.Sprintf(`{"query":[{"stream":"load-%s"}],"limit":50,"backward":true}`, of)
	return func(ctx context.Context, h *host, name string) {
		long, cancel := finishing(ctx)
		defer cancel()
		c := h.client()
		defer c.CloseIdleConnections()
		for ctx.Err() == nil {
			answer, err := h.post(long, c, "/v1/read", "application/json", "application/x-ndjson", strings.NewReader(body))
			var text []byte
			if err == nil {
				text, err = io.ReadAll(answer.Body)
				_ = answer.Body.Close()
			}
			if err == nil && !bytes.Contains(text, []byte(`{"end":{`)) {
				err = errCutOff
			}
			if err != nil && !h.again(name, err) {
				return
			}
		}
	}
}

// readFrames reads events by the client of Go, again and again.
func readFrames(ctx context.Context, h *host, name string) {
	long, s, done := client(ctx, h, name)
	defer done()
	if s == nil {
		return
	}
	for ctx.Err() == nil {
		if err := readOnce(long, h, name, s); err != nil && !h.again(name, err) {
			return
		}
	}
}

func readOnce(ctx context.Context, h *host, name string, s *httpapi.Client) error {
	last := store.Position(0)
	for e, err := range s.Read(ctx, nil, store.ReadOptions{Limit: 500}) {
		if err != nil {
			return err
		}
		if e.Position != last+1 {
			h.fault("%s: %d comes after %d", name, e.Position, last)
		}
		last = e.Position
	}
	return nil
}
