// Package oracle holds what the command line says of histories against a program in Python that shares no code with it.
package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// asked is what both are asked of each stream.
type asked struct {
	Fold    string   `json:"fold"`
	Streams []string `json:"streams"`
	Exprs   []string `json:"exprs"`
	Paths   []string `json:"paths"`
	Times   []string `json:"times"`
}

// answered is what the oracle says of a stream.
type answered struct {
	Stream   string `json:"stream"`
	Versions []struct {
		Version int   `json:"version"`
		State   any   `json:"state"`
		Changes []any `json:"changes"`
		Blame   []any `json:"blame"`
		Removed []any `json:"removed"`
	} `json:"versions"`
	Flips     map[string][]any `json:"flips"`
	Picks     map[string][]any `json:"picks"`
	Effective []struct {
		At    string `json:"at"`
		State any    `json:"state"`
		Blame []any  `json:"blame"`
	} `json:"effective"`
}

var gesta string // the program

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "oracle")
	if err == nil {
		gesta = filepath.Join(dir, "gesta")
		var out []byte
		if out, err = exec.CommandContext(context.Background(), "go", "build", "-o", gesta, "../../cmd/gesta").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// world is a store, with what the program is called with.
type world struct {
	store string
	flags []string // of every fold
}

// run runs gesta, and returns what it wrote.
func (w *world) run(t *testing.T, in []byte, args ...string) []byte {
	t.Helper()
	out, err := w.try(t.Context(), in, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) try(ctx context.Context, in []byte, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, gesta, append(args, "--store", w.store)...)
	var out, problems bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(in), &out, &problems
	c.Env = append(os.Environ(), "TZ=UTC", "GESTA_CONFIG="+os.DevNull)
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("gesta %s: %w: %s", strings.Join(args, " "), err, problems.Bytes())
	}
	return out.Bytes(), nil
}

// document runs a command that folds, and returns its document.
func (w *world) document(ctx context.Context, args ...string) (map[string]any, error) {
	out, err := w.try(ctx, nil, slices.Concat(args, w.flags, []string{"--json"})...)
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	err = decode(out, &doc)
	return doc, err
}

func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w in %.200s", err, text)
	}
	return nil
}

// equal compares decoded JSON, numbers by their value.
var equal = cmp.Comparer(func(a, b json.Number) bool {
	x, ok := new(big.Rat).SetString(a.String())
	y, ok2 := new(big.Rat).SetString(b.String())
	return ok && ok2 && x.Cmp(y) == 0
})

// ask asks the oracle.
func (w *world) ask(t *testing.T, q asked) []answered {
	t.Helper()
	export := filepath.Join(t.TempDir(), "export.ndjson")
	if err := os.WriteFile(export, w.run(t, nil, "export", "ndjson"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "python3", "oracle.py", export)
	var problems bytes.Buffer
	c.Stdin, c.Stderr = bytes.NewReader(plan), &problems
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.Bytes())
	}
	var answers []answered
	for line := range bytes.Lines(out) {
		var a answered
		if err := decode(line, &a); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(q.Streams) {
		t.Fatalf("the oracle speaks of %d streams; it was asked of %d", len(answers), len(q.Streams))
	}
	return answers
}

// hold holds what gesta says of the streams against what the oracle says.
func (w *world) hold(t *testing.T, q asked) {
	t.Helper()
	checked := 0
	for _, a := range w.ask(t, q) {
		if len(a.Versions) == 0 {
			t.Fatalf("the oracle knows no event of %s", a.Stream)
		}
		var g errgroup.Group
		g.SetLimit(4)
		check := func(what string, want any, get func(doc map[string]any) any, args ...string) {
			checked++
			g.Go(func() error {
				doc, err := w.document(t.Context(), args...)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(want, get(doc), equal); diff != "" {
					return fmt.Errorf("%s: gesta %s (-oracle +gesta):\n%s", what, strings.Join(args, " "), diff)
				}
				return nil
			})
		}
		state := func(doc map[string]any) any { return doc["state"] }
		items := func(doc map[string]any) any { return doc["items"] }
		for i, v := range a.Versions {
			at := fmt.Sprintf("%s@%d", a.Stream, v.Version)
			check("state", v.State, state, "state", at)
			check("blame", v.Blame, items, "blame", at)
			check("what is gone", v.Removed, items, "blame", "--reverse", at)
			if i > 0 {
				check("diff", differences(v.Changes), changesOfItems, "diff", fmt.Sprintf("%s@%d", a.Stream, v.Version-1), at)
			}
		}
		var each []any
		for _, v := range a.Versions {
			each = append(each, list(v.Changes))
		}
		check("log -p", each, func(doc map[string]any) any { return members(doc["items"], "changes") }, "log", "-p", "--reverse", a.Stream)
		for expr, flips := range a.Flips {
			check("flips", list(flips), func(doc map[string]any) any { return flipsOf(doc["items"]) }, "bisect", "--all", "--expr", expr, a.Stream)
		}
		for path, positions := range a.Picks {
			check("picks", list(positions), func(doc map[string]any) any { return members(doc["items"], "position") }, "log", "-S", path, "--reverse", a.Stream)
		}
		for _, e := range a.Effective {
			if e.State == nil {
				continue
			}
			check("state then", e.State, state, "state", "--effective-at", e.At, a.Stream)
			check("blame then", e.Blame, items, "blame", "--effective-at", e.At, a.Stream)
		}
		if err := g.Wait(); err != nil {
			t.Errorf("%s: %v", a.Stream, err)
		}
	}
	t.Logf("%d answers are those of the oracle", checked)
}

