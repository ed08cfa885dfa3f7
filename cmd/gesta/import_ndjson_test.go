package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
)

// exported is a history with everything that an export can have, and its lines.
func exported(t *testing.T) (*cli, string) {
	t.Helper()
	c := newCLI(t)
	c.orders()
	ctx := t.Context()
	for _, commit := range []store.Commit{
		{Tracking: &store.Tracking{Source: "billing", Position: 7}},
		{Key: "k-2", Tracking: &store.Tracking{Source: "billing", Position: 8}, Events: []store.Event{
			{Stream: "raw-1", Type: "Raw", Data: []byte("{ \"a\" : 1.0 }\n"), Metadata: []byte("[1]")},
			{Stream: "raw-1", Type: "Raw", Data: []byte("\xff\x00"), Metadata: []byte(`{"import":{"old":1},"actor":"x"}`), ContentType: "x/y"},
		}},
	} {
		if _, err := c.store.Append(ctx, commit); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.store.Erase(ctx, store.Erasure{Positions: []store.Position{2}, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	return c, c.ok("export", "ndjson")
}

func (c *cli) imports(stdin string) map[string]any {
	c.t.Helper()
	var doc map[string]any
	out, stderr, code := c.run(c.t.Context(), stdin, "import", "ndjson", "--json")
	if code != exitOK {
		c.t.Fatalf("exit code %d: %s", code, stderr)
	}
	doc = decoded(c.t, out)
	return doc
}

func TestExportIsRestored(t *testing.T) {
	from, lines := exported(t)
	to := newCLI(t)
	doc := to.imports(lines)
	for name, want := range map[string]any{"mode": "restored", "complete": true, "events": 8.0, "commits": 8.0, "appended": 8.0, "present": 0.0} {
		if doc[name] != want {
			t.Errorf("%s is %v, want %v", name, doc[name], want)
		}
	}
	if diff := cmp.Diff(lines, to.ok("export", "ndjson")); diff != "" {
		t.Errorf("export (-from +to):\n%s", diff)
	}
	if diff := cmp.Diff(from.ok("log", "--ndjson"), to.ok("log", "--ndjson")); diff != "" {
		t.Errorf("log (-from +to):\n%s", diff)
	}
	if doc := to.imports(lines); doc["appended"] != 0.0 || doc["present"] != 8.0 || doc["mode"] != "restored" {
		t.Errorf("the second time: %v", doc)
	}
	// The store that was exported is its own beginning.
	if doc := from.imports(lines); doc["appended"] != 0.0 || doc["mode"] != "restored" {
		t.Errorf("into itself: %v", doc)
	}
}

// However far an import came, the next one goes on there.
func TestRestoringGoesOn(t *testing.T) {
	_, lines := exported(t)
	split := strings.SplitAfter(lines, "\n")
	for n := 1; n < len(split)-1; n++ {
		to := newCLI(t)
		cut := strings.Join(split[:n], "") + split[n][:len(split[n])/2] // an export that was cut off in the middle of a line
		if _, stderr, code := to.run(t.Context(), cut, "import", "ndjson"); code != exitUsage || !strings.Contains(stderr, "stdin:") {
			t.Fatalf("cut after %d lines: exit code %d: %s", n, code, stderr)
		}
		to.imports(lines)
		if diff := cmp.Diff(lines, to.ok("export", "ndjson")); diff != "" {
			t.Errorf("cut after %d lines (-want +got):\n%s", n, diff)
		}
		short := strings.Join(split[:n], "")
		fresh := newCLI(t)
		if _, stderr, code := fresh.run(t.Context(), short, "import", "ndjson"); code != exitUsage || !strings.Contains(stderr, "cut off") {
			if n < len(split)-2 || code != exitOK { // the last line is all there
				t.Errorf("%d lines: exit code %d: %s", n, code, stderr)
			}
		}
	}
}

func TestExportIsAppended(t *testing.T) {
	_, lines := exported(t)
	to := newCLI(t)
	to.ok("append", "own-1", "--type", "Own")
	doc := to.imports(lines)
	for name, want := range map[string]any{"mode": "appended", "complete": true, "events": 8.0, "appended": 7.0, "leftOut": 1.0, "unmarked": 1.0} {
		if doc[name] != want {
			t.Errorf("%s is %v, want %v", name, doc[name], want)
		}
	}
	again := to.imports(lines)
	if again["appended"] != 0.0 || again["present"] != 7.0 {
		t.Errorf("the second time: %v", again)
	}
	const id = "0d1e7c1c-0000-4000-8000-000000000001"
	want := []string{
		`{"position":8,"stream":"raw-1","metadata":{"actor":"x","import":{"position":7,"recordedAt":"2026-11-01T10:07:00Z","store":"` + id + `"}}}`,
		`{"position":7,"stream":"raw-1","metadata":[1]}`,
		`{"position":6,"stream":"order-42","metadata":{"import":{"position":5,"recordedAt":"2026-11-01T10:05:00Z","store":"` + id + `"}}}`,
	}
	got := strings.Split(to.ok("log", "-n3", "--ndjson", "--jq", "{position, stream, metadata}"), "\n")
	for i := range want {
		if diff := cmp.Diff(sortedMembers(t, want[i]), sortedMembers(t, got[i])); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for key, first := range map[string]store.Position{"k-1": 4, "k-2": 7, "import:" + id + ":1": 2, "import:" + id + ":5": 6} {
		if r, err := to.store.Lookup(t.Context(), key); err != nil || r.First != first {
			t.Errorf("key %s: %+v, %v; want position %d", key, r, err, first)
		}
	}
	if p, err := to.store.Tracked(t.Context(), "billing"); p != 8 || err != nil {
		t.Errorf("billing is at %d, %v", p, err)
	}
	if got := to.ok("show", "3", "--json", "--jq", "[.items[0].data, .items[0].type, .items[0].erased, .items[0].effectiveAt]"); got != `[null,"Moved",null,"2026-10-31T00:00:00Z"]`+"\n" {
		t.Errorf("the erased event: %s", got)
	}
	if got := to.ok("show", "2", "--json", "--jq", ".items[0].effectiveAt"); got != "2026-11-01T10:01:00Z\n" {
		t.Errorf("took effect at %s", got)
	}
}

func sortedMembers(t *testing.T, text string) any {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return decoded(t, text)
}

// An event that was erased where it comes from after it came is no other event.
func TestExportIsAppendedAfterErasure(t *testing.T) {
	from := newCLI(t)
	from.orders()
	to := newCLI(t)
	to.ok("append", "own-1", "--type", "Own")
	to.imports(from.ok("export", "ndjson"))
	if _, err := from.store.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	lines := from.ok("export", "ndjson")
	if doc := to.imports(lines); doc["appended"] != 0.0 || doc["present"] != 5.0 || doc["unerased"] != 1.0 {
		t.Errorf("the second time: %v", doc)
	}
	if _, err := to.store.Erase(t.Context(), store.Erasure{Positions: []store.Position{2}}); err != nil {
		t.Fatal(err)
	}
	if doc := to.imports(lines); doc["appended"] != 0.0 || doc["present"] != 5.0 || doc["unerased"] != nil {
		t.Errorf("erased here too: %v", doc)
	}
	to.ok("append", "own-1", "--type", "Own", "--key", "k-3")
	from.ok("append", "order-42", "--type", "Own", "--key", "k-3")
	if _, stderr, code := to.run(t.Context(), from.ok("export", "ndjson"), "import", "ndjson"); code != exitConflict || !strings.Contains(stderr, "commit 7 of the export") {
		t.Errorf("a key that is taken: exit code %d: %s", code, stderr)
	}
}

func TestExportIsReadCompressed(t *testing.T) {
	_, lines := exported(t)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, lines); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	to := newCLI(t)
	whole, cut := filepath.Join(to.dir, "a.gz"), filepath.Join(to.dir, "b.gz")
	for name, data := range map[string][]byte{whole: b.Bytes(), cut: b.Bytes()[:b.Len()-20]} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, stderr, code := to.run(t.Context(), "", "import", "ndjson", cut); code != exitUsage || !strings.Contains(stderr, "cut off or damaged") {
		t.Errorf("a file that is cut off: exit code %d: %s", code, stderr)
	}
	to.ok("import", "ndjson", whole)
	if diff := cmp.Diff(lines, to.ok("export", "ndjson")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsNoExportIsRefused(t *testing.T) {
	for name, stdin := range map[string]string{
		"nothing":        "",
		"no header":      `{"position":1,"commit":1,"type":"A","recordedAt":"2026-11-01T10:06:00Z"}`,
		"a later format": `{"export":{"format":2,"store":"x","head":0}}`,
		"no JSON":        "type,at\n",
		"two exports":    `{"export":{"format":1,"head":1}}` + "\n" + `{"export":{"format":1,"head":1}}`,
		"a gap":          `{"export":{"format":1,"head":3}}` + "\n" + `{"position":1,"commit":1,"type":"A","recordedAt":"2026-11-01T10:06:00Z"}`,
	} {
		to := newCLI(t)
		if stdout, stderr, code := to.run(t.Context(), stdin, "import", "ndjson", "--json"); code != exitUsage || stdout != "" || !strings.Contains(stderr, `"line":`) {
			t.Errorf("%s: exit code %d: %s", name, code, stderr)
		}
	}
	to := newCLI(t)
	if _, stderr, code := to.run(t.Context(), "", "import", "ndjson", "nowhere"); code != exitNotFound {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// interrupting ends a context when some of the text has been read.
type interrupting struct {
	io.Reader
	after  int
	cancel context.CancelFunc
}

func (i *interrupting) Read(b []byte) (int, error) {
	n, err := i.Reader.Read(b[:min(len(b), 500)])
	if i.after -= n; i.after < 0 {
		i.cancel()
	}
	return n, err
}

func TestExportImportIsInterrupted(t *testing.T) {
	_, lines := exported(t)
	for _, own := range []bool{false, true} {
		for after := 0; after < len(lines); after += 400 {
			to := newCLI(t)
			if own {
				to.ok("append", "own-1", "--type", "Own")
			}
			ctx, cancel := context.WithCancel(t.Context())
			to.stdin = &interrupting{strings.NewReader(lines), after, cancel}
			out, stderr, code := to.run(ctx, "", "import", "ndjson")
			to.stdin = nil
			if ctx.Err() != nil && code != exitInterrupted {
				t.Fatalf("after %d bytes: exit code %d: %s%s", after, code, out, stderr)
			}
			doc := to.imports(lines)
			appended, _ := doc["appended"].(float64)
			present, _ := doc["present"].(float64)
			if want := map[bool]float64{false: 8, true: 7}[own]; appended+present != want {
				t.Errorf("after %d bytes, own %t: %v", after, own, doc)
			}
			if !own && to.ok("export", "ndjson") != lines {
				t.Errorf("after %d bytes the store is another", after)
			}
		}
	}
}

// A store that has gone on since, or forgotten, is still what came in: an export from before brings nothing back.
func TestOldExportAddsNothing(t *testing.T) {
	from := newCLI(t)
	from.orders()
	old := from.ok("export", "ndjson")
	wantNothing := func(c *cli, what string) {
		t.Helper()
		before := c.ok("export", "ndjson")
		if doc := c.imports(old); doc["mode"] != "restored" || doc["appended"] != 0.0 || doc["present"] != 5.0 || doc["complete"] != true {
			t.Errorf("%s: %v", what, doc)
		}
		if diff := cmp.Diff(before, c.ok("export", "ndjson")); diff != "" {
			t.Errorf("%s (-before +after):\n%s", what, diff)
		}
	}
	from.ok("append", "order-42", "--type", "Later")
	wantNothing(from, "a store that has gone on")
	if _, err := from.store.Erase(t.Context(), store.Erasure{Positions: []store.Position{1, 6}}); err != nil {
		t.Fatal(err)
	}
	wantNothing(from, "a store that has forgotten")
	to := newCLI(t)
	to.imports(from.ok("export", "ndjson"))
	wantNothing(to, "a copy that never knew")
}

// A copy that holds the beginning forgets what the store that it is of has forgotten since.
func TestErasuresAreRestored(t *testing.T) {
	from := newCLI(t)
	from.orders()
	to := newCLI(t)
	to.imports(from.ok("export", "ndjson"))
	from.ok("append", "order-42", "--type", "Later")
	if _, err := from.store.Erase(t.Context(), store.Erasure{Positions: []store.Position{1, 2}}); err != nil {
		t.Fatal(err)
	}
	lines := from.ok("export", "ndjson")
	if doc := to.imports(lines); doc["mode"] != "restored" || doc["appended"] != 3.0 || doc["present"] != 5.0 {
		t.Errorf("%v", doc)
	}
	if diff := cmp.Diff(lines, to.ok("export", "ndjson")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Of two copies that went different ways, one takes in what the other has beyond what they share, and no more: what it has erased stays erased.
func TestCopyThatWentAnotherWay(t *testing.T) {
	from := newCLI(t)
	from.orders()
	to := newCLI(t)
	to.imports(from.ok("export", "ndjson"))
	to.ok("append", "order-9", "--type", "Own")
	from.ok("append", "order-42", "--type", "Later")
	erase := func(c *cli, positions ...store.Position) {
		t.Helper()
		if _, err := c.store.Erase(t.Context(), store.Erasure{Positions: positions}); err != nil {
			t.Fatal(err)
		}
	}
	erase(to, 1)
	erase(from, 2)
	lines := from.ok("export", "ndjson")
	for _, want := range []map[string]any{{"appended": 1.0, "present": 5.0}, {"appended": 0.0, "present": 6.0}} {
		doc := to.imports(lines)
		for name, want := range map[string]any{"mode": "appended", "events": 7.0, "appended": want["appended"], "present": want["present"], "unerased": 1.0, "complete": true} {
			if doc[name] != want {
				t.Errorf("%s is %v, want %v", name, doc[name], want)
			}
		}
	}
	erase(to, 2)
	if doc := to.imports(lines); doc["appended"] != 0.0 || doc["present"] != 6.0 || doc["unerased"] != nil {
		t.Errorf("erased here too: %v", doc)
	}
	want := "1 order-42 1 true\n2 order-42 2 true\n"
	log := to.ok("log", "--reverse", "--ndjson", "--jq", `"\(.position) \(.stream) \(.version) \(.erased != null)"`)
	if !strings.HasPrefix(log, want) || strings.Count(log, "\n") != 7 || !strings.Contains(log, " order-42 ") {
		t.Errorf("the log is\n%s\nwant it to begin with\n%s", log, want)
	}
}

// looking tells what it finds in a directory each time that it is read.
type looking struct {
	io.Reader
	dir  string
	seen func([]os.DirEntry)
}

func (l *looking) Read(b []byte) (int, error) {
	list, err := os.ReadDir(l.dir)
	if err != nil {
		return 0, err
	}
	l.seen(list)
	return l.Reader.Read(b)
}

// What stdin had has no name in the file system while it is kept: whatever ends the import, no events are left lying about.
func TestStdinIsKeptWithoutAName(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file keeps its name")
	}
	_, lines := exported(t)
	to := newCLI(t)
	to.ok("append", "own-1", "--type", "Own")
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	reads := 0
	to.stdin = &looking{strings.NewReader(lines), dir, func(list []os.DirEntry) {
		if reads++; len(list) > 0 {
			t.Errorf("there is %s", list[0].Name())
		}
	}}
	if _, stderr, code := to.run(t.Context(), "", "import", "ndjson"); code != exitOK || reads == 0 {
		t.Errorf("exit code %d after %d reads: %s", code, reads, stderr)
	}
}

// Stores that lose their first events, the one that is exported, the one that takes it in or both, still know what they share.
func TestImportOfTruncatedStores(t *testing.T) {
	const events = 5
	for own := range store.Position(events) {
		for theirs := range store.Position(events) {
			from := newCLI(t)
			add := func(c *cli, commit store.Commit) {
				t.Helper()
				if _, err := c.store.Append(t.Context(), commit); err != nil {
					t.Fatal(err)
				}
			}
			track := func(p uint64) {
				t.Helper()
				add(from, store.Commit{Tracking: &store.Tracking{Source: "input", Position: p}})
			}
			track(1)
			track(2)
			for i := range events {
				add(from, store.Commit{Events: []store.Event{{Stream: fmt.Sprintf("order-%d", i%2), Type: "Set", Data: fmt.Appendf(nil, `{"n":%d}`, i)}}})
				track(uint64(3 + i)) //nolint:gosec // it is small
			}
			to := newCLI(t)
			to.imports(from.ok("export", "ndjson"))
			cut := func(c *cli, through store.Position) {
				t.Helper()
				if first, err := c.store.Truncate(t.Context(), through); through > 0 && (err != nil || first != through+1) {
					t.Fatalf("the store begins with %d, %v", first, err)
				}
			}
			cut(from, theirs)
			cut(to, own)
			want := func(mode string, appended float64) {
				t.Helper()
				doc := to.imports(from.ok("export", "ndjson"))
				gone, _ := doc["truncated"].(float64)
				present, _ := doc["present"].(float64)
				if doc["mode"] != mode || doc["appended"] != appended || doc["events"] != appended+gone+present || gone != float64(max(own, theirs)-theirs) {
					t.Errorf("without %d events, of one without %d: %v, want %s, %v appended", own, theirs, doc, mode, appended)
				}
			}
			want("restored", 0)
			from.ok("append", "order-1", "--type", "Later")
			want("restored", 1)
			to.ok("append", "order-9", "--type", "Own")
			want("restored", 0)
			from.ok("append", "order-2", "--type", "Later")
			if doc := to.imports(from.ok("export", "ndjson")); doc["mode"] != "appended" || doc["appended"] != 1.0 {
				t.Errorf("without %d events, of one without %d that went on: %v", own, theirs, doc)
			}
			if doc := to.imports(from.ok("export", "ndjson")); doc["mode"] != "appended" || doc["appended"] != 0.0 {
				t.Errorf("without %d events, of one without %d, again: %v", own, theirs, doc)
			}
			if log := to.ok("log", "--ndjson", "--json=position"); strings.Count(log, "\n") != int(events-own+3) {
				t.Errorf("without %d events, of one without %d: the log is\n%s", own, theirs, log)
			}
		}
	}
}

// An export that lacks what came first is of another store when what is left is other.
func TestImportOfAnotherTruncatedStore(t *testing.T) {
	from, to := newCLI(t), newCLI(t)
	for _, c := range []*cli{from, to} {
		for range 4 {
			c.ok("append", "order-1", "--type", "Set")
		}
	}
	if _, err := from.store.Truncate(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	lines := from.ok("export", "ndjson")
	for _, want := range []float64{2, 0} {
		if doc := to.imports(lines); doc["mode"] != "appended" || doc["appended"] != want || doc["truncated"] != nil {
			t.Errorf("%v, want %v appended", doc, want)
		}
	}
	from.ok("append", "order-1", "--type", "Set")
	other := newCLI(t)
	other.orders()
	lines = other.ok("export", "ndjson")
	for _, want := range []float64{5, 0} {
		if doc := from.imports(lines); doc["mode"] != "appended" || doc["appended"] != want || doc["truncated"] != nil {
			t.Errorf("into a truncated one: %v, want %v appended", doc, want)
		}
	}
}
