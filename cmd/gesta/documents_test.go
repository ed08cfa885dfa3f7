package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// shape is what is known of a JSON object: its members in order, those that may be missing marked with ?, and the shapes
// of what is in them.
type shape struct {
	members string
	inner   map[string]shape // of an object, or of each object in a list
	any     bool             // members are data, not ours
}

var (
	basisShape    = shape{members: "store? branch head knownAt? effectiveAt? reducer?"}
	trackingShape = shape{members: "source position"}
	eventShape    = shape{
		members: "position commit id? stream? version? type schemaVersion? contentType? tags? recordedAt effectiveAt? erased? " +
			"data? dataBase64? metadata? metadataBase64? key? tracking?",
		inner: map[string]shape{"data": {any: true}, "metadata": {any: true}, "erased": {members: "position"}, "tracking": trackingShape},
	}
	changeShape  = shape{members: "op path old? new?"}
	changedShape = shape{members: eventShape.members + " late? changes", inner: map[string]shape{
		"data": {any: true}, "metadata": {any: true}, "erased": {members: "position"}, "tracking": trackingShape, "changes": changeShape,
	}}
	placeShape = shape{members: "target? stream? version position"}
	diffShape  = shape{members: "from to events changes", inner: map[string]shape{"from": placeShape, "to": placeShape, "changes": changeShape}}
	mention    = " position id? stream? version? type recordedAt effectiveAt? actor?"
	guardShape = shape{members: "streamAt? streamExists? noneMatch?", inner: map[string]shape{
		"streamAt": {members: "stream version"}, "streamExists": {members: "stream"},
		"noneMatch": {members: "query after?", inner: map[string]shape{"query": {members: "stream? category? types? tags?"}}},
	}}
	errorShape = shape{members: "error", inner: map[string]shape{"error": {
		members: "code message hint? failed? file? line? offset? position? stream?",
		inner: map[string]shape{"failed": {
			members: "guard actualVersion? events complete", inner: map[string]shape{"guard": guardShape, "events": eventShape},
		}},
	}}}
)

// documents are the documents that programs rely on, by the command that prints them.
var documents = []struct {
	name  string
	args  []string
	shape shape
}{
	{"log", []string{"log"}, items(eventShape)},
	{"log of a stream", []string{"log", "order-42", "--known-at", "2026-11-01T10:02Z", "--effective-at", "2026-12-01"}, items(eventShape)},
	{"log at a position", []string{"log", "--known-at", "3"}, items(eventShape)},
	{"log of nothing", []string{"log", "--type", "Never"}, items(eventShape)},
	{"log -p", []string{"log", "-p"}, items(changedShape)},
	{"log -S", []string{"log", "-S", "due=0"}, items(changedShape)},
	{"diff", []string{"diff", "order-42@1..3"}, items(diffShape)},
	{"diff of tags", []string{"diff", "tag:customer:c-77@1", "order-42"}, items(diffShape)},
	{"diff of the store", []string{"diff", "1..5"}, document("from to items", map[string]shape{
		"from": {members: "position"}, "to": {members: "position"}, "items": diffShape,
	})},
	{"blame", []string{"blame", "order-42"}, document("target version items", map[string]shape{"items": {members: "path value" + mention + " late?"}})},
	{"blame --reverse", []string{"blame", "order-42", "--reverse"}, document("target version items", map[string]shape{"items": {members: "path value" + mention + " late?"}})},
	{"show", []string{"show", "order-42@1"}, items(eventShape)},
	{"show a commit", []string{"show", "4", "--commit"}, items(eventShape)},
	{"state", []string{"state", "order-42"}, document("target stream? version position events skipped state", map[string]shape{"state": {any: true}})},
	{"state of a tag", []string{"state", "tag:customer:c-77"}, document("target version position events skipped state", map[string]shape{"state": {any: true}})},
	{"state at a path", []string{"state", "order-42", "--path", "due"}, document("target stream version position events skipped value", nil)},
	{"at", []string{"at", "2026-11-01T10:02Z", "order-42"}, document("target stream version position events skipped state", map[string]shape{"state": {any: true}})},
	{"streams", []string{"streams"}, items(shape{members: "stream version lastPosition lastRecordedAt"})},
	{"types", []string{"types"}, items(shape{members: "type events"})},
	{"stats", []string{"stats"}, document("events streams types tags commits systemEvents late bytes segments clockBehindUs "+
		"firstRecordedAt? lastRecordedAt? firstEffectiveAt? lastEffectiveAt?", map[string]shape{"bytes": {members: "log index"}})},
	{"check", []string{"check"}, document("ok events files problems", map[string]shape{"problems": {members: "code file offset position? message repaired?"}})},
	{"version", []string{"version"}, storeless("version go os arch", nil)},
	{"explain", []string{"explain", "conflict"}, storeless("items", map[string]shape{"items": {members: "code exit http? summary when next"}})},
	{"config", []string{"config"}, storeless("items", map[string]shape{"items": {members: "name value from"}})},
}

