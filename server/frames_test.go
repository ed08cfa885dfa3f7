package server_test

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/server"
)

// TestFrames walks the same frames in pieces of each size.
func TestFrames(t *testing.T) {
	var all []byte
	want, bytes := [][3]uint32{}, 0
	for i, size := range []int{0, 5, 300, 0, 70000, 1} {
		kind, flags, stream := byte(i%3), byte(i), uint32(2*i+1)
		all = append(all, byte(size>>16), byte(size>>8), byte(size), kind, flags)
		all = binary.BigEndian.AppendUint32(all, stream|1<<31) // a bit that is to be ignored
		all = append(all, make([]byte, size)...)
		want = append(want, [3]uint32{uint32(kind), uint32(flags), stream})
		if kind == kindData {
			bytes += size
		}
	}
	for _, size := range []int{1, 2, 7, 9, 10, 1000, len(all)} {
		var pieces [][]byte
		for rest := all; len(rest) > 0; {
			n := min(size, len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		data, seen := server.Frames(pieces...)
		if diff := cmp.Diff(want, seen); diff != "" || data != bytes {
			t.Errorf("pieces of %d: %d bytes of DATA, want %d; the frames (-want +got):\n%s", size, data, bytes, diff)
		}
	}
}

// TestOpenStreams opens and closes streams, also some twice, some that share a place, and some that never were.
func TestOpenStreams(t *testing.T) {
	got := server.Streams(1, 1025, 2049, -1025, -1025, -3, 3, -1, 1, 4097, -2049, -3, -4097, -4097)
	if diff := cmp.Diff([]int{1, 2, 3, 2, 2, 2, 2, 1, 1, 2, 1, 1, 0, 0}, got); diff != "" {
		t.Errorf("open streams (-want +got):\n%s", diff)
	}
	var many, want []int
	for n := range 512 {
		many, want = append(many, 2*n+1), append(want, n+1)
	}
	many, want = append(many, 2001, -2001, -1, 2003), append(want, 512, 512, 511, 512) // one too many is not counted
	if diff := cmp.Diff(want, server.Streams(many...)); diff != "" {
		t.Errorf("open streams (-want +got):\n%s", diff)
	}
}