// list makes no list an empty one.
func list(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

// differences is what a diff lists where there are changes: one item, else an item without any.
func differences(changes []any) any { return list(changes) }

// changesOfItems returns the changes of the one stream that a diff is about.
func changesOfItems(doc map[string]any) any {
	items, _ := doc["items"].([]any)
	all := []any{}
	for _, i := range items {
		item, _ := i.(map[string]any)
		changes, _ := item["changes"].([]any)
		all = append(all, changes...)
	}
	return all
}

// members returns a member of each item.
func members(items any, name string) any {
	out := []any{}
	list, _ := items.([]any)
	for _, i := range list {
		item, _ := i.(map[string]any)
		out = append(out, item[name])
	}
	return out
}

// flipsOf returns what the oracle says of flips.
func flipsOf(items any) any {
	out := []any{}
	list, _ := items.([]any)
	for _, i := range list {
		item, _ := i.(map[string]any)
		out = append(out, map[string]any{"position": item["position"], "to": item["to"]})
	}
	return out
}

// TestLoans asks of loan applications as a bank had them, folded by JavaScript.
func TestLoans(t *testing.T) {
	data := filepath.Join("..", "..", "..", "shared", "data", "bpic2012.xes.gz")
	if _, err := os.Stat(data); err != nil {
		t.Skip("the event log of BPI 2012 is not there: ", err)
	}
	w := &world{store: filepath.Join(t.TempDir(), "store"), flags: []string{"--reducer", "loan.js"}}
	w.run(t, nil, "init")
	w.run(t, nil, "import", "xes", data, "--category", "loan")
	var streams struct {
		Items []struct {
			Stream  string
			Version int
		}
	}
	if err := decode(w.run(t, nil, "streams", "--limit", "1000", "--json"), &streams); err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(20, 12))
	q := asked{
		Fold: "loan", Paths: []string{"/amount", "/open", "/counts/W_Nabellen offertes"}, Times: []string{"2011-10-03T00:00:00Z", "2011-12-01T12:00:00Z"},
		Exprs: []string{
			"state.amount > 20000", "has(state.open[1])", `state.counts["W_Nabellen offertes"] > before.counts["W_Nabellen offertes"]`,
			`event.type == "A_DECLINED" && state.counts.A_DECLINED >= 1`,
		},
	}
	for len(q.Streams) < 10 {
		s := streams.Items[dice.IntN(len(streams.Items))]
		if s.Version >= 12 && s.Version <= 30 && !slices.Contains(q.Streams, s.Stream) {
			q.Streams = append(q.Streams, s.Stream)
		}
	}
	w.hold(t, q)
}

// TestGenerated asks of ten out of a thousand streams that were made up: nested objects, lists that grow and shrink, nulls, values that are written again, events that
// come late, and such that supersede others.
func TestGenerated(t *testing.T) {
	w := &world{store: filepath.Join(t.TempDir(), "store")}
	w.run(t, nil, "init")
	dice := rand.New(rand.NewPCG(7, 7))
	var in bytes.Buffer
	history := newMaker(dice)
	for range 25_000 {
		in.Write(history.event())
		in.WriteByte('\n')
	}
	w.run(t, in.Bytes(), "append", "--ndjson")
	q := asked{
		Fold: "merge", Paths: []string{"/due", "/address", "/items/0"}, Times: []string{"2026-01-10T00:00:00Z", "2026-01-20T06:00:00Z", "2099-01-01T00:00:00Z"},
		Exprs: []string{
			"state.due < 0", "state.due != before.due", "has(state.address.city) && !has(before.address.city)", `state.items[0].sku == "s1" || state.note like "*o*"`,
		},
	}
	for len(q.Streams) < 10 {
		if name := fmt.Sprintf("order-%d", dice.IntN(history.streams)); !slices.Contains(q.Streams, name) {
			q.Streams = append(q.Streams, name)
		}
	}
	w.hold(t, q)
}
