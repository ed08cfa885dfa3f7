package httpapi

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/store"
)

// Right is what a caller needs to be granted for a route. The package does not judge it: the store that [Options].Store returns
// does.
type Right string

// The rights, each of which includes those before it.
const (
	RightNone    Right = "none" // whoever reaches the server: the store is not asked for, and Handle gets nil
	RightRead    Right = "read"
	RightAppend  Right = "append"
	RightOperate Right = "operate"
	RightAdmin   Right = "admin"
)

// Route is a method and a path with what answers it.
type Route struct {
	Method string

	// Path is matched as a whole. Its last segment may be a {name}: any one segment, which the request then has as its PathValue of
	// that name, escapes resolved.
	Path string

	// Name names the operation in the description that is served at /v1/openapi.json.
	Name string

	// Describe is the operation object that describes the route there, in JSON; operationId and x-gesta-right are added. The package's
	// own routes leave it out.
	Describe jsontext.Value

	// Needs is the right without which every answer is denied; what a right leaves to be seen is for the store to say.
	Needs Right

	// Handle answers. An error that it returns is written as [WriteError] does, unless the answer has begun: then the connection is cut.
	Handle func(w http.ResponseWriter, r *http.Request, s store.Store) error
}

// table is the one table of routes.
func (h *Handler) table() []Route {
	route := func(method, path, name string, needs Right, handle func(http.ResponseWriter, *http.Request, store.Store) error) Route {
		return Route{Method: method, Path: path, Name: name, Needs: needs, Handle: handle}
	}
	return []Route{
		route(http.MethodPost, "/v1/append", "append", RightAppend, h.append),
		route(http.MethodPost, "/v1/read", "read", RightRead, h.read),
		route(http.MethodGet, "/v1/read", "readByGet", RightRead, h.read),
		route(http.MethodGet, "/v1/head", "head", RightRead, h.head),
		route(http.MethodGet, "/v1/stats", "stats", RightRead, h.stats),
		route(http.MethodGet, "/v1/types", "types", RightRead, h.types),
		route(http.MethodGet, "/v1/streams", "streams", RightRead, h.streams),
		route(http.MethodGet, "/v1/tracking/{source}", "tracking", RightRead, h.tracking),
		route(http.MethodGet, "/v1/keys/{key}", "key", RightRead, h.key),
		route(http.MethodGet, "/v1/ids/{id}", "id", RightRead, h.id),
		route(http.MethodGet, "/v1/limits", "limits", RightRead, h.limits),
		route(http.MethodGet, "/v1/check", "check", RightOperate, h.check),
		route(http.MethodPost, "/v1/check", "repair", RightOperate, h.repair),
		route(http.MethodPost, "/v1/erase", "erase", RightOperate, h.erase),
		route(http.MethodGet, "/v1/export", "export", RightAdmin, h.export),
		route(http.MethodPost, "/v1/restore", "restore", RightAdmin, h.restore),
		route(http.MethodGet, "/read", "dcbRead", RightRead, h.dcbRead),
		route(http.MethodPost, "/append", "dcbAppend", RightAppend, h.dcbAppend),
		route(http.MethodGet, "/v1/openapi.json", "openapi", RightNone, h.openapi),
	}
}

// match finds the route of a request, and the methods that its path has.
func (h *Handler) match(r *http.Request) (found *Route, methods []string) {
	path := r.URL.EscapedPath()
	for i := range h.routes {
		route := &h.routes[i]
		name, value, ok := cutPath(route.Path, path)
		if !ok {
			continue
		}
		methods = append(methods, route.Method)
		if route.Method != r.Method || found != nil {
			continue
		}
		found = route
		if name != "" {
			r.SetPathValue(name, value)
		}
	}
	return found, methods
}

// cutPath matches a path with a pattern, and returns the name and value of its last segment where that has one.
func cutPath(pattern, path string) (name, value string, ok bool) {
	fixed, name, ok := strings.Cut(pattern, "{")
	if !ok {
		return "", "", pattern == path
	}
	segment, ok := strings.CutPrefix(path, fixed)
	if !ok || segment == "" || strings.Contains(segment, "/") {
		return "", "", false
	}
	value, err := unescape(segment)
	return strings.TrimSuffix(name, "}"), value, err == nil
}
