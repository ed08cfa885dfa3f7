package server

import (
	"context"
	"mime"
	"net/http"

	"github.com/gestadb/gesta/httpapi"
)

// ends returns the request such that it ends with the server, where it is a stream that ends when its sender likes: clients hold streams of appends open for what
// they will append. What was sent by then is finished and acknowledged. The caller calls done when it is answered.
func (s *Server) ends(name string, r *http.Request) (ended *http.Request, done func()) {
	if name != "append" || r.ContentLength >= 0 {
		return r, func() {}
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "application/x-ndjson" && media != httpapi.FramesType {
		return r, func() {}
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(s.ending, cancel)
	return r.WithContext(ctx), func() { stop(); cancel() }
}
