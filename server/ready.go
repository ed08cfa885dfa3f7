package server

import (
	"net/http"
	"sync/atomic"
)

// readiness says whether requests are taken. It is used by several goroutines at once.
type readiness struct{ now atomic.Bool }

func (r *readiness) set(ready bool) { r.now.Store(ready) }

// alive answers /healthz: the process answers.
func alive(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, `{"ok":true}`) }

// ServeHTTP answers /readyz: 200 while requests are taken, 503 while the server begins or ends.
func (r *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if r.now.Load() {
		say(w, http.StatusOK, `{"ready":true}`)
		return
	}
	say(w, http.StatusServiceUnavailable, `{"ready":false}`)
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
