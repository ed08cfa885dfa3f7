package httpapi

import (
	"slices"
	"strconv"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// newForm returns the form of a stream by its media type.
func newForm(media string) form {
	switch media {
	case FramesType:
		return &frameForm{}
	case streamType:
		return &lineForm{sse: true}
	}
	return &lineForm{}
}

// frameForm tells in frames.
type frameForm struct{}

func (*frameForm) begin(p *piece, rd *reading) {
	b := beginning{store: storeID(rd.s)}
	if !rd.req.o.Follow {
		b.until = rd.req.o.Until
	}
	p.out = appendBeginning(append(p.out, magic...), &b)
}

func (f *frameForm) event(p *piece, r *store.Recorded) {
	p.batch.add(r)
	if p.batch.size() >= pieceBytes {
		f.seal(p)
	}
}

func (*frameForm) seal(p *piece) {
	if p.batch.n == 0 {
		return
	}
	start := len(p.out)
	p.out = endFrame(p.batch.appendTo(beginFrame(p.out, frameEvents)), start)
	p.batch.reset()
}

func (f *frameForm) progress(p *piece, at progress) {
	f.seal(p)
	p.out = appendProgress(p.out, at)
}

func (f *frameForm) heartbeat(p *piece, _ store.Position) {
	f.seal(p)
	p.out = appendEmptyFrame(p.out, frameHeartbeat)
}

func (f *frameForm) end(p *piece, _, _ store.Position, events uint64) {
	f.seal(p)
	p.out = appendEnd(p.out, events)
}

func (f *frameForm) fail(p *piece, err error) {
	f.seal(p)
	p.out = appendErrorFrame(p.out, bounded(err))
}

// lineForm tells in JSON: lines, or server-sent events.
type lineForm struct {
	sse    bool
	rd     *reading
	follow bool
	told   store.Position // the last position that the reader knows is scanned
	live   bool           // it knows that it has caught up
}

func (f *lineForm) begin(_ *piece, rd *reading) {
	f.rd, f.follow, f.told = rd, rd.req.o.Follow, rd.reached(rd.req.o.After)
}

func (f *lineForm) event(p *piece, r *store.Recorded) {
	if n := store.EventBytes(&r.Event); n > pieceBytes {
		p.out = slices.Grow(p.out, n) // at once, for one that is large
	}
	p.out = f.open(p.out, "event")
	p.out = f.close(eventjson.AppendEvent(p.out, r), r.Position)
	f.told = r.Position
}

func (f *lineForm) progress(p *piece, at progress) {
	if !f.follow {
		return
	}
	at.position = f.rd.reached(at.position)
	if at.live && !f.live {
		f.told = max(f.told, at.position)
		p.out = appendPosition(append(f.open(p.out, "caughtUp"), `{"caughtUp":{"position":`...), at.position)
		p.out = f.close(append(p.out, '}', '}'), f.told)
	}
	f.live = at.live
}

func (f *lineForm) owes(scanned store.Position) bool { return scanned > f.told }

func (f *lineForm) heartbeat(p *piece, scanned store.Position) {
	f.told = max(f.told, scanned)
	p.out = appendPosition(append(f.open(p.out, "heartbeat"), `{"heartbeat":{"scanned":`...), f.told)
	p.out = f.close(append(p.out, '}', '}'), f.told)
}

func (f *lineForm) end(p *piece, head, scanned store.Position, _ uint64) {
	p.out = appendPosition(append(f.open(p.out, "end"), `{"end":{"head":`...), head)
	p.out = appendPosition(append(p.out, `,"scanned":`...), scanned)
	p.out = f.close(append(p.out, '}', '}'), 0)
}

func (f *lineForm) fail(p *piece, err error) {
	failed := eventjson.Describe(bounded(err))
	p.out = eventjson.AppendError(append(f.open(p.out, "error"), `{"error":`...), &failed)
	p.out = f.close(append(p.out, '}'), 0)
}

func (*lineForm) seal(*piece) {}

// open begins an object, of a name where the form has names.
func (f *lineForm) open(dst []byte, name string) []byte {
	if !f.sse {
		return dst
	}
	return append(append(append(dst, "event: "...), name...), "\ndata: "...)
}

// close ends an object; id is where a reader goes on after it, 0 for none.
func (f *lineForm) close(dst []byte, id store.Position) []byte {
	dst = append(dst, '\n')
	if !f.sse {
		return dst
	}
	if id != 0 {
		dst = append(appendPosition(append(dst, "id: "...), id), '\n')
	}
	return append(dst, '\n')
}

func appendPosition(dst []byte, p store.Position) []byte {
	return strconv.AppendUint(dst, uint64(p), 10)
}
