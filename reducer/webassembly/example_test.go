package webassembly_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/webassembly"
)

func ExampleNew() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "reducers-")
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "account.wasm")

	// The program is three lines: it imports reducer/guest and the package with the decider of the service.
	if err := webassembly.Build(ctx, "testdata/account", file, webassembly.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	module, _ := os.ReadFile(file)
	r, err := webassembly.New("account.wasm", module, webassembly.Options{}) // main begins with sandbox.IsChild
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()

	state, err := r.New(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer state.Close()
	events := history("account.opened", `{"name":"ada"}`, "money.moved", `{"cents":500}`)
	for step, err := range state.Steps(each(events), reducer.Want{Changes: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, c := range step.Changes {
			fmt.Printf("%s@%d: %s %s\n", step.Event.Type, step.Event.Version, c.Op(), c.Path)
		}
	}
	fmt.Printf("%s\n", state.AppendState(nil))

	// Output:
	// account.opened@1: add /cents
	// account.opened@1: add /currency
	// account.opened@1: add /moves
	// account.opened@1: add /owner
	// account.opened@1: add /since
	// account.opened@1: add /version
	// money.moved@2: replace /cents
	// money.moved@2: remove /moves
	// money.moved@2: add /moves/0
	// money.moved@2: replace /version
	// {"owner":"ada","currency":"EUR","cents":500,"moves":[500],"since":"2026-11-01T10:01:00Z","version":2}
}
