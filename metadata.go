package gesta

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/gestadb/gesta/store"
)

// metadata is what is said about the events of one commit.
type metadata struct {
	actor, correlation, causation string
	more                          map[string]any
}

// metadataKey is the key of metadata in a context.
type metadataKey struct{}

func fromContext(ctx context.Context) metadata {
	m, _ := ctx.Value(metadataKey{}).(metadata)
	return m
}

// WithActor returns a context in which events are recorded as caused by actor: a person, or a program.
func WithActor(ctx context.Context, actor string) context.Context {
	m := fromContext(ctx)
	m.actor = actor
	return context.WithValue(ctx, metadataKey{}, m)
}

// WithCorrelation returns a context in which events are recorded as part of a story: a request, an order, an incident.
func WithCorrelation(ctx context.Context, id string) context.Context {
	m := fromContext(ctx)
	m.correlation = id
	return context.WithValue(ctx, metadataKey{}, m)
}

// WithCause returns a context in which events are recorded as caused by one that happened before, and as part of the same story: that of the event, or else the event
// itself.
func WithCause[E any](ctx context.Context, cause Event[E]) context.Context {
	m := fromContext(ctx)
	m.causedBy(cause.ID, cause.CorrelationID())
	return context.WithValue(ctx, metadataKey{}, m)
}

// causedBy sets cause and story. An event without an id causes nothing that could be looked up.
func (m *metadata) causedBy(id, correlation string) {
	m.causation = id
	if story := cmp.Or(correlation, id); story != "" {
		m.correlation = story
	}
}

// reserved are the members of metadata that have options of their own, or belong to gesta.
var reserved = map[string]bool{
	"actor": true, "correlationId": true, "causationId": true, "import": true, "$correlationId": true, "$causationId": true,
}

// json returns the metadata as a JSON object, with more members, nil for none. Members are sorted.
func (m *metadata) json(more map[string]any) ([]byte, error) {
	if m.actor == "" && m.correlation == "" && m.causation == "" && len(m.more) == 0 && len(more) == 0 {
		return nil, nil
	}
	members := make(map[string]any, 3+len(m.more)+len(more))
	for _, of := range []map[string]any{m.more, more} {
		for name := range of {
			if reserved[name] {
				return nil, fmt.Errorf("%w: metadata %q is set by an option of its own", store.ErrInvalid, name)
			}
		}
		maps.Copy(members, of)
	}
	for name, text := range map[string]string{"actor": m.actor, "correlationId": m.correlation, "causationId": m.causation} {
		if text != "" {
			members[name] = text
		}
	}
	b, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return b, nil
}