// storeless is the document of a command that looks at no store: its basis is empty.
func storeless(members string, inner map[string]shape) shape {
	s := document(members, inner)
	s.inner["basis"] = shape{}
	return s
}

func document(members string, inner map[string]shape) shape {
	all := map[string]shape{"basis": basisShape}
	maps.Copy(all, inner)
	return shape{members: "basis " + members, inner: all}
}

func items(item shape) shape { return document("items", map[string]shape{"items": item}) }

// check holds a JSON value against a shape: the members that must be there are, in order, none is unknown, and none is null.
func (s shape) check(path string, raw json.RawMessage) error {
	if s.any {
		return nil
	}
	if raw[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		for i, element := range list {
			if err := s.check(fmt.Sprintf("%s[%d]", path, i), element); err != nil {
				return err
			}
		}
		return nil
	}
	known := strings.Fields(s.members)
	var err error
	walkErr := eachMember(raw, func(name string, value json.RawMessage) {
		at := slices.IndexFunc(known, func(k string) bool { return strings.TrimSuffix(k, "?") == name })
		switch {
		case err != nil:
			return
		case at < 0:
			err = fmt.Errorf("%s has a member %q here, which is unknown or out of order", path, name)
			return
		}
		for _, k := range known[:at] {
			if !strings.HasSuffix(k, "?") {
				err = fmt.Errorf("%s lacks the member %q", path, k)
			}
		}
		known = known[at+1:]
		inner, composed := s.inner[name]
		switch {
		case string(value) == "null":
			err = fmt.Errorf("%s.%s is null", path, name)
		case composed && err == nil:
			err = inner.check(path+"."+name, value)
		case value[0] == '{':
			err = fmt.Errorf("%s.%s is an object that nothing is known of", path, name)
		}
	})
	if walkErr != nil {
		return walkErr
	}
	for _, k := range known {
		if err == nil && !strings.HasSuffix(k, "?") {
			err = fmt.Errorf("%s lacks the member %q", path, k)
		}
	}
	return err
}

func TestDocuments(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			text := c.ok(append(d.args, "--json")...)
			if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, `{"basis":{`) {
				t.Fatalf("not one document that begins with its basis: %s", text)
			}
			if err := d.shape.check("document", json.RawMessage(text)); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// A member that a document can have and has not is left out, whatever the data; one that it cannot have is an error.
