package index

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filesOf returns files with so many events.
func filesOf(events ...uint64) []*File {
	out := make([]*File, len(events))
	for i, n := range events {
		out[i] = &File{core: &indexFile{header: header{events: n}}}
	}
	return out
}

func TestPickRun(t *testing.T) {
	const table = 87_000
	tables := func(sizes ...uint64) []*File {
		for i := range sizes {
			sizes[i] *= table
		}
		return filesOf(sizes...)
	}
	for _, tt := range []struct {
		name     string
		files    []*File
		fanOut   int
		from, to int
	}{
		{"none", nil, 2, 0, 0},
		{"too few", tables(1, 1, 1), 4, 0, 0},
		{"enough", tables(1, 1, 1, 1), 4, 0, 4},
		{"all that have come", tables(1, 1, 1, 1, 1, 1), 4, 0, 6},
		{"the small ones before the large ones", tables(4, 4, 4, 4, 1, 1, 1, 1), 4, 4, 8},
		{"a large one is left out", tables(16, 1, 1, 1), 4, 0, 0},
		{"one somewhat larger", tables(1, 1, 2, 1, 1), 4, 0, 5},
		{"a large one among enough small ones", tables(4, 1, 1, 1, 1), 4, 1, 5},
		{"small ones need not be as many", filesOf(10, 10, 10, 10), 16, 0, 4},
		{"but not fewer", filesOf(10, 10, 10), 16, 0, 0},
		{"idle", tables(64, 8, 8, 1), idleFiles, 1, 4},
		{"idle and done", tables(64, 30, 8, 2), idleFiles, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := pickRun(tt.files, tt.fanOut)
			if diff := cmp.Diff([]int{tt.from, tt.to}, []int{from, to}); diff != "" {
				t.Errorf("from, to (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPickRunBounds adds table after table, and merges as it says: the files, and how often an event moves, stay few.
func TestPickRunBounds(t *testing.T) {
	for _, tt := range []struct{ fanOut, moves, files int }{{2, 8, 12}, {4, 6, 18}, {8, 4, 28}, {16, 3, 44}} {
		t.Run(fmt.Sprintf("fan-out=%d", tt.fanOut), func(t *testing.T) {
			const tables, table = 2000, 87_000
			var files []*File
			moved, most := uint64(0), 0
			for range tables {
				files = append(files, filesOf(table)...)
				for {
					from, to := pickRun(files, tt.fanOut)
					if to == from {
						break
					}
					sum := uint64(0)
					for _, f := range files[from:to] {
						sum += f.core.events
					}
					moved += sum
					files = append(append(append([]*File{}, files[:from]...), filesOf(sum)...), files[to:]...)
				}
				most = max(most, len(files))
			}
			moves := float64(moved) / tables / table
			t.Logf("an event moves %.1f times, there are %d files at the most", moves, most)
			if moves > float64(tt.moves) || most > tt.files {
				t.Errorf("want %d times and %d files at the most", tt.moves, tt.files)
			}
		})
	}
}
