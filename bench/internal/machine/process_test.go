package machine_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
)

func TestProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone tells")
	}
	if n, err := machine.AnonOf(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	before, err := machine.ProcessorOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	own, err := machine.CPUTime()
	if err != nil {
		t.Fatal(err)
	}
	for now := own; now < own+100*time.Millisecond; { // until so much was used
		if now, err = machine.CPUTime(); err != nil {
			t.Fatal(err)
		}
	}
	after, err := machine.ProcessorOf(os.Getpid())
	if used := after - before; err != nil || used < 70*time.Millisecond || used > 10*time.Second {
		t.Errorf("%v of processor time, %v", used, err)
	}
	for _, read := range []func(int) error{
		func(pid int) error { _, err := machine.AnonOf(pid); return err },
		func(pid int) error { _, err := machine.ProcessorOf(pid); return err },
	} {
		if read(1<<30) == nil {
			t.Error("a process that is not there has figures")
		}
	}
}
