package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
)

// schemas are those of the description that the server gives, to hold its answers against.
type schemas struct {
	components map[string]any // by name
	operations map[string]map[string]any
	routes     []httpapi.Route
}

func readSchemas(t *testing.T) *schemas {
	t.Helper()
	h := httpapi.New(httpapi.Options{})
	b, err := h.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]map[string]any `json:"paths"`
		Components struct {
			Schemas   map[string]any `json:"schemas"`
			Responses map[string]any `json:"responses"`
		} `json:"components"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	s := &schemas{components: doc.Components.Schemas, operations: map[string]map[string]any{}, routes: h.Routes()}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			name, _ := op["operationId"].(string)
			s.operations[name] = op
		}
	}
	return s
}

// check holds an answer against its schema, and returns the operation that it is of.
func (s *schemas) check(t *testing.T, resp *reply, body string) string {
	t.Helper()
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if resp.StatusCode != http.StatusOK {
		s.validate(t, map[string]any{"$ref": "#/components/schemas/Problem"}, body)
		return ""
	}
	for _, r := range s.routes {
		fixed, _, wild := strings.Cut(r.Path, "{")
		path := resp.Request.URL.EscapedPath()
		if r.Method != resp.Request.Method || path != r.Path && (!wild || !strings.HasPrefix(path, fixed)) {
			continue
		}
		op := s.operations[r.Name]
		content, ok := dig(op, "responses", "200", "content", media).(map[string]any)
		if !ok {
			t.Errorf("%s answers %s, which is not described", r.Name, media)
			return r.Name
		}
		switch media {
		case "application/x-ndjson":
			for line := range strings.Lines(body) {
				s.validate(t, content["schema"], line)
			}
		case "text/event-stream":
		default:
			s.validate(t, content["schema"], body)
		}
		return r.Name
	}
	t.Errorf("%s has no route", resp.Request.URL)
	return ""
}

func dig(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func (s *schemas) validate(t *testing.T, schema any, body string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Errorf("%s is not JSON: %v", body, err)
		return
	}
	if problem := s.problem(schema, v); problem != "" {
		t.Errorf("%s\n%s", body, problem)
	}
}

// problem says where a value is not as a schema has it. It knows the words that the description uses.
func (s *schemas) problem(schema, v any) string {
	sc, _ := schema.(map[string]any)
	if ref, ok := sc["$ref"].(string); ok {
		target, ok := s.components[strings.TrimPrefix(ref, "#/components/schemas/")]
		if !ok {
			return "there is no schema " + ref
		}
		return s.problem(target, v)
	}
	if options, ok := sc["anyOf"].([]any); ok {
		return s.any(options, v)
	}
	if enum, ok := sc["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Sprintf("%v is none of %v", v, enum)
	}
	if c, ok := sc["const"]; ok && c != v {
		return fmt.Sprintf("%v is not %v", v, c)
	}
	if problem := kindProblem(sc["type"], v); problem != "" {
		return problem
	}
	switch v := v.(type) {
	case map[string]any:
		return s.object(sc, v)
	case []any:
		for i, item := range v {
			if problem := s.problem(sc["items"], item); problem != "" {
				return fmt.Sprintf("item %d: %s", i, problem)
			}
		}
	case float64:
		if least, ok := sc["minimum"].(float64); ok && v < least {
			return fmt.Sprintf("%v is below %v", v, least)
		}
	case string:
		if pattern, ok := sc["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
			return fmt.Sprintf("%q is not as %s", v, pattern)
		}
	}
	return ""
}

func (s *schemas) any(options []any, v any) string {
	var all []string
	for _, option := range options {
		problem := s.problem(option, v)
		if problem == "" {
			return ""
		}
		all = append(all, problem)
	}
	return strings.Join(all, "; and ")
}

func (s *schemas) object(sc, v map[string]any) string {
	required, _ := sc["required"].([]any)
	for _, name := range required {
		if _, ok := v[fmt.Sprint(name)]; !ok {
			return fmt.Sprintf("%v is missing", name)
		}
	}
	properties, _ := sc["properties"].(map[string]any)
	for name, value := range v {
		of, known := properties[name]
		if !known {
			if sc["additionalProperties"] == false {
				return "there is no " + name
			}
			if of, known = sc["additionalProperties"].(map[string]any); !known {
				if len(properties) > 0 {
					return name + " is not described"
				}
				continue
			}
		}
		if problem := s.problem(of, value); problem != "" {
			return name + ": " + problem
		}
	}
	return ""
}

func kindProblem(want, v any) string {
	var kinds []any
	switch want := want.(type) {
	case string:
		kinds = []any{want}
	case []any:
		kinds = want
	default:
		return ""
	}
	for _, k := range kinds {
		ok := false
		switch v := v.(type) {
		case map[string]any:
			ok = k == "object"
		case []any:
			ok = k == "array"
		case string:
			ok = k == "string"
		case bool:
			ok = k == "boolean"
		case float64:
			ok = k == "number" || k == "integer" && v == float64(int64(v))
		}
		if ok {
			return ""
		}
	}
	return fmt.Sprintf("%v is not of the type %v", v, want)
}
