package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

const coldReads = 20

// singleRead returns how long a read of a page takes that is not in the cache, on average.
func singleRead(b *testing.B, dir string, r *rand.Rand) time.Duration {
	b.Helper()
	forgetDir(b, dir)
	all, err := filepath.Glob(filepath.Join(dir, "*.idx"))
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(all[0])
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const random = 1
	if _, _, e := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, random, 0, 0); e != 0 {
		b.Fatal(e)
	}
	st, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	page := make([]byte, 4096)
	begin := time.Now()
	for range coldReads {
		if _, err := f.ReadAt(page, r.Int64N(st.Size()/4096)*4096); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin) / coldReads
}

// forgetDir drops the clean pages of the files of a directory from the cache. They must not be mapped.
func forgetDir(b *testing.B, dir string) {
	b.Helper()
	const dontNeed = 4
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range all {
		f, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, e := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); e != 0 {
			b.Fatal(e)
		}
		_ = f.Close()
	}
}

// BenchmarkReadStreamCold looks up random streams of ten events with nothing of the files in the cache of the system. What is read once for each file, the
// headers and the index of the places, is read before. Beside it, it reports the time of a single read of the same files.
func BenchmarkReadStreamCold(b *testing.B) {
	for _, n := range readCounts {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			l, err := readBench()
			if err != nil {
				b.Fatal(err)
			}
			o := options(vfs.OS())
			o.Dir, o.ReadOnly = l.dirs[n], true
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
			var took, single time.Duration
			for b.Loop() {
				single += singleRead(b, o.Dir, r)
				forgetDir(b, o.Dir)
				s := open(b, o)
				v := s.View()
				var one []store.Position
				for k := range readPieces { // the index of each file of places
					p := store.Position(k*l.events()/readPieces + 1)
					if _, err := v.Places(nil, []store.Position{p}); err != nil {
						b.Fatal(err)
					}
				}
				for range coldReads {
					begin := time.Now()
					one, _, err = v.Candidates(one[:0], store.Query{{Stream: streamName(r.IntN(l.streams))}}, 0, store.MaxPosition, false, 16)
					if err != nil {
						b.Fatal(err)
					}
					if _, err = v.Places(nil, one); err != nil {
						b.Fatal(err)
					}
					took += time.Since(begin)
				}
				v.Release()
				_ = s.Close()
			}
			b.ReportMetric(float64(took.Microseconds())/float64(b.N*coldReads), "µs/stream")
			b.ReportMetric(float64(single.Microseconds())/float64(b.N), "µs/single-read")
		})
	}
}
