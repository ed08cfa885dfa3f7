package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/store/eventjson"
)

// host is what clients reach, and where they tell what happened.
type host struct {
	t       *testing.T
	url     string // http://ADDRESS
	address string
	breaks  bool // connections may break
	ledger  *ledger

	mu     sync.Mutex
	codes  map[string]int // how often each documented error was answered
	faults int
}

func newHost(t *testing.T, address string, breaks bool) *host {
	return &host{t: t, url: "http://" + address, address: address, breaks: breaks, ledger: newLedger(), codes: map[string]int{}}
}

// fault tells of what should not happen.
func (h *host) fault(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.faults++; h.faults <= 20 {
		h.t.Errorf(format, args...)
	}
}

// answered counts an error that a server gave.
func (h *host) answered(code string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.codes[code]++
}

// told returns the errors that were answered, and how often each was.
func (h *host) told() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, code := range slices.Sorted(maps.Keys(h.codes)) {
		out = append(out, fmt.Sprint(code, " ", h.codes[code]))
	}
	return fmt.Sprint(out)
}

// problem is an error that a server answered.
type problem struct {
	Code   string
	Detail string
}

func (p *problem) Error() string { return p.Code + ": " + p.Detail }

// passing are the codes after which a request may be sent again as it was.
var passing = []string{"rateLimited", "unavailable", "timeout", "outcomeUnknown", "locked"}

// again says whether a client goes on after an error, and waits a little where it does.
func (h *host) again(client string, err error) bool {
	if known, ok := errors.AsType[*eventjson.Error](err); ok { // as the client of Go has it
		err = &problem{string(known.Code), known.Message}
	}
	if p, ok := err.(*problem); ok { //nolint:errorlint // it is never wrapped
		h.answered(p.Code)
		if !slices.Contains(passing, p.Code) {
			h.fault("%s: %v", client, err)
			return false
		}
	} else if !h.breaks {
		h.fault("%s: %v", client, err)
		return false
	}
	time.Sleep(20 * time.Millisecond) // so that a server that cannot be reached is not asked all the time
	return true
}

// pace says whether a client goes on. One whose name begins with paced waits for its time, five of which there are a second.
func (h *host) pace(ctx context.Context, name string) bool {
	if strings.HasPrefix(name, "paced") {
		const every = time.Second / 5
		sleep(ctx, time.Until(time.Now().Truncate(every).Add(every)))
	}
	return ctx.Err() == nil
}

// client returns one that has a single connection.
func (h *host) client() *http.Client {
	transport := &http.Transport{
		MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, DisableCompression: true,
		DialContext: (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
	}
	return &http.Client{Transport: transport}
}

// post sends a body and returns the answer. ctx is a bound of last resort.
func (h *host) post(ctx context.Context, c *http.Client, path, contentType, accept string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", accept)
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer hangUp(answer.Body)
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	return nil, documented(answer.StatusCode, answer.Header.Get("Content-Type"), text)
}

// statuses are those of the documented errors.
var statuses = map[string]int{
	"usage": 400, "conflict": 409, "keyReused": 409, "tracking": 409, "damaged": 500, "notFound": 404, "erased": 410, "truncated": 410, "reducer": 422,
	"unavailable": 503, "locked": 503, "timeout": 503, "readOnly": 503, "outcomeUnknown": 503, "rateLimited": 429,
	"unauthenticated": 401, "denied": 403, "tooLarge": 413, "internal": 500,
}

// documented returns the error of an answer, or another one where it is none of the documented.
func documented(status int, contentType string, body []byte) error {
	var p problem
	if err := json.Unmarshal(body, &p); err != nil || contentType != "application/problem+json" || statuses[p.Code] != status {
		return fmt.Errorf("an answer that is not documented: %d %s %q", status, contentType, clip(body)) //nolint:err113 // it fails the test
	}
	return &p
}

func clip(b []byte) []byte { return b[:min(len(b), 500)] }

// positionOf returns the first position of the answer to an append.
func positionOf(answer *http.Response) (uint64, error) {
	defer hangUp(answer.Body)
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	var result struct{ First, Last uint64 }
	if err := json.Unmarshal(bytes.TrimSpace(text), &result); err != nil || result.First == 0 || result.First != result.Last {
		return 0, fmt.Errorf("an append of an event is answered %q", text) //nolint:err113 // it fails the test
	}
	return result.First, nil
}
