package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumLen = 4

// identity is the CRC32C of what a file is: every checksum in the file begins with it, so that a block of another file, or of
// another place in the same one, is never taken for the right one.
type identity uint32

func newIdentity(magic string, storeID [16]byte, start, end store.Position) identity {
	b := append([]byte(magic), storeID[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(start))
	b = binary.LittleEndian.AppendUint64(b, uint64(end))
	return identity(crc32.Checksum(b, castagnoli))
}

// sum returns the checksum of the block that is at offset: its CRC32C, begun with the identity and the offset. Equal blocks at
// two offsets below 4 GiB, or with two identities at one offset, never have the same; others do once in 2^32.
func (id identity) sum(offset int64, block []byte) uint32 {
	return crc32.Update(uint32(id)^uint32(offset)^uint32(offset>>32)*0x9e3779b1, castagnoli, block)
}

// blockFile is a file of blocks, each followed by its checksum.
type blockFile struct {
	file  vfs.File
	name  string // as errors have it
	id    identity
	first store.Position // the first of the range, for errors
	size  int64

	// mapped is the file in memory, nil where it is read with ReadAt. What is read of it is read inside [vfs.Guard]. Only the block files of
	// look-ups have it: those that read front to back, and those that check what is on the disk, go through the file.
	mapped []byte
}

// damaged returns the error for wrong bytes at offset.
func (b *blockFile) damaged(offset int64, format string, args ...any) error {
	return &store.DamagedError{File: b.name, Offset: offset, Position: b.first, Problem: fmt.Sprintf(format, args...)}
}

// read returns the block of n bytes at offset, in dst if that has the capacity. The offset and n may come from another block: they are
// checked against the size of the file before there is memory for them.
func (b *blockFile) read(dst []byte, offset int64, n int) ([]byte, error) {
	if offset < 0 || n < 0 || offset > b.size || int64(n) > b.size-offset-sumLen {
		return nil, b.damaged(offset, "a block of %d bytes lies outside the file", n)
	}
	if cap(dst) < n+sumLen {
		dst = make([]byte, n+sumLen, n+n/2+sumLen)
	}
	dst = dst[:n+sumLen]
	if err := readFull(b.file, dst, offset); err != nil {
		return nil, b.readError(offset, err)
	}
	return b.check(dst, offset)
}

// view is read for look-ups: the block is in the mapping if there is one, else in buffer, which grows as needed. It is valid as long as either, and
// never becomes a buffer itself.
func (b *blockFile) view(buffer *[]byte, offset int64, n int) ([]byte, error) {
	if b.mapped == nil {
		block, err := b.read(*buffer, offset, n)
		if err == nil {
			*buffer = block
		}
		return block, err
	}
	raw, err := b.inMapping(offset, n)
	if err != nil {
		return nil, err
	}
	return b.check(raw, offset)
}

// inMapping returns the block of n bytes at offset with its checksum, which is not compared.
func (b *blockFile) inMapping(offset int64, n int) ([]byte, error) {
	size := int64(len(b.mapped))
	if offset < 0 || n < 0 || offset > size || int64(n) > size-offset-sumLen {
		return nil, b.damaged(offset, "a block of %d bytes lies outside the file", n)
	}
	return b.mapped[offset : offset+int64(n)+sumLen : offset+int64(n)+sumLen], nil
}

// check returns the block that its checksum follows in raw.
func (b *blockFile) check(raw []byte, offset int64) ([]byte, error) {
	n := len(raw) - sumLen
	if got, want := b.id.sum(offset, raw[:n]), binary.LittleEndian.Uint32(raw[n:]); got != want {
		return nil, b.damaged(offset, "checksum %08x of a block of %d bytes, expected %08x", got, n, want)
	}
	return raw[:n], nil
}

func (b *blockFile) readError(offset int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return b.damaged(offset, "the file ends before its blocks do")
	}
	return fmt.Errorf("read %s at %d: %w", b.name, offset, err)
}

// readFull fills p. A file that ends before is an io.ErrUnexpectedEOF.
func readFull(f io.ReaderAt, p []byte, offset int64) error {
	n, err := f.ReadAt(p, offset)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}
