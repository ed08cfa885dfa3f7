package httpapi

import (
	"net/http"
	"time"
)

// outlet writes pieces of an answer, each of which the reader must take within a time: a slow one holds nothing but its own
// connection, and a stuck one not for ever.
type outlet struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	timeout time.Duration
}

func (h *Handler) newOutlet(w http.ResponseWriter) *outlet {
	return &outlet{w: w, rc: http.NewResponseController(w), timeout: h.o.WriteTimeout}
}

// send writes b, and everything that was written before, to the connection.
func (o *outlet) send(b []byte) error {
	_ = o.rc.SetWriteDeadline(now().Add(o.timeout)) // what cannot set it is a test without a connection
	if _, err := o.w.Write(b); err != nil {
		return err
	}
	return o.rc.Flush()
}
