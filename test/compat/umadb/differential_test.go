package umadb_test

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gestadb/gesta/test/compat/rig"
)

// task is what differential.py is given at a time.
type task struct {
	Seed      int    `json:"seed"`
	Histories int    `json:"histories"`
	Real      string `json:"real"`
	Ours      string `json:"ours"`
}

// outcome is what it answers.
type outcome struct {
	Counts      map[string]int    `json:"counts"`
	Differences []json.RawMessage `json:"differences"`
}

// driver is a running differential.py.
type driver struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func startDriver(t *testing.T, env rig.Env) *driver {
	t.Helper()
	script := exec.CommandContext(t.Context(), env.Program("python"), "differential.py")
	script.Stderr = os.Stderr
	in, err := script.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = script.Wait()
	})
	return &driver{in: in, out: bufio.NewReader(out)}
}

func (d *driver) run(t *testing.T, k task) outcome {
	t.Helper()
	line, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	answer, err := d.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("differential.py ended: %v", err)
	}
	var o outcome
	if err := json.Unmarshal(answer, &o); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	return o
}

// setting reads a number from the environment.
func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// onePair is how many histories run on one pair of servers: few, so that many begin on an empty store.
const onePair = 25

// TestDifferential runs random histories through the official client against the real server and against gesta, on both backends. GESTA_COMPAT_HISTORIES and
// GESTA_COMPAT_SEED say how many, and which.
func TestDifferential(t *testing.T) {
	env := official(t)
	histories, seed := setting("GESTA_COMPAT_HISTORIES", 1000), setting("GESTA_COMPAT_SEED", 1)
	if testing.Short() {
		histories = 50
	}
	for _, backend := range slices.Sorted(maps.Keys(backends)) {
		t.Run(backend, func(t *testing.T) {
			d := startDriver(t, env)
			total := map[string]int{}
			for total["histories"] < histories {
				k := task{Seed: seed + total["histories"]/onePair, Histories: onePair}
				t.Run("seed="+strconv.Itoa(k.Seed), func(t *testing.T) {
					k.Real, k.Ours = "http://"+rig.UmaDB(t, env), "http://"+startGesta(t, backends[backend])
					o := d.run(t, k)
					for _, difference := range o.Differences {
						t.Errorf("%s", difference)
					}
					for name, n := range o.Counts {
						total[name] += n
					}
				})
				if t.Failed() {
					return
				}
			}
			report(t, total)
		})
	}
}

// report says what was compared, and fails where that was too little of something.
func report(t *testing.T, total map[string]int) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%7d %s", total[name], name)
	}
	if 10*total["condition failed"] < 3*total["condition"] {
		t.Errorf("%d of %d conditions failed, which is too few to tell anything", total["condition failed"], total["condition"])
	}
	for name := range strings.SplitSeq("append,read,subscribe,head,health,tracking,race,refused,thousand items,read limit 0,read backwards,known again,"+
		"tracking refused,refused term,error IntegrityError,error ValueError,allowed: refused name,allowed: tracking position,allowed: refused source,"+
		"allowed: page,allowed: after 2^64-1,allowed: nil uuid", ",") {
		if total[name] == 0 && !testing.Short() {
			t.Errorf("nothing of this was compared: %s", name)
		}
	}
}
