package main

import (
	"context"
	"errors"
	"testing"
)

// A program of --jq that never ends is ended by an interrupt, whether it prints anything or not.
func TestEndlessJQ(t *testing.T) {
	for _, program := range []string{"range(infinite)", "repeat(.)", "def f: f; ., f", ".,last(range(infinite))", "., ([.] | until(false; .))"} {
		code, err := compileJQ(program)
		if err != nil {
			t.Fatal(err)
		}
		ctx, interrupt := context.WithCancel(t.Context())
		lines := 0
		err = runJQ(ctx, code, []byte(`{"a":1}`), func([]byte) error {
			lines++
			interrupt()
			return nil
		})
		if !errors.Is(err, context.Canceled) || lines != 1 {
			t.Errorf("--jq %s ends after %d lines with %v", program, lines, err)
		}
		e := &env{}
		if exit := e.finish(ctx, err); exit != exitInterrupted {
			t.Errorf("--jq %s ends with exit code %d", program, exit)
		}
		interrupt()
	}
}
