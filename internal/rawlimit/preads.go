package rawlimit

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// Preads reads n bytes at count random places of a file, each a multiple of n, one after the other on one thread, and returns
// how long each took. The file must have n bytes at the least. What is in the page cache is read from there: to measure
// the device, the caller drops the file from it first.
func Preads(file vfs.File, n, count int, random *rand.Rand) ([]time.Duration, error) {
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("read at random: %w", err)
	}
	if n < 1 || size < int64(n) {
		return nil, fmt.Errorf("read at random: %d bytes of a file of %d", n, size)
	}
	buf := make([]byte, n)
	took := make([]time.Duration, count)
	for i := range took {
		at := random.Int64N(size/int64(n)) * int64(n)
		begin := now()
		if _, err := file.ReadAt(buf, at); err != nil {
			return nil, fmt.Errorf("read at random: %w", err)
		}
		took[i] = now().Sub(begin)
	}
	return took, nil
}
