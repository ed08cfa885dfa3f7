package server

import (
	"context"
	"mime"
	"net/http"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server/auth"
)

// ends returns the request such that it ends with the rights of who sent it, where it takes in one thing after the other, and with the server, where it does so as long as
// its sender likes: clients hold streams of appends open for what they will append. What was sent by then is finished and acknowledged. The caller calls done when it is answered.
func (s *Server) ends(name string, r *http.Request) (ended *http.Request, done func()) {
	if !streams(name, r) {
		return r, func() {}
	}
	watched, stop := auth.PrincipalOf(r.Context()).Watch(r.Context())
	if name != "append" || r.ContentLength >= 0 {
		return r.WithContext(watched), stop
	}
	ctx, cancel := context.WithCancel(watched)
	detach := context.AfterFunc(s.ending, cancel)
	return r.WithContext(ctx), func() { detach(); cancel(); stop() }
}

// streams says whether a request takes in one thing after the other.
func streams(name string, r *http.Request) bool {
	if name == "restore" {
		return true
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return name == "append" && (media == "application/x-ndjson" || media == httpapi.FramesType)
}
