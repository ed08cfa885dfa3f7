package segment

import (
	"errors"
	"fmt"
	"io"
)

// Walker reads the frames of one segment in order. It is used by one goroutine.
type Walker struct {
	file io.ReaderAt
	id   StoreID
	at   Place
	end  int64 // offset that it does not read beyond
	step int   // bytes read at once
	keep bool  // never reuse a buffer

	buf  []byte
	from int64 // offset of buf[0]
}

// NewWalker walks the frames of a segment's file from a place on, up to the offset end, reading about step bytes at once.
func NewWalker(file io.ReaderAt, id StoreID, from Place, end int64, step int) *Walker {
	return &Walker{file: file, id: id, at: from, end: end, step: max(step, 4096), from: int64(from.Offset())}
}

// KeepBodies lets the bodies of all frames stay valid, in memory that the walker does not use again.
func (w *Walker) KeepBodies() { w.keep = true }

// At returns the place of the next frame.
func (w *Walker) At() Place { return w.at }

// Next returns the next frame, whose body is valid until the next call, unless KeepBodies was called; its header is verified, its
// body is not. At end it returns io.EOF; for bytes that are no frame an error that is [ErrBad]; else an error of the file.
func (w *Walker) Next() (Frame, error) {
	off := int64(w.at.Offset())
	if off >= w.end {
		return Frame{}, io.EOF
	}
	b, err := w.window(off, FrameHeaderSize)
	if err != nil {
		return Frame{}, err
	}
	h, err := DecodeFrameHeader(b, &w.id, w.at)
	if err != nil {
		return Frame{}, err
	}
	if b, err = w.window(off, h.Size()); err != nil {
		return Frame{}, err
	}
	f := Frame{FrameHeader: h, At: w.at, Body: b[FrameHeaderSize : FrameHeaderSize+int(h.BodyLen)]}
	for _, pad := range b[FrameHeaderSize+int(h.BodyLen) : h.Size()] {
		if pad != 0 {
			return Frame{}, badf("padding of a frame is not zero")
		}
	}
	w.at += Place(h.Size())
	return f, nil
}

// window returns n bytes from offset off on.
func (w *Walker) window(off int64, n int) ([]byte, error) {
	if off+int64(n) > w.end {
		return nil, badf("frame is cut off")
	}
	if have := w.from + int64(len(w.buf)); off < w.from || off+int64(n) > have {
		if err := w.fill(off, n); err != nil {
			return nil, err
		}
	}
	i := int(off - w.from)
	return w.buf[i : i+n], nil
}

func (w *Walker) fill(off int64, n int) error {
	size := int(min(int64(max(n, w.step)), w.end-off))
	if w.keep || cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	w.buf, w.from = w.buf[:size], off
	got, err := w.file.ReadAt(w.buf, off)
	if got == size {
		return nil
	}
	w.buf = w.buf[:got]
	if errors.Is(err, io.EOF) {
		if got >= n {
			return nil
		}
		return badf("frame is cut off")
	}
	return fmt.Errorf("read segment: %w", err)
}
