package disk_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestGuaranteeClosingIndexesTheTail closes a store whose newest table is not full: opening it again reads little of the log, and finds everything.
func TestGuaranteeClosingIndexesTheTail(t *testing.T) {
	r := newRig(t, disk.Options{IndexBytes: 1 << 20, SegmentBytes: 1 << 20})
	var want []string
	for i := range 300 {
		want = append(want, fmt.Sprint(i))
		r.add(wideEvent("a-1", fmt.Sprint(i), 2000))
	}
	after := r.closed()
	var read atomic.Int64
	after.on(func(op vfs.Op) error {
		if op.Kind == vfs.OpRead && strings.HasSuffix(op.Name, ".seg") {
			read.Add(op.Length)
		}
		return nil
	})
	after.open()
	if size, _ := after.sizeOf(firstSegment); read.Load() > int64(size)/4 {
		t.Errorf("opening asked for %d bytes of a log of %d", read.Load(), size)
	}
	after.on(nil)
	after.wantData(want...)
}
