package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

const (
	headMagic = "gestahed"
	headSize  = 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errTornHead says that log/head does not have the checksum that it says; a writer may be at it.
var errTornHead = errors.New("log/head is not valid")

// encodeHead puts the record of log/head into b.
func encodeHead(b *[headSize]byte, e *index.End) {
	le := binary.LittleEndian
	clear(b[:])
	copy(b[:], headMagic)
	le.PutUint16(b[8:], formatVersion)
	le.PutUint64(b[16:], uint64(e.Position))
	le.PutUint64(b[24:], uint64(e.Last))
	le.PutUint64(b[32:], uint64(e.Next))
	le.PutUint32(b[40:], e.Checksum)
	le.PutUint64(b[44:], uint64(e.RecordedAt))
	le.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
}

func decodeHead(b []byte) (index.End, error) {
	var e index.End
	if len(b) != headSize || string(b[:8]) != headMagic {
		return e, errTornHead
	}
	le := binary.LittleEndian
	if le.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli) {
		return e, errTornHead
	}
	if v, f := le.Uint16(b[8:]), le.Uint16(b[10:]); v > formatVersion || f != 0 {
		return e, fmt.Errorf("read log/head: %w", &segment.NewerError{Version: v, Flags: f})
	}
	return index.End{
		Position: store.Position(le.Uint64(b[16:])),
		Last:     index.Place(le.Uint64(b[24:])), Next: index.Place(le.Uint64(b[32:])),
		Checksum: le.Uint32(b[40:]), RecordedAt: int64(le.Uint64(b[44:])),
	}, nil
}

// readHead reads log/head, again while a writer is at it.
func readHead(f vfs.File) (index.End, error) {
	var b [headSize]byte
	var err error
	for range 100 {
		var n int
		n, err = f.ReadAt(b[:], 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return index.End{}, fmt.Errorf("read log/head: %w", err)
		}
		var e index.End
		if e, err = decodeHead(b[:n]); err == nil || !errors.Is(err, errTornHead) {
			return e, err
		}
	}
	return index.End{}, err
}
