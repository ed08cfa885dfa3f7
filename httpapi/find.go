package httpapi

import "net/http"

// Route returns the route that answers a request, and false where none does. It is for those who name requests, in logs and metrics, before they are answered.
func (h *Handler) Route(r *http.Request) (Route, bool) {
	found, _ := h.match(r)
	if found == nil {
		return Route{}, false
	}
	return *found, true
}
