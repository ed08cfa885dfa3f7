package source

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// runBuffer is the size of the buffer in front of each run, in bytes.
const runBuffer = 64 << 10

// runHeader is what stands before each payload: time, number, kind, length.
const runHeader = 8 + 8 + 1 + 4

// run is a temporary file of entries in order.
type run struct {
	file *os.File
	size int64
	out  *bufio.Writer // nil once it is finished
}

// createRun makes a file in dir. Where the system lets go of the name of an open file it is removed at once, so that
// nothing is left behind even by a process that is killed.
func createRun(dir string, n int) (*run, error) {
	name := filepath.Join(dir, fmt.Sprintf("%06d.run", n))
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(name) // where that is an error, the sorter removes it with its directory
	return &run{file: file, out: bufio.NewWriterSize(file, runBuffer)}, nil
}

func (r *run) add(e entry) error {
	if len(e.payload) > math.MaxUint32 {
		return fmt.Errorf("a row of %d bytes", len(e.payload))
	}
	var h [runHeader]byte
	binary.LittleEndian.PutUint64(h[0:], uint64(e.micros))
	binary.LittleEndian.PutUint64(h[8:], e.seq)
	h[16] = e.kind
	binary.LittleEndian.PutUint32(h[17:], uint32(len(e.payload)))
	r.size += int64(len(h) + len(e.payload))
	if _, err := r.out.Write(h[:]); err != nil {
		return err
	}
	_, err := r.out.Write(e.payload)
	return err
}

func (r *run) finish() error {
	err := r.out.Flush()
	r.out = nil
	return err
}

func (r *run) close() error { return r.file.Close() }

// open begins to read the run.
func (r *run) open() *cursor {
	return &cursor{in: bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.size), runBuffer)}
}

// cursor stands at an entry of a run.
type cursor struct {
	entry
	in  *bufio.Reader
	buf []byte
}

// next moves to the next entry and returns false after the last. The payload of the one before is overwritten.
func (c *cursor) next() (bool, error) {
	var h [runHeader]byte
	if _, err := io.ReadFull(c.in, h[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, err
	}
	c.micros = int64(binary.LittleEndian.Uint64(h[0:]))
	c.seq = binary.LittleEndian.Uint64(h[8:])
	c.kind = h[16]
	n := int(binary.LittleEndian.Uint32(h[17:]))
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	c.payload = c.buf[:n]
	if _, err := io.ReadFull(c.in, c.payload); err != nil {
		return false, fmt.Errorf("%w: %w", errRow, err)
	}
	return true, nil
}
