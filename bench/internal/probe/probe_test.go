package probe_test

import (
	"os"
	"testing"

	"github.com/gestadb/gesta/bench/internal/probe"
)

func TestProbes(t *testing.T) {
	dir := t.TempDir()
	if d, err := probe.WriteSync(dir, 2); err != nil || d <= 0 {
		t.Errorf("disk: %v, %v", d, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("the probe of the disk left %v, %v", left, err)
	}
	if _, err := probe.WriteSync(dir+"/missing", 1); err == nil {
		t.Error("a directory that is not there was probed")
	}
	if d := probe.ReadMemory(); d <= 0 {
		t.Errorf("memory: %v", d)
	}
}

// TestKinds keeps two kinds from being written alike.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range []probe.Kind{probe.None, probe.Disk, probe.Memory, probe.Device} {
		if seen[k.String()] {
			t.Errorf("two kinds are %q", k)
		}
		seen[k.String()] = true
	}
}
