package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// ErasureType is the type of the events in [ErasureStream].
const ErasureType = "$erasure"

const erasesTag = "erases:"

// SaltBytes is the length of the salt that is kept with each payload.
const SaltBytes = 16

// Commitment binds an event to its payload without showing it:
// SHA-256(0x10 || salt || u32 len(data) || data || u32 len(metadata) || metadata), lengths little-endian. It stays when
// salt and payload are erased, and then says nothing about them.
func Commitment(salt, data, metadata []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte{0x10})
	h.Write(salt)
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(data))))
	h.Write(data)
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(metadata))))
	h.Write(metadata)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// ErasesTag returns the tag that the $erasure event of position p carries.
func ErasesTag(p Position) string { return erasesTag + strconv.FormatUint(uint64(p), 10) }

// NewErasure makes the event that records the erasure of the payload at position p.
func NewErasure(p Position, commitment [sha256.Size]byte, reason, actor string) (Event, error) {
	data, err := json.Marshal(struct {
		Position   Position `json:"position"`
		Commitment string   `json:"commitment"`
		Reason     string   `json:"reason,omitempty"`
	}{p, hex.EncodeToString(commitment[:]), reason})
	if err != nil {
		return Event{}, fmt.Errorf("encode erasure: %w", err)
	}
	e := Event{Stream: ErasureStream, Type: ErasureType, Tags: []string{ErasesTag(p)}, Data: data}
	if actor != "" {
		if e.Metadata, err = json.Marshal(map[string]string{"actor": actor}); err != nil {
			return Event{}, fmt.Errorf("encode erasure: %w", err)
		}
	}
	return e, nil
}

// ErasedPosition returns the position whose payload the event e erases, and false for an event that is no erasure.
func ErasedPosition(e *Event) (Position, bool) {
	if e.Stream != ErasureStream || e.Type != ErasureType {
		return 0, false
	}
	for _, tag := range e.Tags {
		if digits, ok := strings.CutPrefix(tag, erasesTag); ok {
			p, err := strconv.ParseUint(digits, 10, 64)
			return Position(p), err == nil && p > 0 && Position(p) <= MaxPosition
		}
	}
	return 0, false
}

// Validate returns an [ErrInvalid] for an erasure without positions or with more than [MaxErasePositions].
func (e *Erasure) Validate() error {
	switch {
	case len(e.Positions) == 0:
		return invalidf("an erasure names no position")
	case len(e.Positions) > MaxErasePositions:
		return invalidf("an erasure of %d positions, %d are allowed", len(e.Positions), MaxErasePositions)
	case len(e.Reason) > MaxNameBytes || len(e.Actor) > MaxNameBytes:
		return invalidf("reason or actor of an erasure is longer than %d bytes", MaxNameBytes)
	}
	return nil
}
