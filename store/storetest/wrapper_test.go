package storetest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

// counting is a wrapper that counts appends; it has limits of its own.
type counting struct {
	store.Store
	appends int
	powers  map[store.Power]store.Answer
}

func newCounting() *counting {
	w := &counting{Store: memory.New(memory.Options{}), powers: map[store.Power]store.Answer{}}
	for _, p := range store.Powers() {
		w.powers[p] = store.Forwards
	}
	w.powers["store.Starter"] = store.Refuses // which would pass by the count
	w.powers["store.Restorer"] = store.Refuses
	w.powers["store.Limiter"] = store.Provides
	return w
}

func (w *counting) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	w.appends++
	return w.Store.Append(ctx, c)
}

func (w *counting) Unwrap() store.Store                  { return w.Store }
func (w *counting) Powers() map[store.Power]store.Answer { return w.powers }
func (w *counting) Limits() store.Limits                 { return store.DefaultLimits() }

func TestRunWrapper(t *testing.T) { storetest.RunWrapper(t, newCounting()) }

// wrongEnv names, in the environment of a child process, what is wrong with the wrapper that TestWrong runs there.
const wrongEnv = "GESTA_STORETEST_WRONG"

// wrongs are wrappers that RunWrapper finds wanting.
var wrongs = map[string]struct {
	spoil func(*counting)
	says  string
}{
	"forgets": {func(w *counting) { delete(w.powers, "store.Keys") }, "does not mention the power"},
	"claims":  {func(w *counting) { w.powers["store.Keys"] = store.Provides }, "has no such methods"},
	"invents": {func(w *counting) { w.powers["store.Flight"] = store.Forwards }, "store.Flight is no power"},
	"mumbles": {func(w *counting) { w.powers["store.Keys"] = 7 }, "7 is no answer"},
	"hollow":  {func(w *counting) { w.Store = nil }, "Unwrap returns nil"},
}

// TestWrong is what TestRunWrapperFails runs in a child process.
func TestWrong(t *testing.T) {
	wrong, ok := wrongs[os.Getenv(wrongEnv)]
	if !ok {
		return
	}
	w := newCounting()
	wrong.spoil(w)
	storetest.RunWrapper(t, w)
}

func TestRunWrapperFails(t *testing.T) {
	for name, wrong := range wrongs {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWrong$")
			cmd.Env = append(os.Environ(), wrongEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), wrong.says) {
				t.Errorf("want a failure that says %q, got %v:\n%s", wrong.says, err, out)
			}
		})
	}
}
