package main

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// importID returns the id of a row: a UUID of version 7 with the time of the row, whose other bits come from the commit's
// key. The same row has the same id in every store, also where an import was interrupted and went on.
func importID(key string, at time.Time) string {
	sum := sha256.Sum256([]byte(key))
	id := uuid.UUID(sum[:16])
	millis := max(at.UnixMilli(), 0) // the form has no room for times before 1970
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(millis))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
