package httpapi

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/store"
)

// openapiParts are the parts of the description that the table of routes does not know: the operations by their names, and the
// schemas.
//
//go:embed openapi.json
var openapiParts []byte

// OpenAPI returns the description of all routes in OpenAPI 3.1.
func (h *Handler) OpenAPI() ([]byte, error) {
	var parts struct {
		Components jsontext.Value            `json:"components"`
		Operations map[string]jsontext.Value `json:"operations"`
	}
	if err := json.Unmarshal(openapiParts, &parts); err != nil {
		return nil, fmt.Errorf("read the parts of the description: %w", err)
	}
	paths := map[string]map[string]jsontext.Value{}
	for _, route := range h.routes {
		op := route.Describe
		if op == nil {
			op = parts.Operations[route.Name]
		}
		if op == nil {
			op = jsontext.Value(`{"responses":{"200":{"description":"The answer."}}}`)
		}
		described, err := describeOperation(op, &route)
		if err != nil {
			return nil, err
		}
		if paths[route.Path] == nil {
			paths[route.Path] = map[string]jsontext.Value{}
		}
		paths[route.Path][strings.ToLower(route.Method)] = described
	}
	doc, err := json.Marshal(struct {
		OpenAPI    string                               `json:"openapi"`
		Info       map[string]string                    `json:"info"`
		Security   []map[string][]string                `json:"security"`
		Paths      map[string]map[string]jsontext.Value `json:"paths"`
		Components jsontext.Value                       `json:"components"`
	}{
		OpenAPI: "3.1.0",
		Info: map[string]string{
			"title": "gesta", "version": "1", "description": "An event store over HTTP. It only grows: members may be added, none is renamed or removed.",
		},
		Security: []map[string][]string{{}, {"bearer": {}}}, Paths: paths, Components: parts.Components,
	}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write the description: %w", err)
	}
	return doc, nil
}

// describeOperation adds to an operation what the table knows of it.
func describeOperation(op jsontext.Value, route *Route) (jsontext.Value, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(op, &members); err != nil {
		return nil, fmt.Errorf("read the description of %s: %w", route.Name, err)
	}
	for name, value := range map[string]string{"operationId": route.Name, "x-gesta-right": string(route.Needs)} {
		b, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write the description of %s: %w", route.Name, err)
		}
		members[name] = b
	}
	return json.Marshal(members, json.Deterministic(true))
}

// openapi answers with the description.
func (h *Handler) openapi(w http.ResponseWriter, _ *http.Request, _ store.Store) error {
	doc, err := h.description()
	if err != nil {
		return err
	}
	return writeJSON(w, slices.Clip(doc)) // it is the same for all
}
