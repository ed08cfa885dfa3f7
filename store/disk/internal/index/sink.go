package index

import (
	"encoding/binary"
	"fmt"

	"github.com/gestadb/gesta/store/disk/vfs"
)

const (
	// sinkLen is how many bytes a sink gathers before it writes.
	sinkLen = 128 << 10

	// syncLen is after how many bytes a sink syncs what it has written. A large merge would otherwise leave much to the file system at once, behind which
	// the syncs of the log wait.
	syncLen = 4 << 20
)

// sink writes a section of a file from front to back. Errors stick: the first is returned by finish.
type sink struct {
	file    vfs.File
	id      identity
	written int64 // where the buffer goes
	synced  int64 // up to where the file was synced, or where the section begins
	buffer  []byte
	err     error
}

func newSink(file vfs.File, id identity, offset int64, size int) *sink {
	return &sink{file: file, id: id, written: offset, synced: offset, buffer: make([]byte, 0, size)}
}

// offset returns where the next byte goes.
func (s *sink) offset() int64 { return s.written + int64(len(s.buffer)) }

// block appends a block and its checksum, and returns its offset.
func (s *sink) block(b []byte) int64 {
	at := s.offset()
	if len(s.buffer)+len(b)+sumLen > cap(s.buffer) {
		s.flush()
	}
	s.buffer = append(s.buffer, b...)
	s.buffer = binary.LittleEndian.AppendUint32(s.buffer, s.id.sum(at, b))
	return at
}

func (s *sink) flush() {
	if s.err == nil && len(s.buffer) > 0 {
		if _, err := s.file.WriteAt(s.buffer, s.written); err != nil {
			s.err = fmt.Errorf("write at %d: %w", s.written, err)
		}
	}
	s.written += int64(len(s.buffer))
	s.buffer = s.buffer[:0]
	if s.err == nil && s.written-s.synced >= syncLen {
		s.synced = s.written
		if err := s.file.Sync(); err != nil {
			s.err = fmt.Errorf("sync at %d: %w", s.written, err)
		}
	}
}

// finish writes what is left.
func (s *sink) finish() error {
	s.flush()
	return s.err
}
