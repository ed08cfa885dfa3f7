package umadb_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/test/compat/rig"
)

// TestAdapter runs the test cases of the Python library's adapter: each must come out on gesta as on the real server.
func TestAdapter(t *testing.T) {
	env := rig.Python(t, "adapter", []string{adapterPackage, umadbPackage, "pydantic", "msgspec", "pycryptodome"}, "--pre")
	names, err := exec.CommandContext(t.Context(), env.Program("python"), "adapter.py").Output()
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for group := range strings.Lines(string(names)) {
		group = strings.TrimSpace(group)
		t.Run(group, func(t *testing.T) {
			want := adapterOutcomes(t, env, group, rig.UmaDB(t, env))
			got := adapterOutcomes(t, env, group, startGesta(t, backends["disk"]))
			if nilUUID[group] != "" && got[nilUUID[group]] == "passed" {
				want[nilUUID[group]] = "passed"
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-real +ours:\n%s", d)
			}
			for _, test := range slices.Sorted(maps.Keys(got)) {
				t.Logf("%s: %s", test, got[test])
				if got[test] == "passed" {
					passed++
				} else if !strings.HasPrefix(got[test], "skipped: ") {
					t.Errorf("%s: %s", test, got[test])
				}
			}
		})
	}
	t.Logf("%d tests passed", passed)
}

// nilUUID has the tests that the real server fails, by group: they append an event with the nil uuid a second time, which it takes for a repeat.
var nilUUID = map[string]string{"application recorder": "test_insert_select"}

func adapterOutcomes(t *testing.T, env rig.Env, group, addr string) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), env.Program("python"), "adapter.py", group, "http://"+addr).Output()
	if err != nil {
		t.Fatalf("adapter.py %q: %v", group, err)
	}
	outcomes := map[string]string{}
	if err := json.Unmarshal(out, &outcomes); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return outcomes
}
