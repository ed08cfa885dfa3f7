package rawlimit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// scanBytes is how much a scan reads at once.
const scanBytes = 1 << 20

// Scanned says what a scan found.
type Scanned struct {
	Records int64
	Bytes   int64 // of the records, with their frames
}

// Scan reads files that a [Log] wrote from the front to the back, in large reads, and verifies length and checksum of
// each record. It ends a file at its end or at a record of length 0, which are the zeros that were filled ahead. Each
// record is shown to visit, unless that is nil; the data is valid during the call.
func Scan(fsys vfs.FS, names []string, visit func(data []byte) error) (Scanned, error) {
	s := scanner{buf: make([]byte, scanBytes), visit: visit}
	for _, name := range names {
		if err := s.scanFile(fsys, name); err != nil {
			return s.found, fmt.Errorf("scan %s: %w", name, err)
		}
	}
	return s.found, nil
}

// scanner has what one file leaves for the next: the buffer and the sums.
type scanner struct {
	buf   []byte
	visit func(data []byte) error
	found Scanned
}

// ErrChecksum is returned by [Scan] for a record whose bytes are not those that were written.
var ErrChecksum = errors.New("gesta: checksum of a raw record does not fit")

func (s *scanner) scanFile(fsys vfs.FS, name string) error {
	file, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	start := s.found.Bytes
	for held := 0; ; { // bytes at the front of buf that are read and not yet scanned
		at := s.found.Bytes - start + int64(held)
		n, err := file.ReadAt(s.buf[held:], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		whole := s.buf[:held+n]
		used, end, scanErr := s.records(whole)
		if scanErr != nil {
			return fmt.Errorf("at %d: %w", s.found.Bytes-start, scanErr)
		}
		held = copy(s.buf, whole[used:])
		switch {
		case end || err != nil && held == 0:
			return nil
		case err != nil:
			return fmt.Errorf("at %d: %w", s.found.Bytes-start, io.ErrUnexpectedEOF)
		case held == len(s.buf):
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
	}
}

// records scans the whole records at the front of buf. It returns how many bytes they have, and whether zeros follow.
func (s *scanner) records(buf []byte) (used int, end bool, err error) {
	for len(buf)-used >= FrameBytes {
		rest := buf[used:]
		length := int64(binary.LittleEndian.Uint32(rest))
		if length == 0 {
			return used, true, nil
		}
		if int64(len(rest)) < FrameBytes+length {
			break
		}
		data := rest[FrameBytes : FrameBytes+length]
		if crc32.Checksum(data, castagnoli) != binary.LittleEndian.Uint32(rest[4:]) {
			return used, false, ErrChecksum
		}
		if s.visit != nil {
			if err := s.visit(data); err != nil {
				return used, false, err
			}
		}
		used += FrameBytes + int(length)
		s.found.Records++
		s.found.Bytes += FrameBytes + length
	}
	return used, false, nil
}
