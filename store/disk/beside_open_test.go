package disk_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/disk"
)

// TestBesideOtherFilesRebuildIndexRemovesNothing names a directory that is no store and has one called index.
func TestBesideOtherFilesRebuildIndexRemovesNothing(t *testing.T) {
	r := newRig(t, disk.Options{})
	const elsewhere = "home/site"
	if err := r.disk.MkdirAll(elsewhere + "/index"); err != nil {
		t.Fatal(err)
	}
	if err := r.disk.WriteFile(elsewhere+"/index/page.html", []byte("<p>")); err != nil {
		t.Fatal(err)
	}
	before := r.disk.Files()
	if err := disk.RebuildIndex(elsewhere, r.opts); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("making the index of a directory that is no store returns %v; want that there is none", err)
	}
	if after := r.disk.Files(); !slices.Equal(before, after) {
		t.Errorf("there were files %v, there are %v", before, after)
	}
}

// TestBesideTablesTornEndIsCut opens what a crash left where nothing was synced: a payload of zeros, whole frames behind it
// and the empty file of the next segment. With tables that are full amid it, the log ends before the payload all the same.
func TestBesideTablesTornEndIsCut(t *testing.T) {
	for _, indexBytes := range []int64{4096, 1 << 20} {
		r := newRig(t, disk.Options{SegmentBytes: 64 << 10, Sync: disk.SyncNever})
		zeros := strings.Repeat("z", 600)
		r.add(oneEvent("", "before"))
		r.add(oneEvent("", zeros))
		for range 8 {
			r.add(wideEvent("", "behind", 1000))
		}
		k := r.killed()
		k.edit(firstSegment, func(b []byte) []byte {
			at := strings.Index(string(b), zeros)
			const salt = 16
			clear(b[at-salt : at+len(zeros)])
			return b
		})
		if err := k.disk.WriteFile(dir+"/log/00000002.seg", nil); err != nil {
			t.Fatal(err)
		}
		k.opts.IndexBytes = indexBytes
		k.open()
		k.wantData("before")
	}
}
