package httpapi

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gestadb/gesta/store"
)

// FramesType is the media type of frames.
const FramesType = "application/vnd.gesta.frames"

// MaxFrameBytes bounds the payload of a frame: the largest commit, and what surrounds it.
const MaxFrameBytes = store.MaxCommitBytes + 16<<20

// magic begins a stream of frames: four letters and the version of the form.
const magic = "GSTF\x01"

// frameKind says what a frame holds.
type frameKind byte

// The kinds of frames; the package doc draws them.
const (
	frameBegin frameKind = iota + 1
	frameEvents
	frameProgress
	frameHeartbeat
	frameEnd
	frameError
	frameCommit
	frameResult
	frameRecorded
	frameStream
	frameType
	frameAbort
)

const frameHeaderBytes = 5

// beginFrame appends the header of a frame whose length endFrame fills in.
func beginFrame(dst []byte, kind frameKind) []byte {
	return append(dst, byte(kind), 0, 0, 0, 0)
}

// endFrame fills in the length of the frame that begins at start and goes to the end of dst.
func endFrame(dst []byte, start int) []byte {
	binary.LittleEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-frameHeaderBytes))
	return dst
}

// kept says whether what is decoded from a frame shares its memory.
func (k frameKind) kept() bool { return k == frameEvents || k == frameCommit || k == frameRecorded }

// errCut says that a stream of frames ended without the frame that ends it.
var errCut = errors.New("the answer was cut off")

// frameReader reads a stream of frames.
type frameReader struct {
	r       *bufio.Reader
	most    int        // bytes of a payload
	long    *gathering // counts payloads as held until the next call; nil does not
	begun   bool
	header  [frameHeaderBytes]byte
	scratch [64]byte
}

func newFrameReader(r io.Reader, size int) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, size), most: MaxFrameBytes}
}

// newFrames returns what reads the frames of a request, and counts them.
func (h *Handler) newFrames(r io.Reader, body *bodyReader) *frameReader {
	f := newFrameReader(r, lineBuffer)
	f.most = int(min(h.o.MaxBodyBytes, MaxFrameBytes))
	f.long = &gathering{hold: hold{of: &h.held, body: body}}
	return f
}

// hand leaves what is held of the last payload to the caller.
func (f *frameReader) hand() int64 { return f.long.drop() }

// close gives back what is held.
func (f *frameReader) close() {
	if f.long != nil {
		f.long.free()
	}
}

// next returns the next frame: [io.EOF] between two of them, [io.ErrUnexpectedEOF] within one. The payload of a frame with events is the
// caller's, any other's is valid until the next call. A payload for which there is no room is passed over: the error is a rateLimited one.
func (f *frameReader) next() (frameKind, []byte, error) {
	f.close()
	if err := f.begin(); err != nil {
		return 0, nil, err
	}
	if _, err := io.ReadFull(f.r, f.header[:]); err != nil {
		return 0, nil, err
	}
	kind, n := frameKind(f.header[0]), int(binary.LittleEndian.Uint32(f.header[1:]))
	if n > f.most {
		return 0, nil, &store.TooLargeError{What: "frame", Unit: "bytes", Got: n, Max: f.most}
	}
	payload, err := f.payload(kind, n)
	return kind, payload, err
}

// begin reads what comes before the first frame, once: [io.EOF] where there is nothing.
func (f *frameReader) begin() error {
	if f.begun {
		return nil
	}
	var m [len(magic)]byte
	if _, err := io.ReadFull(f.r, m[:]); err != nil {
		return err
	}
	if string(m[:]) != magic {
		return &store.InvalidError{Problem: fmt.Sprintf("frames begin with %q, not with %q", m[:], magic)}
	}
	f.begun = true
	return nil
}

// slice is how much is read of a large payload before more memory is taken for it: what a header claims costs nothing.
const slice = 1 << 20

func (f *frameReader) payload(kind frameKind, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	var p []byte
	switch {
	case n > len(f.scratch) && f.long != nil:
		return f.gather(n)
	case n <= len(f.scratch) && !kind.kept():
		p = f.scratch[:n]
	case n <= slice:
		p = make([]byte, n)
	default:
		return f.large(n)
	}
	if _, err := io.ReadFull(f.r, p); err != nil {
		return nil, unexpected(err)
	}
	return p, nil
}

// gather reads a payload that counts as held as it comes.
func (f *frameReader) gather(n int) ([]byte, error) {
	f.long.most = int64(n)
	for int(f.long.got) < n {
		left := n - int(f.long.got)
		to, refused := f.long.room(int64(left))
		if refused != nil {
			f.close()
			if _, err := f.r.Discard(left); err != nil {
				return nil, unexpected(err)
			}
			return nil, refused
		}
		read, err := io.ReadFull(f.r, to)
		if f.long.filled(read); err != nil {
			return nil, unexpected(err)
		}
	}
	return f.long.join(), nil
}

func (f *frameReader) large(n int) ([]byte, error) {
	var p []byte
	for len(p) < n {
		at, more := len(p), min(n-len(p), max(slice, len(p)))
		grown := make([]byte, at+more)
		copy(grown, p)
		if _, err := io.ReadFull(f.r, grown[at:]); err != nil {
			return nil, unexpected(err)
		}
		p = grown
	}
	return p, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// progress is how far a read is.
type progress struct {
	position store.Position
	live     bool
}

func appendProgress(dst []byte, p progress) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(beginFrame(dst, frameProgress), uint64(p.position))
	return endFrame(appendFlag(dst, p.live), start)
}

func decodeProgress(b []byte) (p progress, err error) {
	d := decoder{b: b}
	p.position, p.live = d.position(), d.flag()
	return p, d.end()
}

// beginning is what a stream of events says before them.
type beginning struct {
	store string         // the id of the store
	until store.Position // where a read that does not follow ends; 0 where it follows, or where there is nothing to read
}

func appendBeginning(dst []byte, b *beginning) []byte {
	start := len(dst)
	dst = appendText(beginFrame(dst, frameBegin), b.store)
	return endFrame(binary.AppendUvarint(dst, uint64(b.until)), start)
}

func decodeBeginning(b []byte) (out beginning, err error) {
	d := decoder{b: b}
	out.store, out.until = d.text(), d.position()
	return out, d.end()
}

// appendEnd appends the frame that ends a stream: how many things it had.
func appendEnd(dst []byte, count uint64) []byte {
	start := len(dst)
	return endFrame(binary.AppendUvarint(beginFrame(dst, frameEnd), count), start)
}

func decodeEnd(b []byte) (uint64, error) {
	d := decoder{b: b}
	n := d.uvarint()
	return n, d.end()
}

// appendEmptyFrame appends a frame without a payload.
func appendEmptyFrame(dst []byte, kind frameKind) []byte { return beginFrame(dst, kind) }

// onlyFrame returns the payload of a stream that consists of one frame of a kind.
func onlyFrame(b []byte, kind frameKind) ([]byte, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("frames do not begin with %q", magic)}
	}
	if len(rest) < frameHeaderBytes || frameKind(rest[0]) != kind ||
		uint64(len(rest)-frameHeaderBytes) != uint64(binary.LittleEndian.Uint32(rest[1:])) {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("the body is not one frame of the kind %d", kind)}
	}
	return rest[frameHeaderBytes:], nil
}
