package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// basis is what the client needs of the basis of a document.
type basis struct {
	Basis struct {
		Store string         `json:"store"`
		Head  store.Position `json:"head"`
	} `json:"basis"`
}

// introduce asks the server what it has.
func (r *remote) introduce(ctx context.Context) error {
	var doc struct {
		basis
		limitsDocument
	}
	if err := r.document(ctx, "/v1/limits", &doc); err != nil {
		return err
	}
	if doc.BodyBytes <= 0 || doc.EventBytes <= 0 {
		return &eventjson.Error{Code: eventjson.CodeUnavailable, Message: r.base + " is no server of gesta: it does not tell its limits"}
	}
	r.id, r.bodyBytes = doc.Basis.Store, min(doc.BodyBytes, MaxFrameBytes)
	r.limits = store.Limits{
		NameBytes: doc.NameBytes, EnvelopeBytes: doc.EnvelopeBytes, EventBytes: doc.EventBytes,
		CommitBytes: doc.CommitBytes, CommitEvents: doc.CommitEvents,
	}
	r.powers = map[store.Power]store.Answer{}
	for _, has := range doc.Powers {
		for _, p := range remotePowers {
			if p.name == has {
				r.powers[p.power] = store.Provides
			}
		}
	}
	return nil
}

// Head returns the position of the last event: see [store.Store].
func (r *remote) Head(ctx context.Context) (store.Position, error) {
	var doc basis
	err := r.document(ctx, "/v1/head", &doc)
	return doc.Basis.Head, err
}

// StoreID returns the id of the store behind the server.
func (c *Client) StoreID() string { return c.id }

// Limits returns the limits of the store behind the server.
func (c *Client) Limits() store.Limits { return c.limits }

// Tracked returns the last tracking position of a source: see [store.Tracker].
func (c *Client) Tracked(ctx context.Context, source string) (uint64, error) {
	var doc struct {
		Position uint64 `json:"position"`
	}
	err := c.named(ctx, "/v1/tracking/", source, &doc)
	return doc.Position, err
}

// named gets a document that a name stands at. A name that no request can have is not asked for.
func (r *remote) named(ctx context.Context, path, name string, doc any) error {
	if name == "" {
		return r.open(ctx) // nothing has the empty name
	}
	return r.document(ctx, path+segment(name), doc)
}

