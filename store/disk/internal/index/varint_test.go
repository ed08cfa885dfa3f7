package index

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzUvarint compares varints with those of encoding/binary: what is written, and what any bytes are read as.
func FuzzUvarint(f *testing.F) {
	for shift := range 64 {
		f.Add(uint64(1)<<shift, []byte{})
		f.Add(uint64(1)<<shift-1, []byte{0x80, 0x80, 0, byte(shift)})
	}
	f.Add(^uint64(0), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 7})
	f.Fuzz(func(t *testing.T, v uint64, rest []byte) {
		want := binary.AppendUvarint([]byte("b"), v)
		got := appendUvarint([]byte("b"), v)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("appendUvarint(%d) (-want +got):\n%s", v, diff)
		}
		if got := uvarintLen(v); got != len(want)-1 {
			t.Fatalf("uvarintLen(%d) = %d, want %d", v, got, len(want)-1)
		}
		for _, b := range [][]byte{want[1:], append(want[1:], rest...), rest, append(rest, want...)} {
			v, n := binary.Uvarint(b)
			if got, m := uvarint(b); n > 0 && got != v || m != n {
				t.Fatalf("uvarint(%x) = %d, %d, want %d, %d", b, got, m, v, n)
			}
		}
	})
}
