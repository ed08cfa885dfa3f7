package index

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/gestadb/gesta/store"
)

// Every file begins with the same prefix, whatever its version: magic, format version, flags, length of the header, and a checksum of these.
const (
	magicIndex  = "gestaidx"
	magicPlaces = "gestaplc"
	magicHeads  = "gestahds"

	formatVersion = 1
	prefixLen     = 8 + 4 + 4 + 4 + 4
)

var le = binary.LittleEndian

// sealHeader fills in the prefix of a header that has room for it, and appends the checksum of the whole.
func sealHeader(h []byte, magic string) []byte {
	copy(h, magic)
	le.PutUint32(h[8:], formatVersion)
	le.PutUint32(h[12:], 0)
	le.PutUint32(h[16:], uint32(len(h)+sumLen))
	le.PutUint32(h[20:], crc32.Checksum(h[:20], castagnoli))
	return le.AppendUint32(h, crc32.Checksum(h, castagnoli))
}

// checkHeader says whether raw, the first bytes of a file, is a header of this magic and length. A version or flag that is not known is
// [store.ErrUnsupported]; all else that is wrong is a [*store.DamagedError].
func (b *blockFile) checkHeader(raw []byte, magic string) error {
	if got := string(raw[:8]); got != magic {
		return b.damaged(0, "magic %q, expected %q", got, magic)
	}
	if crc32.Checksum(raw[:20], castagnoli) != le.Uint32(raw[20:]) {
		return b.damaged(0, "the checksum of the header's first bytes is wrong")
	}
	if v := le.Uint32(raw[8:]); v != formatVersion {
		return fmt.Errorf("%s has format version %d, this program knows version %d: %w", b.name, v, formatVersion, store.ErrUnsupported)
	}
	if flags := le.Uint32(raw[12:]); flags != 0 {
		return fmt.Errorf("%s has the flags %#x, this program knows none: %w", b.name, flags, store.ErrUnsupported)
	}
	end := len(raw) - sumLen
	if n := le.Uint32(raw[16:]); int64(n) != int64(len(raw)) || crc32.Checksum(raw[:end], castagnoli) != le.Uint32(raw[end:]) {
		return b.damaged(0, "the checksum or the length of the header is wrong")
	}
	return nil
}

// endLen is the length of an encoded End.
const endLen = 8 + 8 + 8 + 8 + 4

func appendEnd(b []byte, e End) []byte {
	b = le.AppendUint64(b, uint64(e.Position))
	b = le.AppendUint64(b, uint64(e.Next))
	b = le.AppendUint64(b, uint64(e.Last))
	b = le.AppendUint64(b, uint64(e.RecordedAt))
	return le.AppendUint32(b, e.Checksum)
}

// reader takes fixed-width numbers from the front of a header.
type reader struct{ b []byte }

func (r *reader) uint64() uint64 {
	v := le.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *reader) uint32() uint32 {
	v := le.Uint32(r.b)
	r.b = r.b[4:]
	return v
}

func (r *reader) end() End {
	return End{
		Position: store.Position(r.uint64()), Next: Place(r.uint64()), Last: Place(r.uint64()),
		RecordedAt: int64(r.uint64()), Checksum: r.uint32(),
	}
}
