package flight

import "sync"

// Writer sends what is told of commits. Each piece is sent at once, and those that come while one is being sent go together: a slow reader costs no call a piece, and a
// fast one waits for nothing.
//
// Its methods may be called from any goroutine. A Writer that is not closed leaks its goroutine.
type Writer struct {
	send func([]byte) error
	most int
	gone chan struct{} // closed when the sender has ended

	mu     sync.Mutex // guards what follows
	some   sync.Cond  // any of it has changed
	buf    []byte
	busy   bool // the sender is sending
	err    error
	closed bool
}

// NewWriter returns a Writer to send, which is called on one goroutine until it returns an error, and does not keep what it is given. When more than most bytes wait
// for it, Add waits too.
func NewWriter(send func([]byte) error, most int) *Writer {
	w := &Writer{send: send, most: most, gone: make(chan struct{})}
	w.some.L = &w.mu
	go w.sendAll()
	return w
}

// Add queues what put appends. It returns the error with which sending has ended; then put is not called.
func (w *Writer) Add(put func(dst []byte) []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.buf) > w.most && w.err == nil {
		w.some.Wait()
	}
	if w.err == nil {
		w.buf = put(w.buf)
		w.some.Broadcast()
	}
	return w.err
}

// Err returns the error with which sending has ended.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Flush waits until everything is sent. It returns the error with which sending has ended.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for (len(w.buf) > 0 || w.busy) && w.err == nil {
		w.some.Wait()
	}
	return w.err
}

// Close sends what is left and ends. It returns the error with which sending has ended. Nothing is added after it.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.closed = true
	w.some.Broadcast()
	w.mu.Unlock()
	<-w.gone
	return w.Err()
}

func (w *Writer) sendAll() {
	defer close(w.gone)
	var out []byte
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.buf) == 0 && !w.closed {
			w.some.Wait()
		}
		if len(w.buf) == 0 {
			return
		}
		out, w.buf = w.buf, out[:0]
		w.busy = true
		w.some.Broadcast()
		w.mu.Unlock()
		err := w.send(out)
		w.mu.Lock()
		w.busy = false
		if err != nil {
			w.err, w.buf = err, nil
		}
		w.some.Broadcast()
		if err != nil {
			return
		}
	}
}