// segment returns a name as a segment of a path.
func segment(name string) string {
	switch name {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return url.PathEscape(name)
}

// Lookup returns the result of the commit with a key: see [store.Keys].
func (c *Client) Lookup(ctx context.Context, key string) (store.Result, error) {
	if err := c.open(ctx); err != nil {
		return store.Result{}, err
	}
	if key == "" {
		return store.Result{}, store.ErrNotFound
	}
	call, cancel := c.reading(ctx)
	defer cancel()
	resp, err := c.get(call, "/v1/keys/"+segment(key))
	if err != nil {
		return store.Result{}, public(c.failed(ctx, err))
	}
	result, err := readResult(resp)
	if err != nil {
		return store.Result{}, public(c.failed(ctx, err))
	}
	return result, nil
}

// Stats returns the figures of the medium: see [store.Measurer].
func (c *Client) Stats(ctx context.Context) (store.Stats, error) {
	var doc mediumDocument
	if err := c.document(ctx, "/v1/stats?medium=true", &doc); err != nil {
		return store.Stats{}, err
	}
	return store.Stats{
		LogBytes: doc.Bytes.Log, IndexBytes: doc.Bytes.Index, Segments: doc.Segments,
		ClockBehind: time.Duration(doc.ClockBehindUs) * time.Microsecond,
	}, nil
}

// Check reads everything: see [store.Checker].
func (c *Client) Check(ctx context.Context, o store.CheckOptions) (store.CheckReport, error) {
	var doc struct {
		basis
		answers.CheckDocument
	}
	var err error
	if o.Repair {
		err = c.sendDocument(ctx, "/v1/check", []byte(`{"repair":true}`), &doc)
	} else {
		err = c.document(ctx, "/v1/check", &doc)
	}
	if err != nil {
		return store.CheckReport{}, err
	}
	report := store.CheckReport{Events: doc.Events, Files: doc.Files, StoreID: doc.Basis.Store}
	for _, p := range doc.Problems {
		report.Problems = append(report.Problems, store.Problem(p))
	}
	return report, nil
}

// sendDocument sends a document once, and gets one back.
func (r *remote) sendDocument(ctx context.Context, path string, body []byte, v any) error {
	leave, err := r.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	call, cancel := joined(ctx, r.writing)
	defer cancel()
	req, err := r.request(call, http.MethodPost, path, jsonType, newBody(body))
	if err != nil {
		return err
	}
	resp, err := r.send(req)
	if err == nil {
		err = readDocument(resp, v)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return public(err)
}

// Erase takes payloads away for good: see [store.Eraser]. Where the answer was lost the outcome is unknown; to erase again does no harm.
func (c *Client) Erase(ctx context.Context, e store.Erasure) (store.Result, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return store.Result{}, err
	}
	defer leave()
	if err := e.Validate(); err != nil {
		return store.Result{}, err
	}
	body, err := json.Marshal(erasure(e))
	if err != nil {
		return store.Result{}, usagef("an erasure: %s", err)
	}
	call, cancel := joined(ctx, c.writing)
	defer cancel()
	result, sent, err := c.post(call, "/v1/erase", jsonType, body)
	if err == nil {
		return result, nil
	}
	l, repeat := errors.AsType[*lostError](err)
	if !repeat {
		return store.Result{}, err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return store.Result{}, outcome(sent && !refused(l), err)
}

// Streams lists streams by name: see [store.Lister].
func (c *Client) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	v := url.Values{"system": {"true"}}
	if o.Prefix != "" {
		v.Set("prefix", o.Prefix)
	}
	if o.After != "" {
		v.Set("after", o.After)
	}
	if o.Limit > 0 {
		v.Set("limit", strconv.Itoa(o.Limit))
	}
	return listed(ctx, &c.remote, "/v1/streams?"+v.Encode(), one(frameStream, decodeStream))
}

// Types lists the types of events by name: see [store.Lister].
func (c *Client) Types(ctx context.Context) iter.Seq2[store.TypeInfo, error] {
	return listed(ctx, &c.remote, "/v1/types?system=true", one(frameType, decodeType))
}

// ByID yields all events with an id: see [store.IDs].
func (c *Client) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	if id == "" {
		return listed[store.Recorded](ctx, &c.remote, "", nil)
	}
	return listed(ctx, &c.remote, "/v1/ids/"+segment(id), func(kind frameKind, p []byte, yield func(*store.Recorded) bool) error {
		if kind != frameEvents {
			return errKind(kind)
		}
		d := decoder{b: p}
		return d.unbatch(yield)
	})
}

// Dump yields everything, commit by commit: see [store.Dumper].
func (c *Client) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	return listed(ctx, &c.remote, "/v1/export?after="+strconv.FormatUint(uint64(min(after, store.MaxPosition)), 10), one(frameRecorded, decodeRecorded))
}

func errKind(kind frameKind) error { return fmt.Errorf("the answer has a frame of the kind %d", kind) }

// one decodes frames of one kind, each of which has one thing.
func one[T any](want frameKind, decode func([]byte) (T, error)) func(frameKind, []byte, func(*T) bool) error {
	return func(kind frameKind, p []byte, yield func(*T) bool) error {
		if kind != want {
			return errKind(kind)
		}
		item, err := decode(p)
		if err == nil {
			yield(&item)
		}
		return err
	}
}

// listed yields what an answer of frames has; an empty path has nothing.
func listed[T any](ctx context.Context, r *remote, path string, take func(frameKind, []byte, func(*T) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		broken := false
		err := listFrames(ctx, r, path, take, func(item *T) bool {
			broken = !yield(*item, nil)
			return !broken
		}, &broken)
		if err != nil && !broken {
			var none T
			yield(none, public(r.failed(ctx, err)))
		}
	}
}

func listFrames[T any](
	ctx context.Context, r *remote, path string, take func(frameKind, []byte, func(*T) bool) error, yield func(*T) bool, broken *bool,
) error {
	if err := r.open(ctx); err != nil || path == "" {
		return err
	}
	call, cancel := r.reading(ctx)
	defer cancel()
	resp, err := r.get(call, path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	frames := newFrameReader(resp.Body, clientBuffer)
	for n := uint64(0); ; n++ {
		kind, p, err := frames.next()
		if err != nil {
			return lost(errors.Join(errCut, err))
		}
		if err := r.open(ctx); err != nil {
			return err
		}
		if kind == frameError {
			return decodeError(p)
		}
		if kind == frameEnd {
			if want, err := decodeEnd(p); err != nil || want != n {
				return lost(fmt.Errorf("the answer has %d things and says otherwise: %w", n, errors.Join(err, errCut)))
			}
			return drain(resp)
		}
		if err := take(kind, p, yield); err != nil {
			return lost(err)
		}
		if *broken {
			return nil
		}
	}
}
