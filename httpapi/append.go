package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// keyHeader is the header that may have the key of a commit.
const keyHeader = "Idempotency-Key"

// append takes in commits, in the form that the type of the body says.
func (h *Handler) append(w http.ResponseWriter, r *http.Request, s store.Store) error {
	media, err := contentType(r)
	if err != nil {
		return err
	}
	key, err := keyOf(r)
	if err != nil {
		return err
	}
	if key != "" && media != jsonType && media != cloudType && media != cloudBatchType {
		return usagef("the header %s is for a single commit in JSON; in a stream each has its own key", keyHeader)
	}
	switch media {
	case jsonType:
		return h.appendBody(w, r, s, eventjson.DecodeCommit)
	case linesType:
		return h.appendLines(w, r, s)
	case FramesType:
		if r.ContentLength >= 0 {
			return h.appendFrame(w, r, s)
		}
		return h.appendFrames(w, r, s)
	case cloudType:
		return h.appendBody(w, r, s, decodeCloudEvent)
	case cloudBatchType:
		return h.appendBody(w, r, s, decodeCloudEvents)
	}
	return usagef("a body of the type %s cannot be appended; there are %s, %s, %s, %s and %s",
		clip(media), jsonType, linesType, cloudType, cloudBatchType, FramesType)
}

// keyOf returns the key that a header has, empty for none.
func keyOf(r *http.Request) (string, error) {
	if n := len(r.Header.Values(keyHeader)); n > 1 {
		return "", usagef("the header %s is there %d times", keyHeader, n)
	}
	return r.Header.Get(keyHeader), nil
}

// appendBody appends the commit that is the whole body.
func (h *Handler) appendBody(w http.ResponseWriter, r *http.Request, s store.Store, decode func([]byte) (store.Commit, error)) error {
	result, err := h.appendOne(w, r, s, decode)
	if err != nil {
		return err
	}
	return writeJSON(w, eventjson.AppendResult(nil, &result))
}

// appendFrame appends the one commit of a body of frames.
func (h *Handler) appendFrame(w http.ResponseWriter, r *http.Request, s store.Store) error {
	result, err := h.appendOne(w, r, s, decodeCommitBody)
	if err != nil {
		return err
	}
	return writeFrames(w, appendResultFrame([]byte(magic), &result))
}

func decodeCommitBody(b []byte) (store.Commit, error) {
	payload, err := onlyFrame(b, frameCommit)
	if err != nil {
		return store.Commit{}, err
	}
	return decodeCommit(payload)
}

func (h *Handler) appendOne(w http.ResponseWriter, r *http.Request, s store.Store, decode func([]byte) (store.Commit, error)) (store.Result, error) {
	key, err := keyOf(r)
	if err != nil {
		return store.Result{}, err
	}
	c, size, err := h.decodeOne(w, r, decode)
	if err != nil {
		return store.Result{}, err
	}
	defer h.held.give(size)
	switch {
	case key == "" || key == c.Key:
	case c.Key != "":
		return store.Result{}, usagef("the header %s and the member key of the commit differ", keyHeader)
	default:
		c.Key = key
	}
	if err := h.checkGuards(&c); err != nil {
		return store.Result{}, err
	}
	return s.Append(context.WithoutCancel(r.Context()), c)
}

// decodeOne reads the commit of a body, which counts as held until the caller gives back its size.
func (h *Handler) decodeOne(w http.ResponseWriter, r *http.Request, decode func([]byte) (store.Commit, error)) (c store.Commit, size int64, err error) {
	b, err := h.readBody(w, r)
	if err != nil {
		return c, 0, err
	}
	if c, err = decode(b.b); err != nil {
		b.free()
		return c, 0, err
	}
	return c, b.drop(), nil
}

// checkGuards bounds the items of all guards together.
func (h *Handler) checkGuards(c *store.Commit) error {
	items := 0
	for _, g := range c.Guards {
		if g, ok := g.(store.NoneMatch); ok {
			items += len(g.Query)
		}
	}
	return h.checkItems("guards", items)
}

func (h *Handler) checkItems(what string, items int) error {
	if items > h.o.MaxQueryItems {
		return &store.TooLargeError{What: what, Unit: "query items", Got: items, Max: h.o.MaxQueryItems}
	}
	return nil
}

// writeJSON answers with a document.
func writeJSON(w http.ResponseWriter, doc []byte) error {
	return writeWhole(w, jsonType, append(doc, '\n'))
}

// writeFrames answers with frames that are all there.
func writeFrames(w http.ResponseWriter, frames []byte) error {
	return writeWhole(w, FramesType, frames)
}

func writeWhole(w http.ResponseWriter, contentType string, b []byte) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b)
	return err
}
