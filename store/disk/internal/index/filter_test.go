package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFilter holds that a filter has all of its hashes, and less than one in a hundred of others; also in one that is read from disk chunk by chunk.
func TestFilter(t *testing.T) {
	for _, n := range []uint64{1, 40, 43, 5000, 100_000} {
		r := rand.New(rand.NewPCG(n, 1))
		hashes := make([]uint64, n)
		for i := range hashes {
			hashes[i] = r.Uint64N(1 << hashBits)
		}
		slices.Sort(hashes)
		file := &memory{}
		out := newSink(file, 7, 0, sinkLen)
		w := newFilterWriter(out, filterBlocks(n))
		for _, h := range hashes {
			w.add(h)
		}
		w.end()
		if err := out.finish(); err != nil {
			t.Fatal(err)
		}
		if got, want := int64(len(file.b)), filterLen(filterBlocks(n)); got != want {
			t.Fatalf("%d terms: %d bytes, want %d", n, got, want)
		}
		f := filter{file: &blockFile{file: file, id: 7, size: int64(len(file.b))}, blocks: filterBlocks(n)}
		for _, h := range hashes {
			if ok, err := f.has(h); !ok || err != nil {
				t.Fatalf("has(%x) = %v, %v", h, ok, err)
			}
		}
		passed := 0
		for range 20_000 {
			if ok, _ := f.has(r.Uint64N(1 << hashBits)); ok {
				passed++
			}
		}
		if passed > 200 {
			t.Errorf("%d terms: %d of 20000 others pass", n, passed)
		}
	}
}

// TestBucketBase holds that the lowest hash of a bucket is in it, and the one below is not.
func TestBucketBase(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 7, 1000, 1 << 20, 1<<40 - 1} {
		for _, b := range []uint64{0, 1, n / 2, n - 1} {
			if b >= n {
				continue
			}
			base := bucketBase(b, n)
			if got := spread(base, n); got != b {
				t.Errorf("bucketBase(%d, %d) = %x, which is in bucket %d", b, n, base, got)
			}
			if base > 0 && spread(base-1, n) == b {
				t.Errorf("bucketBase(%d, %d) = %x, but the hash below is in the bucket too", b, n, base)
			}
		}
	}
}

// TestSortNames compares with the sort of the library, for names that share much and little.
func TestSortNames(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, letters := range []string{"ab", "0123456789", "a\u00e9\U0001f600-"} {
		alphabet := []rune(letters)
		seen := map[string]bool{}
		var names []string
		for len(names) < 3000 {
			b := []rune("category-of-things-"[:r.IntN(20)])
			for range 1 + r.IntN(30) {
				b = append(b, alphabet[r.IntN(len(alphabet))])
			}
			if s := string(b); !seen[s] {
				seen[s] = true
				names = append(names, s)
			}
		}
		for _, n := range []int{0, 1, 2, 30, 300, 3000} {
			all := make([]keyed, n)
			for i := range all {
				all[i].n = uint32(i)
			}
			sortNames(all, func(n uint32) string { return names[n] })
			want := slices.Sorted(slices.Values(names[:n]))
			for i := range all {
				if names[all[i].n] != want[i] {
					t.Fatalf("%d names of %q: name %d is %q, want %q", n, letters, i, names[all[i].n], want[i])
				}
			}
		}
	}
}
