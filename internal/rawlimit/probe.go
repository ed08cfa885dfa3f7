package rawlimit

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// What a probe writes.
const (
	probeWrites = 200
	probeBytes  = 4 << 10
)

// Probe writes 200 times 4 KiB to the end of a new file with this name, syncs after each, removes the file, and returns how
// long a write with its sync took, the median. It takes some tens of milliseconds on a fast device.
func Probe(fsys vfs.FS, name string) (median time.Duration, err error) {
	file, err := fsys.Create(name)
	if err != nil {
		return 0, fmt.Errorf("probe the disk: %w", err)
	}
	defer func() {
		if e := errors.Join(file.Close(), fsys.Remove(name)); e != nil {
			err = errors.Join(err, fmt.Errorf("probe the disk: %w", e))
		}
	}()
	took := make([]time.Duration, probeWrites)
	buf := make([]byte, probeBytes)
	for i := range took {
		buf[0] = byte(i)
		begin := now()
		if _, err := file.WriteAt(buf, int64(i)*probeBytes); err != nil {
			return 0, fmt.Errorf("probe the disk: %w", err)
		}
		if err := file.Sync(); err != nil {
			return 0, fmt.Errorf("probe the disk: %w", err)
		}
		took[i] = now().Sub(begin)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
