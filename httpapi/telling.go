package httpapi

import (
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
)

// form is how a stream of events looks. Each method appends; none keeps memory of a record.
type form interface {
	begin(p *piece, rd *reading)
	event(p *piece, r *store.Recorded)
	progress(p *piece, at progress)
	heartbeat(p *piece, scanned store.Position)
	end(p *piece, head, scanned store.Position, events uint64)
	fail(p *piece, err error)
	seal(p *piece) // puts what is collected into out
}

// piece is what of an answer is not sent yet.
type piece struct {
	out   []byte
	batch batch
}

func (p *piece) size() int { return len(p.out) + p.batch.size() }

// pieceBytes is how large a piece of an answer gets before it is sent: large enough that the cost of sending is small beside it, small enough for
// a reader to keep one event of it without keeping much.
const pieceBytes = 64 << 10

// pieces are those of answers that have something to send: one that waits holds none.
var pieces = sync.Pool{New: func() any { return new(piece) }}

// telling writes a stream of events. What is read is collected and sent when it is enough, when the read waits, and at every tick.
type telling struct {
	rd   *reading
	form form
	o    *outlet

	mu       sync.Mutex // guards what follows
	p        *piece     // nil while there is nothing to send
	events   uint64
	scanned  store.Position
	at       store.Position // how far the read came
	err      error
	ended    bool
	lastSent time.Time
	timer    *time.Timer
	silence  time.Duration
}

func newTelling(rd *reading, f form, o *outlet) *telling {
	return &telling{rd: rd, form: f, o: o}
}

// piece returns where to append. The caller holds mu.
func (t *telling) piece() *piece {
	if t.p == nil {
		t.p, _ = pieces.Get().(*piece)
	}
	return t.p
}

func (t *telling) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.form.begin(t.piece(), t.rd)
}

// event tells of an event; false is for a reader that is gone.
func (t *telling) event(r *store.Recorded) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.piece()
	t.form.event(p, r)
	t.events++
	t.scanned = r.Position
	if p.size() >= pieceBytes {
		t.send()
	}
	return t.err == nil, nil
}

// progress tells how far the read is. At the head it waits, so that what is collected is sent.
func (t *telling) progress(p store.Position, live bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p < t.at {
		return // the read began anew further back
	}
	t.at = p
	t.scanned = max(t.scanned, t.rd.reached(p))
	t.form.progress(t.piece(), progress{p, live})
	if live && t.rd.req.o.Follow || t.p.size() >= pieceBytes {
		t.send()
	}
}

// send sends what is collected. The caller holds mu.
func (t *telling) send() {
	if t.p == nil {
		return
	}
	p := t.p
	t.form.seal(p)
	if len(p.out) > 0 && t.err == nil {
		t.err = t.o.send(p.out)
		t.lastSent = now()
	}
	if p.out = p.out[:0]; cap(p.out) <= slice && cap(p.batch.body) <= slice {
		pieces.Put(p)
	}
	t.p = nil
}

// pulse looks after the stream until it ends: nothing waits long, and silence is broken.
func (t *telling) pulse(silence time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.silence, t.lastSent = silence, now()
	t.send() // that it began
	t.timer = time.AfterFunc(min(tick, silence), t.beat)
}

func (t *telling) beat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || t.err != nil {
		return
	}
	if lines, ok := t.form.(behindhand); ok && lines.owes(t.scanned) || now().Sub(t.lastSent) >= t.silence {
		t.form.heartbeat(t.piece(), t.scanned)
	}
	t.send()
	t.timer.Reset(min(tick, t.silence))
}

// behindhand is a form that does not tell of all progress at once.
type behindhand interface {
	owes(scanned store.Position) bool
}

// end ends the stream with what became of the read, and returns the error of sending.
func (t *telling) end(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	if t.timer != nil {
		t.timer.Stop()
	}
	p := t.piece()
	if err != nil {
		t.form.fail(p, err)
	} else {
		if o := &t.rd.req.o; t.events == 0 || o.Limit == 0 || t.events < uint64(o.Limit) {
			t.scanned = t.bound()
		}
		t.form.end(p, max(t.rd.head, t.scanned), t.scanned, t.events)
	}
	t.send()
	return t.err
}

// reached is the position that a reader is told who was said that p is scanned: one who begins beyond the head is not there before events are.
func (rd *reading) reached(p store.Position) store.Position {
	if after := rd.req.o.After; after > rd.head && p <= after {
		return rd.head
	}
	return p
}

// bound is where a read that was not cut short by its limit has scanned to.
func (t *telling) bound() store.Position {
	if t.rd.req.o.Backward {
		return t.rd.reached(t.rd.req.o.After)
	}
	return max(t.scanned, t.rd.req.o.Until)
}
