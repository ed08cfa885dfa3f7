package index

import (
	"math/rand/v2"
	"testing"
)

// FuzzBucketSeek compares looking for a hash with and without skipping, in buckets of any bytes.
func FuzzBucketSeek(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		raw, last := []byte(nil), uint64(0)
		for range r.IntN(30) {
			delta := uint64(1) << r.IntN(28)
			raw = appendUvarint(raw, delta)
			last += delta
			postings := []byte(nil)
			count := 1 + r.IntN(1<<r.IntN(8))
			for range count {
				postings = appendUvarint(postings, uint64(1)<<r.IntN(40))
			}
			raw = appendUvarint(raw, uint64(count))
			if count > 1 {
				raw = appendUvarint(raw, uint64(len(postings)))
			}
			raw = append(raw, postings...)
		}
		f.Add(raw, uint64(0), last)
		f.Add(raw, uint64(1)<<47, uint64(1)<<47+last/2)
	}
	f.Fuzz(func(t *testing.T, raw []byte, base, hash uint64) {
		if base %= 1 << hashBits; hash >= 1<<hashBits {
			hash %= 1 << hashBits
		}
		plain := bucket{rest: raw, hash: base}
		skipping := plain
		for {
			want, wantOK, wantProblem := plain.next()
			if wantOK && want.hash < hash {
				continue
			}
			var got entry
			gotOK, gotProblem := true, ""
			for gotOK {
				skipping.skipBelow(hash)
				if got, gotOK, gotProblem = skipping.next(); got.hash >= hash {
					break
				}
			}
			if gotOK != wantOK || gotProblem != wantProblem {
				t.Fatalf("%v, %q; want %v, %q", gotOK, gotProblem, wantOK, wantProblem)
			}
			if gotOK && (got.hash != want.hash || got.count != want.count || string(got.postings) != string(want.postings) || got.root != want.root) {
				t.Fatalf("%+v, want %+v", got, want)
			}
			return
		}
	})
}
