package rawlimit

import "sync"

// room divides the bytes of the files between the committer, which writes data, and the filler, which writes zeros.
//
// The files count as one line of places: place p is offset p % fileBytes of file p / fileBytes. The committer owns all
// places below written: it takes the next ones before it writes, and never lets go of them. The filler takes one piece
// at a time, above everything that the committer has taken, so zeros never meet data that is there. If the committer
// then comes to need places of the piece that is being filled it waits for that one write of zeros (not for the sync
// that follows the step); if it has gone beyond what is filled, the next piece begins where it stands.
type room struct {
	fileBytes, stepBytes int64

	mu      sync.Mutex
	change  sync.Cond // of everything below
	written int64     // the end of what the committer has taken; guarded by mu
	filled  int64     // the end of what the filler has taken; guarded by mu
	filling int64     // where the piece that is being filled starts, as long as busy; it ends at filled; guarded by mu
	busy    bool      // whether a piece is being filled; guarded by mu
	stopped bool      // whether the filler has to stop; guarded by mu
}

const (
	stepsAhead = 2         // how many steps the filler may be ahead of the committer
	pieceBytes = 256 << 10 // what the filler writes at once: the committer may have to wait for it
)

func newRoom(fileBytes, stepBytes int64) *room {
	r := &room{fileBytes: fileBytes, stepBytes: stepBytes}
	r.change.L = &r.mu
	return r
}

// take gives the committer the next n places that lie in one file, and returns once no zeros will be written to them. A
// group that is longer than a file has one of its own.
func (r *room) take(n int64) (file, offset int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.written
	if rest := r.fileBytes - at%r.fileBytes; n > rest && rest < r.fileBytes {
		at += rest
	}
	r.written = at + min(n, r.fileBytes)
	r.change.Broadcast()
	for r.busy && r.filling < r.written && at < r.filled {
		r.change.Wait()
	}
	return at / r.fileBytes, at % r.fileBytes
}

// piece is a range of places to fill, in one file; ends says that the step ends with it, so that the file is synced.
type piece struct {
	file, offset, n int64
	ends            bool
}

// fill gives the filler the next piece, once the committer has come near enough. It returns false when the filler has to stop.
func (r *room) fill() (piece, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		from := max(r.filled, r.written)
		stepEnd := (from/r.stepBytes + 1) * r.stepBytes
		switch {
		case r.stopped:
			return piece{}, false
		case stepEnd > r.written+stepsAhead*r.stepBytes:
			r.change.Wait()
			continue
		}
		n := min(pieceBytes, stepEnd-from)
		r.filling, r.filled, r.busy = from, from+n, true
		return piece{file: from / r.fileBytes, offset: from % r.fileBytes, n: n, ends: from+n == stepEnd}, true
	}
}

// wrote says that the zeros of the piece are written.
func (r *room) wrote() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = false
	r.change.Broadcast()
}

// stop ends the filler; start lets another begin.
func (r *room) stop() { r.setStopped(true) }

func (r *room) start() { r.setStopped(false) }

func (r *room) setStopped(stopped bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = stopped
	r.change.Broadcast()
}

// current returns the number of the file that the committer writes to.
func (r *room) current() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written / r.fileBytes
}
