package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gestadb/gesta/store/eventjson"
)

// Handler is the server half: it answers the routes of its table from a store. It may be used by any number of requests at once.
type Handler struct {
	o      Options
	routes []Route

	held      held    // what is in memory of commits that come
	documents held    // the same of all other bodies
	answers   *budget // what is in memory of large events that go

	description func() ([]byte, error) // made once
}

// New returns a handler. It sets deadlines on the connections of its requests and leaves the last one behind: a server with other routes
// beside it needs a WriteTimeout, which begins each request anew.
func New(o Options) *Handler {
	h := &Handler{o: o.withDefaults()}
	h.held.most, h.held.little = h.o.MaxHeldBytes, min(little, h.o.MaxHeldBytes/64)
	h.documents.most, h.documents.little = heldDocuments*h.o.MaxDocumentBytes, h.o.MaxDocumentBytes/64
	if h.answers = newBudget(h.o.MaxAnswersBytes, h.o.WriteTimeout); h.o.Answers != nil {
		h.answers = h.o.Answers.room
	}
	h.routes = slices.Clone(h.o.Routes)
	for _, own := range h.table() {
		if !slices.ContainsFunc(h.o.Routes, func(r Route) bool { return r.Method == own.Method && r.Path == own.Path }) {
			h.routes = append(h.routes, own)
		}
	}
	h.description = sync.OnceValues(h.OpenAPI)
	return h
}

// Routes returns all that is served, for those who describe or guard it.
func (h *Handler) Routes() []Route { return slices.Clone(h.routes) }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, methods := h.match(r)
	switch {
	case route != nil:
		a := &answer{ResponseWriter: w, timeout: h.o.WriteTimeout}
		if err := h.answer(a, r, route); err != nil {
			a.fail(r, err)
		}
	case len(methods) > 0:
		w.Header().Set("Allow", strings.Join(methods, ", "))
		WriteError(w, r, &eventjson.Error{
			Code: eventjson.CodeUsage, Message: fmt.Sprintf("%s has no method %s", r.URL.Path, r.Method),
			Hint: "it has " + strings.Join(methods, ", "),
		})
	default:
		WriteError(w, r, &eventjson.Error{
			Code: eventjson.CodeNotFound, Message: fmt.Sprintf("there is nothing at %s", r.URL.Path), Hint: "/v1/openapi.json says what there is",
		})
	}
}

func (h *Handler) answer(a *answer, r *http.Request, route *Route) error {
	if route.Needs == RightNone {
		return route.Handle(a, r, nil)
	}
	s, err := h.o.Store(r.Context())
	if err != nil {
		return err
	}
	return route.Handle(a, r, s)
}

// answer knows whether an answer has begun.
type answer struct {
	http.ResponseWriter
	timeout time.Duration
	begun   bool
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) begin() {
	if !a.begun {
		a.begun = true
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(now().Add(a.timeout)) // else the server's own holds
	}
}

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	a.begin()
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b)
}

func (a *answer) fail(r *http.Request, err error) {
	if a.begun {
		panic(http.ErrAbortHandler) // cuts the connection, so that nobody takes the answer for whole
	}
	WriteError(a, r, err)
}

func unescape(segment string) (string, error) {
	s, err := url.PathUnescape(segment)
	if err != nil {
		return "", fmt.Errorf("resolve escapes: %w", err)
	}
	return s, nil
}

// past is a deadline that is over.
var past = time.Unix(1, 0)
