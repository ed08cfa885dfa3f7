package webassembly

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/gestadb/gesta/store"
)

// appendEvent appends an event in the form that the package doc draws.
func appendEvent(dst []byte, r *store.Recorded) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Position))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Commit))
	dst = binary.LittleEndian.AppendUint64(dst, r.Version)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Erased))
	dst = appendTime(dst, r.RecordedAt)
	dst = appendTime(dst, r.EffectiveAt)
	dst = binary.LittleEndian.AppendUint32(dst, r.SchemaVersion)
	for _, text := range [...]string{r.Type, r.Stream, r.ID, r.ContentType} {
		dst = appendBytes(dst, text)
	}
	dst = appendBytes(appendBytes(dst, r.Data), r.Metadata)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.Tags)))
	for _, tag := range r.Tags {
		dst = appendBytes(dst, tag)
	}
	var tracking store.Tracking
	if r.Tracking != nil {
		tracking = *r.Tracking
	}
	return binary.LittleEndian.AppendUint64(appendBytes(dst, tracking.Source), tracking.Position)
}

func appendTime(dst []byte, t time.Time) []byte {
	micros := int64(math.MinInt64)
	if !t.IsZero() {
		micros = t.UnixMicro()
	}
	return binary.LittleEndian.AppendUint64(dst, uint64(micros))
}

func appendBytes[T string | []byte](dst []byte, b T) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(b))), b...)
}
