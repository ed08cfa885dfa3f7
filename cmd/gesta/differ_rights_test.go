package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
)

// Who may read some streams is answered about these as everyone is, and sees nothing of the others.
func TestDifferentialRights(t *testing.T) {
	rounds, lines, first := differRounds(t)
	for i := range (rounds + 1) / 2 {
		t.Run(strconv.FormatUint(first+uint64(i), 10), func(t *testing.T) {
			d := newDiffer(t, 3000+first+uint64(i), forUser("read", "--on", "order-*", "--on", "cart-*"))
			all := d.names
			for range lines / 2 {
				d.showsNothing(d.line())
			}
			d.names = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !visibleStream(name) })
			d.sameList()
			if len(d.names) == 0 {
				return
			}
			for range lines / 2 {
				line := d.lineOfStream()
				local, remote := d.run(d.differStore.dir, line...), d.run(d.url, line...)
				local.Stderr, remote.Stderr = upTo.ReplaceAllString(local.Stderr, ""), upTo.ReplaceAllString(remote.Stderr, "")
				if diff := cmp.Diff(local, remote); diff != "" {
					t.Errorf("%s: -directory +server\n%s", shown(line), diff)
				}
			}
		})
	}
}

// upTo is what differs in warnings: the last position that may be seen, and the types that there are.
var upTo = regexp.MustCompile(` up to position [0-9]+|hint: no event has the type.*\n`)

func visibleStream(name string) bool {
	return strings.HasPrefix(name, "order-") || strings.HasPrefix(name, "cart-")
}

// lineOfStream is a random line about one stream that is there, and nothing else.
func (d *differ) lineOfStream() []string {
	name := oneOf(d.r, d.names)
	quoted := `"` + name + `"`
	point := quoted + oneOf(d.r, []string{"", "", "@" + d.small(), "~" + d.small(), "@{" + d.time() + "}"})
	line := []string{oneOf(d.r, []string{"log", "state", "blame", "bisect", "diff", "show", "rev-parse", "grep", "shortlog"})}
	switch line[0] {
	case "show":
		line = append(line, "--json") // the text tells what its commit tracked, of which the rest may be hidden
	case "log":
		d.may(&line, 2, "-p")
		d.may(&line, 3, "--reverse")
		d.may(&line, 3, "-n", d.small())
		d.may(&line, 3, "--effective-at", d.time())
	case "state", "blame":
		d.fold(&line, true)
	case "bisect":
		line = append(line, "--expr", oneOf(d.r, differConditions), "--all")
		d.fold(&line, false)
	case "diff":
		d.fold(&line, true)
		point = quoted + "@" + d.small() + ".." + d.small()
	case "grep":
		d.choose(&line)
		return d.formed(pastOf(line), []string{"due", point})
	case "shortlog":
		d.choose(&line)
	}
	line = pastOf(line)
	return d.formed(line, []string{point})
}

// pastOf is a line without a position for --known-at: where that lies in a commit whose end is hidden, the basis differs.
func pastOf(line []string) []string {
	i := slices.Index(line, "--known-at")
	if i >= 0 && strings.Trim(line[i+1], "0123456789") == "" {
		return slices.Delete(line, i, i+2)
	}
	return line
}

// sameList compares what is shown of the whole store with what of it may be seen.
func (d *differ) sameList() {
	d.t.Helper()
	for _, line := range [][]string{{"log", "--ndjson"}, {"log", "--ndjson", "--reverse"}, {"streams", "--ndjson"}, {"grep", "--ndjson", "e"}} {
		var want []string
		for text := range strings.Lines(d.run(d.differStore.dir, line...).Stdout) {
			var of struct{ Stream string }
			if err := json.Unmarshal([]byte(text), &of); err != nil {
				d.t.Fatal(err)
			}
			if visibleStream(of.Stream) {
				want = append(want, text)
			}
		}
		if got := d.run(d.url, line...); got.Stdout != strings.Join(want, "") || got.Code != exitOK {
			d.t.Errorf("%s: %d %s\n%.2000s\nwant\n%.2000s", shown(line), got.Code, got.Stderr, got.Stdout, strings.Join(want, ""))
		}
	}
}

// showsNothing looks for the names of streams in an answer to one who may not read them.
func (d *differ) showsNothing(line []string) {
	d.t.Helper()
	got := d.run(d.url, line...)
	for _, name := range d.names {
		if visibleStream(name) || len(name) < 4 || name == "plain" || name == "--json" || strings.Contains(strings.Join(line, " "), name) || slices.Contains(differTags, name) || store.IsSystem(name) {
			continue
		}
		if strings.Contains(got.Stdout, name) || strings.Contains(got.Stderr, name) {
			d.t.Errorf("%s shows the stream %s: %d\n%.2000s%.2000s", shown(line), name, got.Code, got.Stdout, got.Stderr)
		}
	}
}
