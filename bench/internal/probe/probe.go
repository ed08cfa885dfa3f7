// Package probe measures what the machine gives at this moment, so that a round during which it gave less, or more, than
// usual can be told from the others.
//
// Which probe says something hangs on what the round leans on: one that syncs is as fast as the disk is in that minute,
// one that reads what is in memory does not see the disk at all.
package probe

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gestadb/gesta/internal/rawlimit"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// Kind is what a workload leans on.
type Kind int

const (
	// None is for what is counted, not timed: bytes on disk, memory. Each of its rounds counts.
	None Kind = iota
	// Disk is for what is written and synced.
	Disk
	// Memory is for what is done in memory, the page cache and mapped files included.
	Memory
	// Device is for reads of the device, with nothing cached. Who measures it has a file for that: see the limit of cold reads.
	Device
)

// String says what a probe does.
func (k Kind) String() string {
	switch k {
	case Disk:
		return "disk: 200 times 4 KiB written and synced, the median of the median of each of several runs"
	case Memory:
		return "memory: half a million dependent reads all over 32 MiB and four checksums of that"
	case Device:
		return "device: a random read of 4 KiB of a file that was dropped from the page cache, the median"
	case None:
		return "none"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// WriteSync probes the disk: it runs [rawlimit.Probe] so many times, at least once, in a file below dir that it removes,
// and returns the median. One run of some 50 ms varies by a quarter from the next where the disk is one that a host
// shares out; several tell how it is in this minute.
func WriteSync(dir string, runs int) (time.Duration, error) {
	var took []time.Duration
	for range max(runs, 1) {
		d, err := rawlimit.Probe(vfs.OS(), filepath.Join(dir, "probe"))
		if err != nil {
			return 0, fmt.Errorf("probe the disk: %w", err)
		}
		took = append(took, d)
	}
	return median(took), nil
}

// What a probe of memory does.
const (
	memoryBytes  = 32 << 20
	line         = 64 // bytes
	memoryReads  = 1 << 19
	checkedTimes = 4
)

// castagnoli is the polynomial of the checksums of records.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ReadMemory probes processor and memory: half a million dependent reads of cache lines all over a piece of memory larger
// than the caches near a core, and checksums over all of it, on one thread; it returns how long they took together, some
// tenth of a second. It is a sum, no median of short pieces, so that it sees who else is using the processors. The memory
// is garbage afterwards.
func ReadMemory() time.Duration {
	memory := make([]byte, memoryBytes)
	for i := 0; i < len(memory); i += line { // so that the pages are there, and no line is like another
		binary.LittleEndian.PutUint64(memory[i:], uint64(i+line)*0x9e3779b97f4a7c15)
	}
	begin := time.Now()
	next := uint64(1)
	for range memoryReads {
		next = next*0xd1342543de82ef95 + binary.LittleEndian.Uint64(memory[next>>32%(memoryBytes/line)*line:]) + 1
	}
	for range checkedTimes {
		next += uint64(crc32.Checksum(memory, castagnoli))
	}
	took := time.Since(begin)
	binary.LittleEndian.PutUint64(memory, next) // so that the work is not left out
	runtime.KeepAlive(memory)
	return took
}

// median returns the one in the middle, the upper of two. There is at least one.
func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}
