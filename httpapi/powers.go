package httpapi

import (
	"net/http"

	"github.com/gestadb/gesta/store"
)

// remotePowers are the powers that go over the wire, by the names that /v1/limits gives them. Truncater is none of them.
var remotePowers = []struct {
	name  string
	power store.Power
	has   func(store.Store) bool
}{
	{"tracker", "store.Tracker", hasPower[store.Tracker]},
	{"keys", "store.Keys", hasPower[store.Keys]},
	{"starter", "store.Starter", func(store.Store) bool { return true }}, // the handler starts for a store that cannot
	{"dumper", "store.Dumper", hasPower[store.Dumper]},
	{"restorer", "store.Restorer", hasPower[store.Restorer]},
	{"lister", "store.Lister", hasPower[store.Lister]},
	{"identity", "store.Identity", hasPower[store.Identity]},
	{"ids", "store.IDs", hasPower[store.IDs]},
	{"limiter", "store.Limiter", func(store.Store) bool { return true }}, // the defaults, for a store that does not say
	{"measurer", "store.Measurer", hasPower[store.Measurer]},
	{"checker", "store.Checker", hasPower[store.Checker]},
	{"eraser", "store.Eraser", hasPower[store.Eraser]},
}

func hasPower[T any](s store.Store) bool {
	_, ok := store.As[T](s)
	return ok
}

// limitsDocument is the answer of /v1/limits: the limits of the store, in bytes, those of requests, and what the store can do.
type limitsDocument struct {
	NameBytes     int      `json:"nameBytes"`
	EnvelopeBytes int      `json:"envelopeBytes"`
	EventBytes    int      `json:"eventBytes"`
	CommitBytes   int      `json:"commitBytes"`
	CommitEvents  int      `json:"commitEvents,omitempty"`
	BodyBytes     int64    `json:"bodyBytes"`
	QueryItems    int      `json:"queryItems"`
	QueryParts    int      `json:"queryParts"`
	Guards        int      `json:"guards"`
	DocumentBytes int64    `json:"documentBytes"`
	ReadItems     int      `json:"readItems"`
	ReadSeconds   float64  `json:"readSeconds"`
	Powers        []string `json:"powers"`
}

// limits says what the server takes, and what the store behind it can do for the caller.
func (h *Handler) limits(w http.ResponseWriter, r *http.Request, s store.Store) error {
	if err := noParameters(r); err != nil {
		return err
	}
	l := store.DefaultLimits()
	if p, ok := store.As[store.Limiter](s); ok {
		l = p.Limits()
	}
	doc := limitsDocument{
		NameBytes: l.NameBytes, EnvelopeBytes: l.EnvelopeBytes, EventBytes: l.EventBytes, CommitBytes: l.CommitBytes, CommitEvents: l.CommitEvents,
		BodyBytes: h.o.MaxBodyBytes, DocumentBytes: h.o.MaxDocumentBytes, QueryItems: h.o.MaxQueryItems, QueryParts: store.MaxQueryParts, Guards: store.MaxGuards,
		ReadItems: h.o.MaxItems, ReadSeconds: h.o.MaxReadTime.Seconds(), Powers: []string{},
	}
	for _, p := range remotePowers {
		if p.has(s) {
			doc.Powers = append(doc.Powers, p.name)
		}
	}
	return document(w, r, s, doc)
}
