package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// asked is a question in both forms, a JSON document each: a command line, and a path with parameters.
type asked struct {
	args []string
	path string
	form []string // names and values of the parameters
}

func (a *asked) url() string {
	v := url.Values{}
	for i := 0; i < len(a.form); i += 2 {
		v.Set(a.form[i], a.form[i+1])
	}
	return a.path + "?" + v.Encode()
}

// httpGetter serves the folds of the store, with the reducers of one in a directory, and returns what gets a path.
func (c *cli) httpGetter(dir string) func(path string) (status int, body string) {
	c.t.Helper()
	rules := newReducers("", filepath.Join(dir, reducersDir), "", newReducerFiles())
	server := httptest.NewServer(httpapi.New(httpapi.Options{
		Store:  func(context.Context) (store.Store, error) { return c.store, nil },
		Routes: httpapi.Folds(httpapi.FoldOptions{Rules: rules.forRequest, Clock: func() time.Time { return c.now }}),
	}))
	c.t.Cleanup(func() {
		server.Close()
		if err := rules.close(); err != nil {
			c.t.Error(err)
		}
	})
	return func(path string) (int, string) {
		c.t.Helper()
		req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			c.t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			c.t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
}

// sameAnswers asks each question of both faces, about the store as if it were in a directory: the documents are equal byte for byte, and so are the codes, messages and facts of errors.
func (c *cli) sameAnswers(dir string, get func(string) (int, string), questions []asked) {
	c.t.Helper()
	for _, a := range questions {
		stdout, stderr, code := c.run(c.t.Context(), "", append([]string{"--store", dir, "--json"}, a.args...)...)
		status, body := get(a.url())
		want, got := stdout, body
		if code != exitOK {
			want, got = problemOf(c.t, stderr), problemOf(c.t, body)
		}
		if diff := cmp.Diff(want, got); diff != "" || (code == exitOK) != (status == http.StatusOK) {
			c.t.Errorf("gesta %s: exit code %d; GET %s: %d; -CLI +HTTP\n%s", strings.Join(a.args, " "), code, a.url(), status, diff)
		}
	}
}

// problemOf returns what both faces say of an error, hints aside: those of the command line speak of it.
func problemOf(t *testing.T, text string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var in struct {
		problem
		Detail string
		Error  problem
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &in); err != nil { // warnings come before
		t.Fatalf("%v: %s", err, text)
	}
	if in.Error.Code != "" {
		in.problem = in.Error
	} else {
		in.Message = in.Detail
	}
	out, err := json.Marshal(in.problem)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// problem is what an error says wherever it is told.
type problem struct {
	Code, Message, File, Stream string
	Line                        int64
	Position                    store.Position
}

// The same question asked of the command line and of the server gives the same answer.
func TestFoldsAreTheSameOverHTTP(t *testing.T) {
	c, dir := newCLI(t), t.TempDir()
	c.orders()
	c.ok("append", "order-42", "--type", "Packed", "--data", `{"items":[{"sku":"S-1","qty":2},{"sku":"S-2","qty":1}],"note":"a<b & \u00e9"}`)
	c.ok("append", "order-42", "--type", "Corrected", "--data", `{"items":[{"sku":"S-2","qty":1}]}`, "--metadata", `{"supersedes":["0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"]}`)
	c.ok("append", "cart-1", "--type", "Added", "--data", `{"n":1}`, "--tag", "customer:c-77")
	c.ok("append", "cart-1", "--type", "Stopped", "--data", `{}`)
	long := strings.Repeat("c", 300) + "-1" // its category can be no name of a file
	c.ok("append", long, "--type", "Added", "--data", `{"n":1}`)
	for name, text := range map[string]string{
		"order.js": `when({ $init: () => ({ n: 0 }), Placed(s, e) { s.n++ }, Paid(s, e) { s.n++; s.paid = true } })`,
		"stop.js":  `when({ Stopped(s, e) { throw new Error("no more") } })`,
	} {
		if err := os.MkdirAll(filepath.Join(dir, reducersDir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, reducersDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plain := []string{"reducer", "mergepatch"}
	var questions []asked
	ask := func(verb string, targets []string, flags ...string) {
		a := asked{args: append([]string{verb}, targets...), path: "/v1/" + verb}
		if a.form = []string{"target", targets[0]}; verb == "diff" {
			a.form = []string{"from", targets[0], "to", targets[1]}
		}
		for i := 0; i < len(flags); i += 2 {
			value := flags[i+1]
			name := map[string]string{"knownAt": "known-at", "effectiveAt": "effective-at", "arrayKey": "array-key"}[flags[i]]
			if name == "" {
				name = flags[i]
			}
			a.args, a.form = append(a.args, "--"+name+"="+value), append(a.form, flags[i], value)
		}
		questions = append(questions, a)
	}
	for _, verb := range []string{"state", "blame"} {
		for _, target := range []string{
			"order-42", "order-42@2", "order-42~1", "order-42@{2026-11-01T10:02:30Z}", "5:order-42", "tag:customer:c-77", "tag:customer:c-77@2", "order-7", "cart-1",
			"order-9", "order-42@9", "tag:nothing", "HEAD", "3", "order-42@1..2", "order-42@{soon}", long,
		} {
			ask(verb, []string{target})
			ask(verb, []string{target}, plain...)
		}
		for _, flags := range [][]string{
			{"path", "items[0].sku"},
			{"path", "/items/0/sku"},
			{"path", "nowhere"},
			{"path", "note", "knownAt", "6"},
			{"knownAt", "2"},
			{"knownAt", "0"},
			{"knownAt", "99"},
			{"knownAt", "2026-11-01T10:02:00Z"},
			{"knownAt", "yesterday"},
			{"effectiveAt", "2026-11-01"},
			{"effectiveAt", "2026-12-01"},
			{"effectiveAt", "2026-12-01", "knownAt", "5"},
			{"effectiveAt", "2025-12-01"},
		} {
			ask(verb, []string{"order-42"}, append(flags, plain...)...)
		}
		ask(verb, []string{"order-42"}, "reducer", "order")
		ask(verb, []string{"cart-1"}, "reducer", "stop")
	}
	ask("blame", []string{"order-42"}, append(plain, "arrayKey", "sku")...)
	ask("blame", []string{"order-42"}, append(plain, "path", `items[sku="S-2"]`)...)
	ask("blame", []string{"order-42"}, append(plain, "reverse", "true")...)
	for _, points := range [][]string{
		{"order-42@1", "order-42"},
		{"order-42", "order-42@1"},
		{"order-42", "order-42"},
		{"order-42", "order-7"},
		{"tag:customer:c-77@1", "order-42"},
		{"order-42@0", "order-42"},
		{"1", "HEAD"},
		{"HEAD", "1"},
		{"0", "HEAD"},
		{"@{2026-11-01T10:02:00Z}", "HEAD"},
		{"order-42", "order-9"},
		{"order-42", "3"},
		{"1", "99"},
		{"order-42@1..2", "order-42"},
	} {
		ask("diff", points)
		ask("diff", points, append(plain, "knownAt", "5")...)
		ask("diff", points, append(plain, "effectiveAt", "2026-12-01")...)
		ask("diff", points, append(plain, "path", "items", "arrayKey", "sku")...)
	}
	ask("diff", []string{"cart-1@1", "cart-1@2"}, "reducer", "stop")
	get := c.httpGetter(dir)
	c.sameAnswers(dir, get, questions)
	for path, want := range map[string]string{ // what is asked about is there
		"/v1/state?target=order-42&reducer=order":                              `"state":{"n":2,"paid":true}`,
		"/v1/state?target=order-42":                                            `"reducer":"javascript/1:`,
		"/v1/state?target=" + long:                                             `"state":{"n":1}`,
		"/v1/diff?from=1&to=HEAD":                                              `"reducer":"order=javascript/1:`,
		"/v1/state?target=order-42&reducer=mergepatch&effectiveAt=2026-12-01":  `"ignoredSupersedes":[7]`,
		"/v1/blame?target=order-42&reducer=mergepatch&effectiveAt=2026-12-01":  `"ignoredSupersedes":[7]`,
		"/v1/blame?target=order-42&reducer=mergepatch&arrayKey=sku":            `"path":"/items/[sku=\"S-2\"]/qty"`,
		"/v1/diff?from=order-42@1&to=order-42&reducer=mergepatch&arrayKey=sku": `"path":"/items/[sku=\"S-2\"]/qty"`,
	} {
		if status, body := get(path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("GET %s: %d\n%s\nwant %s in it", path, status, body, want)
		}
	}
}

// What was truncated away is missed by both faces, and a difference between two points of the store says how many streams it left out.
func TestTruncatedFoldsAreTheSameOverHTTP(t *testing.T) {
	c, dir := truncatedCLI(t), t.TempDir()
	var questions []asked
	for _, target := range []string{"order-1", "tag:old", "tag:new", "order-9", "order-2", "order-1@2", "tag:old@1", "order-2@1"} {
		for _, verb := range []string{"state", "blame"} {
			questions = append(questions, asked{[]string{verb, target}, "/v1/" + verb, []string{"target", target}})
		}
	}
	for _, points := range [][]string{{"order-1@3", "order-1@4"}, {"tag:old", "order-2"}, {"2", "HEAD"}, {"4", "HEAD"}, {"5", "HEAD"}, {"5", "7"}} {
		questions = append(questions, asked{append([]string{"diff"}, points...), "/v1/diff", []string{"from", points[0], "to", points[1]}})
	}
	get := c.httpGetter(dir)
	c.sameAnswers(dir, get, questions)
	if _, body := get("/v1/diff?from=5&to=HEAD"); !strings.Contains(body, `"truncatedStreams":1}`) {
		t.Errorf("the difference says %s", body)
	}
}

// A request names a reducer of the store, and no file. What there is not is not remembered.
func TestReducersForRequests(t *testing.T) {
	c, dir := newCLI(t), t.TempDir()
	c.orders()
	if err := os.MkdirAll(filepath.Join(dir, reducersDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "outside.js"), []byte(`when({})`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newReducers("", filepath.Join(dir, reducersDir), dir, newReducerFiles())
	for _, name := range []string{"order", "outside.js", "../outside", filepath.Join(dir, "outside"), "..", ".", strings.Repeat("r", 300)} {
		if rules, err := r.forRequest(t.Context(), name); !errors.Is(err, store.ErrNotFound) || rules != nil {
			t.Errorf("forRequest(%q) = %v, %v; want none", name, rules, err)
		}
	}
	if n := len(r.found) + len(r.files.now) + len(r.files.open); n != 0 {
		t.Errorf("%d names are remembered", n)
	}
	if rules, err := newReducers("", "", "", newReducerFiles()).forRequest(t.Context(), "order"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("forRequest of a store without a directory = %v, %v", rules, err)
	}
}

// TestReducersThatChange changes the reducer of a category while a server serves: the next request folds by the new one, one that is under way by that which it began with, and
// what nobody has any more is freed.
func TestReducersThatChange(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "order.js")
	written := time.Now().Add(-time.Hour) // not just before it is read
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		written = written.Add(time.Minute)
		if err := os.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
	}
	r := newReducers("", dir, "", newReducerFiles())
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	identity := func(ctx context.Context, name string) string {
		t.Helper()
		rules, err := r.forRequest(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		rule, err := rules.Choose(ctx, "order-1")
		if err != nil {
			t.Fatal(err)
		}
		return rule.Identity()
	}
	before := identity(t.Context(), "")
	if before != reducer.MergePatchIdentity {
		t.Errorf("without a file it is %s", before)
	}
	write(`when({})`)
	ctx, done := context.WithCancel(t.Context())
	underWay, err := r.forRequest(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	first, err := underWay.Choose(ctx, "order-1")
	if err != nil {
		t.Fatal(err)
	}
	if got := identity(ctx, "order"); got != first.Identity() || got == before {
		t.Errorf("by name it is %s, by category %s; want the same of the file", got, first.Identity())
	}
	write(`when({ Placed: (state) => state })`)
	if got := identity(ctx, ""); got == first.Identity() {
		t.Error("a file that changed counts as it was")
	}
	if again, err := underWay.Choose(ctx, "order-1"); err != nil || again.Identity() != first.Identity() {
		t.Errorf("what is under way goes on with %v, %v; want what it began with", again, err)
	}
	open := func() int {
		r.files.mu.Lock()
		defer r.files.mu.Unlock()
		return len(r.files.open)
	}
	if n := open(); n != 2 {
		t.Errorf("%d reducers are open; want the old one and the new one", n)
	}
	done()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for end := time.After(20 * time.Second); open() != 1; {
		select {
		case <-poll.C:
		case <-end:
			t.Fatalf("%d reducers are open; want the new one alone", open())
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := identity(t.Context(), ""); got != before || open() != 0 {
		t.Errorf("without the file it is %s, and %d are open", got, open())
	}
	for n := range 2 * mostFound {
		rules, err := r.forRequest(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rules.Choose(t.Context(), fmt.Sprintf("category%d-1", n)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.found) + len(r.files.now); n != 0 {
		t.Errorf("%d categories are remembered", n)
	}
}
