package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// answerTypes are what the client takes.
const answerTypes = FramesType + ", " + jsonType

func (r *remote) request(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Accept", answerTypes)
	req.Header.Set("User-Agent", "gesta")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.o.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.o.Token)
	}
	return req, nil
}

// send sends a request and returns the answer to one that went well. What may be different when it is repeated is an [lostError].
func (r *remote) send(req *http.Request) (*http.Response, error) {
	resp, err := r.transport.RoundTrip(req)
	if err != nil {
		return nil, lost(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// maxRefusal bounds what is read of an answer that says why a request was refused: a conflict, and what surrounds it.
const maxRefusal = 2*maxConflictBytes + 1<<20

// refusal returns the error that an answer tells of.
func refusal(resp *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return lost(fmt.Errorf("read the answer: %w", err))
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var told error
	switch media {
	case FramesType:
		payload, err := onlyFrame(b, frameError)
		if err != nil {
			return lost(fmt.Errorf("read the answer: %w", err))
		}
		told = decodeError(payload)
	case ProblemType:
		var p struct {
			Code   eventjson.Code `json:"code"`
			Detail string         `json:"detail"`
			Hint   string         `json:"hint"`
		}
		if err := json.Unmarshal(b, &p); err == nil && p.Code != "" {
			told = &eventjson.Error{Code: p.Code, Message: p.Detail, Hint: p.Hint}
		}
	}
	if told == nil {
		return repeatable(foreign(resp))
	}
	return repeatable(&answered{told})
}

// answered is an error that a server of gesta itself told: unless it says otherwise, nothing was written.
type answered struct{ err error }

func (e *answered) Error() string { return e.err.Error() }
func (e *answered) Unwrap() error { return e.err }

// foreign describes an answer that no server of gesta gives, but one that stands between, or in its place.
func foreign(resp *http.Response) error {
	code := eventjson.CodeInternal
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		code = eventjson.CodeUnauthenticated
	case http.StatusForbidden:
		code = eventjson.CodeDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		code = eventjson.CodeNotFound
	case http.StatusRequestEntityTooLarge:
		code = eventjson.CodeTooLarge
	case http.StatusTooManyRequests:
		code = eventjson.CodeRateLimited
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		code = eventjson.CodeUnavailable
	}
	return &eventjson.Error{Code: code, Message: fmt.Sprintf("%s answers %s", resp.Request.URL.Host, strings.ToLower(resp.Status)), Hint: "is this the URL of a gesta server?"}
}

// repeatable marks an error that a server may not give again.
func repeatable(err error) error {
	if known, ok := errors.AsType[*eventjson.Error](err); ok {
		if c := known.Code; c == eventjson.CodeUnavailable || c == eventjson.CodeRateLimited || c == eventjson.CodeOutcomeUnknown {
			return lost(err)
		}
	}
	if told, ok := err.(*answered); ok { //nolint:errorlint // it is never wrapped
		return told.err
	}
	return err
}

// newBody returns a body that can be sent again.
func newBody(b []byte) io.Reader { return bytes.NewReader(b) }

// drain reads an answer to its end, so that the connection can be used again.
func drain(resp *http.Response) error {
	_, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return lost(fmt.Errorf("read the answer: %w", err))
	}
	return nil
}

// tries is how often a request is sent that may be repeated, before the server counts as out of reach.
const tries = 3

// pause waits before try n, from 1: longer each time, and not all clients alike. It returns false when ctx ended.
func pause(ctx context.Context, n int) bool {
	const first, longest = 25 * time.Millisecond, 3 * time.Second
	d := min(first<<min(n, 10), longest)
	t := time.NewTimer(d/2 + rand.N(d/2))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// get sends a request without a body, again if the answer is lost.
func (r *remote) get(ctx context.Context, path string) (*http.Response, error) {
	for n := 1; ; n++ {
		req, err := r.request(ctx, http.MethodGet, path, "", nil)
		if err != nil {
			return nil, err
		}
		resp, err := r.send(req)
		if err == nil {
			return resp, nil
		}
		if l := (*lostError)(nil); !errors.As(err, &l) || n == tries || !pause(ctx, n) {
			return nil, err
		}
	}
}

// document gets a JSON document into v.
func (r *remote) document(ctx context.Context, path string, v any) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	call, cancel := r.reading(ctx)
	defer cancel()
	resp, err := r.get(call, path)
	if err != nil {
		return public(r.failed(ctx, err))
	}
	if err := readDocument(resp, v); err != nil {
		return public(r.failed(ctx, err))
	}
	return nil
}

// maxDocument bounds a document: the largest has 1,000 problems.
const maxDocument = 64 << 20

func readDocument(resp *http.Response, v any) error {
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return lost(fmt.Errorf("read the answer: %w", err))
	}
	if err := json.Unmarshal(b, v); err != nil {
		return lost(fmt.Errorf("read the answer: %w", err))
	}
	return nil
}

// result reads the frame of a result.
func readResult(resp *http.Response) (store.Result, error) {
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, MaxFrameBytes))
	if err != nil {
		return store.Result{}, lost(fmt.Errorf("read the answer: %w", err))
	}
	payload, err := onlyFrame(b, frameResult)
	if err != nil {
		return store.Result{}, lost(fmt.Errorf("read the answer: %w", err))
	}
	result, err := decodeResult(payload)
	if err != nil {
		return store.Result{}, lost(fmt.Errorf("read the answer: %w", err))
	}
	return result, nil
}

// post sends a body, and says whether any of it may have arrived.
func (r *remote) post(ctx context.Context, path, contentType string, body []byte) (result store.Result, sent bool, err error) {
	ctx, sending := tracing(ctx)
	req, err := r.request(ctx, http.MethodPost, path, contentType, bytes.NewReader(body))
	if err != nil {
		return result, false, err
	}
	resp, err := r.send(req)
	if err == nil {
		result, err = readResult(resp)
	}
	return result, sending(), err
}
