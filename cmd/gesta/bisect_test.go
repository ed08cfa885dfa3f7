package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// The documents of the commands that look for something.
func TestSearchDocuments(t *testing.T) {
	change := shape{members: "op path old? new?"}
	point := shape{members: "stream? target? version? position"}
	c := newCLI(t)
	c.orders()
	for _, d := range []struct {
		name  string
		args  []string
		shape shape
	}{
		{"bisect", []string{"bisect", "--expr", "state.due < 1", "order-42"}, document("expr streams events items", map[string]shape{
			"items": {members: "position id? stream? version? type recordedAt effectiveAt? actor? late? to changes", inner: map[string]shape{"changes": change}},
		})},
		{"bisect over streams", []string{"bisect", "--expr", "has(state.due)", "--all"}, document("expr streams events streamlessEvents items", map[string]shape{
			"items": {members: "position id? stream? version? type recordedAt effectiveAt? actor? late? to changes", inner: map[string]shape{"changes": change}},
		})},
		{"bisect run", []string{"bisect", "run", "order-42", "--", "false"}, document("from to evaluations skipped first", map[string]shape{
			"from": point, "to": point, "first": {members: "position id? stream? version? type recordedAt effectiveAt? actor?"},
		})},
		{"trace", []string{"trace", "order-42@2"}, items(shape{members: "position id? stream? version? type recordedAt effectiveAt? actor? parent? via? depth"})},
		{"grep", []string{"grep", "due"}, document("items searched erased", map[string]shape{"items": {
			members: eventShape.members + " matches", inner: map[string]shape{"data": {any: true}, "metadata": {any: true}, "matches": {members: "in text"}},
		}})},
		{"grep -c", []string{"grep", "due", "-c"}, document("matched searched erased", nil)},
		{"shortlog", []string{"shortlog"}, items(shape{members: "author? events firstRecordedAt lastRecordedAt"})},
		{"rev-parse", []string{"rev-parse", "order-42@2", "1..3", "tag:customer:c-77"}, items(shape{members: "address target? after? position commit? id? stream? version?"})},
		{"log --stat", []string{"log", "--stat"}, items(shape{members: "commit recordedAt actor? events streams", inner: map[string]shape{
			"streams": {members: "stream? version? types", inner: map[string]shape{"types": {members: "type events"}}},
		}})},
	} {
		t.Run(d.name, func(t *testing.T) {
			args := append([]string{}, d.args...)
			args = append(args[:1], append([]string{"--json"}, args[1:]...)...)
			if d.args[0] == "bisect" && d.args[1] == "run" {
				args = append([]string{"--json"}, d.args...)
			}
			text := c.ok(args...)
			if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, `{"basis":{`) {
				t.Fatalf("not one document that begins with its basis: %s", text)
			}
			if err := d.shape.check("document", json.RawMessage(text)); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// interrupter interrupts when it is written to.
type interrupter struct{ interrupt func() }

func (i interrupter) Write(b []byte) (int, error) {
	i.interrupt()
	return len(b), nil
}

// Ctrl-C ends the command that bisect runs, and all that it started.
func TestBisectRunInterrupted(t *testing.T) {
	c := newCLI(t)
	c.orders()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.stdout = interrupter{cancel}
	if _, stderr, code := c.run(ctx, "", "bisect", "run", "order-42", "--", "sh", "-c", "echo started; sleep 1000 & wait"); code != exitInterrupted || stderr != "" {
		t.Errorf("exit code %d, stderr %q; want %d and nothing", code, stderr, exitInterrupted)
	}
}

// A terminal is given nothing that it would obey.
func TestSearchesShowNothingRaw(t *testing.T) {
	c := newCLI(t)
	c.ok("append", "order-\u202e1", "--type", "A\u202eB", "--data", "{\"a\u202e\":\"x\u202ey\"}", "--metadata", "{\"actor\":\"\u202eada\"}")
	c.terminal = true
	c.environ["PAGER"] = "cat"
	for _, args := range [][]string{
		{"bisect", "--expr", "has(state)"},
		{"bisect", "run", "1", "-q", "--", "false"},
		{"trace", "1"},
		{"grep", "x"},
		{"grep", "x", "-l"},
		{"shortlog"},
		{"shortlog", "--by", "type"},
		{"rev-parse", "1"},
		{"log", "--graph"},
		{"log", "--stat"},
		{"trace", "1", "--json"},
		{"grep", "x", "--json"},
		{"rev-parse", "1", "--json"},
	} {
		stdout, stderr, code := c.run(t.Context(), "", args...)
		if code != exitOK || strings.Contains(stdout+stderr, "\u202e") || stdout == "" {
			t.Errorf("gesta %s: exit code %d\n%q\n%q", strings.Join(args, " "), code, stdout, stderr)
		}
	}
}