func TestFields(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for line, want := range map[string]string{
		"state order-42 --json=ignoredSupersedes":             "",
		"state order-42 --json=ignoredSupersedes,version":     `,"version":3`,
		"state order-42 --json=value":                         "",
		"state order-42 --json=state,value --path due":        `,"value":0`,
		"state tag:customer:c-77 --json=stream,events":        `,"events":2`,
		"bisect run order-42 --json=candidates -- false":      "",
		"bisect run order-42 --json=assumed,skipped -- false": `,"skipped":[]`,
	} {
		got, stderr, code := c.run(t.Context(), "", strings.Fields(line)...)
		_, rest, _ := strings.Cut(got, "}")
		if code != exitOK || rest != want+"}\n" {
			t.Errorf("gesta %s: exit code %d, %s%s", line, code, got, stderr)
		}
	}
	_, stderr, code := c.run(t.Context(), "", "state", "order-42", "--json=version,colour")
	if want := `"hint":"there are: target, stream, version, position, events, skipped, state, value, ignoredSupersedes"`; code != exitUsage || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	_, stderr, code = c.run(t.Context(), "", "stats", "--json=firstrecordedAt")
	if code != exitUsage || !strings.Contains(stderr, "did you mean firstRecordedAt?") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// An event that took effect before an earlier one of its stream says so, and no other does.
func TestLateInDocuments(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for line, want := range map[string]string{
		"blame order-42": "[[2,true],[1,null],[5,null]]\n",
		"bisect --expr event.version==2 order-42 --all": "[[2,true],[5,null]]\n",
		"log -p order-42":                     "[[5,null],[2,true],[1,null]]\n",
		"log -S city":                         "[[2,true]]\n",
		"log -p --reverse":                    "[[1,null],[2,true],[3,null],[4,null],[5,null]]\n",
		"blame order-42 --json=late,position": "[[2,true],[1,null],[5,null]]\n",
	} {
		if got := c.ok(append(strings.Fields(line), "--jq", "[.items[]|[.position,.late]]")...); got != want {
			t.Errorf("gesta %s: %s; want %s", line, got, want)
		}
	}
}

// Under --ndjson each item is a line of its own, the same as in the document.
func TestLines(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for _, args := range [][]string{{"log"}, {"log", "-p"}, {"show", "1"}, {"streams"}, {"types"}, {"diff", "0..5"}, {"blame", "order-42"}} {
		var doc struct {
			Items []json.RawMessage `json:"items"`
		}
		if err := json.Unmarshal([]byte(c.ok(append(args, "--json")...)), &doc); err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for _, item := range doc.Items {
			want.Write(append(item, '\n'))
		}
		if got := c.ok(append(args, "--ndjson")...); got != want.String() || got == "" {
			t.Errorf("gesta %s --ndjson prints\n%s\nwant\n%s", strings.Join(args, " "), got, want.String())
		}
	}
}

func TestErrorDocument(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for _, args := range [][]string{
		{"append", "order-42", "--type", "A", "--expect", "1", "--if-none", "type=Paid", "--json"},
		{"append", "order-9", "--type", "A", "--expect", "exists", "--ndjson"},
		{"append", "order-9", "--type", "A", "--key", "k-1", "--json"},
		{"state", "nobody", "--json"},
		{"log", "--nonsense", "--json"},
		{"nonsense", "--ndjson"},
		{"show", "99", "--jq", "."},
	} {
		stdout, stderr, code := c.run(t.Context(), "", args...)
		if code == exitOK || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Fatalf("gesta %v: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
		if err := errorShape.check("document", json.RawMessage(stderr)); err != nil {
			t.Errorf("gesta %v: %v\n%s", args, err, stderr)
		}
	}
}

// The shapes must be able to fail.
func TestShape(t *testing.T) {
	s := items(shape{members: "type events"})
	const basis = `{"basis":{"branch":"main","head":1},`
	for text, ok := range map[string]bool{
		basis + `"items":[{"type":"A","events":1}]}`:       true,
		basis + `"items":[]}`:                              true,
		basis + `"items":[{"type":"A"}]}`:                  false,
		basis + `"items":[{"events":1,"type":"A"}]}`:       false,
		basis + `"items":[{"type":"A","events":1,"x":1}]}`: false,
		basis + `"items":[{"type":null,"events":1}]}`:      false,
		basis + `"items":null}`:                            false,
		basis + `"items":[{"type":{"a":1},"events":1}]}`:   false,
		`{"items":[]}`: false,
		`{"items":[],"basis":{"branch":"main","head":1}}`:          false,
		`{"basis":{"branch":"main"},"items":[]}`:                   false,
		`{"basis":{"head":1,"branch":"main"},"items":[]}`:          false,
		`{"basis":{"branch":"main","head":1},"items":[],"more":1}`: false,
	} {
		if err := s.check("document", json.RawMessage(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
