package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// serveUmaDB serves a store by UmaDB's protocol and returns its address.
func serveUmaDB(t *testing.T, s store.Store) string {
	t.Helper()
	service := umadb.New(umadb.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	server := grpc.NewServer(umadb.ServerOptions()...)
	service.Register(server)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		service.Close()
		server.Stop()
		<-ended
	})
	return l.Addr().String()
}

// copying is an UmaDB and a store that it is imported into, again and again.
type copying struct {
	t      *testing.T
	target store.Store
	e      *env
	out    bytes.Buffer
	addr   string
	flags  umadbFlags
}

func newCopying(t *testing.T, addr string, target store.Store) *copying {
	t.Helper()
	c := &copying{t: t, target: target, addr: addr, flags: umadbFlags{name: "uma"}}
	c.e = &env{
		stdin: strings.NewReader(""), stdout: &c.out, stderr: &c.out, getenv: func(string) string { return "" },
		clock: time.Now, zone: time.UTC, dir: t.TempDir(),
	}
	c.e.global.json.set = true
	return c
}

func (c *copying) run(ctx context.Context) error {
	c.t.Helper()
	c.out.Reset()
	client, _, err := c.e.umadbClient("http://"+c.addr, &c.flags)
	if err != nil {
		c.t.Fatal(err)
	}
	return errors.Join(c.e.copyUmaDB(ctx, c.target, client, "http://"+c.addr, &c.flags), client.Close())
}

// want runs the import and compares members of its summary.
func (c *copying) want(summary string) {
	c.t.Helper()
	if err := c.run(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	if !strings.Contains(c.out.String(), summary) {
		c.t.Errorf("summary %s; want %s", &c.out, summary)
	}
}

// wantCode runs the import, which must fail.
func (c *copying) wantCode(code eventjson.Code, position store.Position, text string) {
	c.t.Helper()
	err := c.run(c.t.Context())
	if d := eventjson.Describe(err); d.Code != code || d.Position != position || !strings.Contains(d.Message, text) {
		c.t.Errorf("%s at %d: %s; want %s at %d with %q", d.Code, d.Position, d.Message, code, position, text)
	}
}

// umadbLines are the events of a store in a form that is compared.
func umadbLines(t *testing.T, s store.Store) []string {
	t.Helper()
	var out []string
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		tracking := ""
		if r.Tracking != nil {
			tracking = fmt.Sprintf(" %s=%d", r.Tracking.Source, r.Tracking.Position)
		}
		out = append(out, fmt.Sprintf("%d %s %q %q %s %q %s%s", r.Position, r.Type, r.Tags, r.Data, r.ContentType, r.ID, r.Metadata, tracking))
	}
	return out
}

func appendTo(t *testing.T, s store.Store, commits ...store.Commit) {
	t.Helper()
	for _, c := range commits {
		if _, err := s.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

// manyEvents appends n commits of one event each.
func manyEvents(t *testing.T, s store.Store, n int) {
	t.Helper()
	for i := range n {
		appendTo(t, s, store.Commit{Events: []store.Event{{Type: "E", Data: fmt.Appendf(nil, "%d", i)}}})
	}
}

func TestImportUmaDB(t *testing.T) {
	s, target := newMemory(t), newMemory(t)
	appendTo(t, s,
		store.Commit{Events: []store.Event{
			{Type: "Opened", Tags: []string{"a", "ü:1", "a"}, Data: []byte(`{"n": 1.50}`), ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", Metadata: []byte(`{"k":"v","":"","umadb":[{"index":1,"key":"import","value":"x"}]}`)},
			{Type: "Paid", Data: []byte{0, 255}, ContentType: "application/octet-stream"},
		}, Tracking: &store.Tracking{Source: "in", Position: 7}},
		store.Commit{Events: []store.Event{{Type: "Closed"}}, Tracking: &store.Tracking{Source: "in", Position: 8}},
		store.Commit{Events: []store.Event{{Type: "Closed"}}},
	)
	c := newCopying(t, serveUmaDB(t, s), target)
	c.want(`"name":"uma","head":4,"complete":true,"appended":4,"present":0,"bad":0,"untracked":0,"positionsKept":true}`)
	want := []string{
		`1 Opened ["a" "ü:1" "a"] "{\"n\": 1.50}"  "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11" {"k":"v","":"","umadb":[{"index":1,"key":"import","value":"x"}],"import":{"store":"uma","position":1}}`,
		`2 Paid [] "\x00\xff" application/octet-stream "" {"import":{"store":"uma","position":2}} in=7`,
		`3 Closed [] ""  "" {"import":{"store":"uma","position":3}} in=8`,
		`4 Closed [] ""  "" {"import":{"store":"uma","position":4}}`,
	}
	if diff := cmp.Diff(want, umadbLines(t, target)); diff != "" {
		t.Error(diff)
	}
	c.want(`"appended":0,"present":4,"bad":0,"untracked":0,"positionsKept":true}`)
	manyEvents(t, s, 3)
	c.want(`"head":7,"complete":true,"appended":3,"present":4,"bad":0,"untracked":0,"positionsKept":true}`)
	keys, _ := store.As[store.Keys](target)
	if r, err := keys.Lookup(t.Context(), "import:uma:6"); err != nil || r.First != 6 || r.Last != 6 {
		t.Errorf("import:uma:6 is at %d to %d, %v", r.First, r.Last, err)
	}
	if head, err := target.Head(t.Context()); head != 7 || err != nil {
		t.Errorf("head %d, %v; want 7", head, err)
	}
}

// TestImportUmaDBShown reads what was imported as a client of UmaDB reads it: it is what the source shows.
func TestImportUmaDBShown(t *testing.T) {
	s, target := newMemory(t), newMemory(t)
	appendTo(t, s,
		store.Commit{Events: []store.Event{{Type: "A", Metadata: []byte(`{"z":"1","a":"2","umadb":[{"index":0,"key":"actor","value":"ada"},{"index":3,"key":"umadb","value":"u"}]}`)}}},
		store.Commit{Events: []store.Event{{Type: "B", Data: []byte(`[]`), Tags: []string{"t"}, ID: "00000000-0000-0000-0000-000000000000"}}, Tracking: &store.Tracking{Source: "in", Position: 1}},
	)
	from, to := serveUmaDB(t, s), serveUmaDB(t, target)
	newCopying(t, from, target).want(`"complete":true,"appended":2,`)
	if diff := cmp.Diff(shownBy(t, from), shownBy(t, to)); diff != "" {
		t.Error(diff)
	}
}

// shownBy lists what clients of UmaDB see of a server.
func shownBy(t *testing.T, addr string) []string {
	t.Helper()
	client, err := umadb.NewClient(umadb.ClientOptions{Target: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	head, err := client.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for r, err := range client.Read(t.Context(), 0, head) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s %q %q %q %s %v", r.Position, r.Type, r.Tags, r.Data, r.ID, r.Metadata, r.Tracking))
	}
	return out
}

// TestImportUmaDBIntoOthers imports into a store that has other events and was tracked further.
func TestImportUmaDBIntoOthers(t *testing.T) {
	s, target := newMemory(t), newMemory(t)
	appendTo(t, target, store.Commit{Events: []store.Event{{Type: "other"}}, Tracking: &store.Tracking{Source: "in", Position: 2}})
	for p := range uint64(3) {
		appendTo(t, s, store.Commit{Events: []store.Event{{Type: "A"}}, Tracking: &store.Tracking{Source: "in", Position: p + 1}})
	}
	c := newCopying(t, serveUmaDB(t, s), target)
	c.want(`"complete":true,"appended":3,"present":0,"bad":0,"untracked":2,"positionsKept":false}`)
	want := []string{
		`1 other [] ""  ""  in=2`,
		`2 A [] ""  "" {"import":{"store":"uma","position":1,"tracking":{"source":"in","position":1}}}`,
		`3 A [] ""  "" {"import":{"store":"uma","position":2,"tracking":{"source":"in","position":2}}}`,
		`4 A [] ""  "" {"import":{"store":"uma","position":3}} in=3`,
	}
	if diff := cmp.Diff(want, umadbLines(t, target)); diff != "" {
		t.Error(diff)
	}
	c.want(`"complete":true,"appended":0,"present":3,"bad":0,"untracked":0,"positionsKept":false}`)
}

// TestImportUmaDBHoles imports from a server with positions that it does not show.
func TestImportUmaDBHoles(t *testing.T) {
	s, target := newMemory(t), newMemory(t)
	appendTo(t, s,
		store.Commit{Events: []store.Event{{Type: "A"}}}, store.Commit{Events: []store.Event{{Stream: "$users", Type: "B"}}},
		store.Commit{Events: []store.Event{{Type: "C"}}}, store.Commit{Events: []store.Event{{Stream: "$users", Type: "D"}}})
	c := newCopying(t, serveUmaDB(t, s), target)
	for _, want := range []string{`"appended":2,"present":0,`, `"appended":0,"present":2,`} {
		c.want(`"complete":true,` + want + `"bad":0,"untracked":0,"positionsKept":false}`)
	}
}

// small is a store that takes only small events.
type small struct{ *memory.Store }

func (small) Limits() store.Limits {
	l := store.DefaultLimits()
	l.EventBytes = 400
	return l
}

func TestImportUmaDBBad(t *testing.T) {
	s, target := newMemory(t), newMemory(t)
	manyEvents(t, s, 2)
	appendTo(t, s, store.Commit{Events: []store.Event{{Type: "large", Data: bytes.Repeat([]byte("1"), 400)}}})
	manyEvents(t, s, 2)
	c := newCopying(t, serveUmaDB(t, s), small{target})
	c.wantCode(eventjson.CodeTooLarge, 3, "position 3 of UmaDB")
	if head, err := target.Head(t.Context()); head != 2 || err != nil {
		t.Errorf("head %d, %v; want that what was before it was taken in", head, err)
	}
	c.flags.skipBad = 1
	c.want(`"complete":true,"appended":2,"present":2,"bad":1,"badEvents":[{"position":3,"problem":`)
	if !strings.Contains(c.out.String(), `{"warning":{"message":"position 3 of UmaDB: `) || !strings.Contains(c.out.String(), `"positionsKept":false`) {
		t.Errorf("output %s; want a warning, and that positions differ", &c.out)
	}
	c.want(`"complete":true,"appended":0,"present":4,"bad":1,`)
}

// TestImportUmaDBGoesOn interrupts an import after each number of events. The store is in the end what it would have been.
func TestImportUmaDBGoesOn(t *testing.T) {
	s, whole := newMemory(t), newMemory(t)
	const commits = 6
	for i := range uint64(commits) {
		appendTo(t, s, store.Commit{Events: []store.Event{{Type: "A"}, {Type: "B"}, {Type: "C"}}, Tracking: &store.Tracking{Source: "in", Position: i + 1}})
	}
	addr := serveUmaDB(t, s)
	newCopying(t, addr, whole).want(`"complete":true,"appended":18,`)
	for n := 1; n <= 17; n++ {
		ctx, cancel := context.WithCancel(t.Context())
		target := newMemory(t)
		c := newCopying(t, addr, &interrupted{Store: target, left: n, cancel: cancel})
		if err := c.run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted after %d: %v", n, err)
		}
		head, err := target.Head(t.Context())
		if err != nil || int(head) < n || !strings.Contains(c.out.String(), fmt.Sprintf(`"complete":false,"appended":%d,`, head)) {
			t.Errorf("interrupted after %d: head %d, %v, %s", n, head, err, &c.out)
		}
		c.want(fmt.Sprintf(`"complete":true,"appended":%d,"present":%d,`, 18-head, head))
		if diff := cmp.Diff(umadbLines(t, whole), umadbLines(t, target)); diff != "" {
			t.Errorf("interrupted after %d: %s", n, diff)
		}
		cancel()
	}
}

// counting counts the commits that were started.
type counting struct {
	*memory.Store
	started int
}

func (s *counting) Start(ctx context.Context, c store.Commit) func() (store.Result, error) {
	s.started++
	return s.Store.Start(ctx, c)
}

// TestImportUmaDBAgain does not begin anew where an import ended long ago.
func TestImportUmaDBAgain(t *testing.T) {
	s, target := newMemory(t), &counting{Store: newMemory(t)}
	const n = maxFlight + 500
	manyEvents(t, s, n)
	c := newCopying(t, serveUmaDB(t, s), target)
	c.want(fmt.Sprintf(`"complete":true,"appended":%d,"present":0,`, n))
	target.started = 0
	manyEvents(t, s, 10)
	c.want(fmt.Sprintf(`"complete":true,"appended":10,"present":%d,"bad":0,"untracked":0,"positionsKept":true}`, n))
	if target.started > maxFlight+10 {
		t.Errorf("%d commits started to add 10", target.started)
	}
}

func TestImportUmaDBAnother(t *testing.T) {
	one, other, target := newMemory(t), newMemory(t), newMemory(t)
	manyEvents(t, one, 3)
	appendTo(t, other, store.Commit{Events: []store.Event{{Type: "X"}}})
	newCopying(t, serveUmaDB(t, one), target).want(`"appended":3,`)
	c := newCopying(t, serveUmaDB(t, other), target)
	c.wantCode(eventjson.CodeKeyReused, 1, "position 1 of UmaDB")
	c.flags.name = "other"
	c.want(`"name":"other","head":1,"complete":true,"appended":1,`)
}

func TestImportUmaDBText(t *testing.T) {
	s, target := newMemory(t), newMemory(t)
	manyEvents(t, s, 1200)
	c := newCopying(t, serveUmaDB(t, s), target)
	c.e.global.json.set = false
	c.want("http://" + c.addr + ": up to position 1200\n  appended       1,200\n  there already  0\n  left out       0\n  positions      those of UmaDB\n")
}

func TestUmaDBClientFlags(t *testing.T) {
	e := newCopying(t, "", nil).e
	for _, tt := range []struct {
		url          string
		flags        umadbFlags
		target, want string // want is a part of the error
	}{
		{"http://127.0.0.1:1234", umadbFlags{}, "127.0.0.1:1234", ""},
		{"grpcs://h", umadbFlags{}, "h:50051", ""},
		{"https://[::1]:5/", umadbFlags{}, "[::1]:5", ""},
		{"127.0.0.1:1234", umadbFlags{}, "", "no URL"},
		{"http://", umadbFlags{}, "", "no URL"},
		{"http://u:secret@h", umadbFlags{}, "", "no URL"},
		{"http://h/path", umadbFlags{}, "", "no URL"},
		{"ftp://h", umadbFlags{}, "", `"ftp" is no scheme`},
		{"http://h", umadbFlags{keyFile: "k"}, "", "not sent in clear text"},
		{"http://h", umadbFlags{ca: "c"}, "", "--ca is for TLS"},
		{"https://h", umadbFlags{ca: "c"}, "", "read certificates"},
		{"https://h", umadbFlags{keyFile: "k"}, "", "read API key"},
	} {
		client, target, err := e.umadbClient(tt.url, &tt.flags)
		if client != nil {
			_ = client.Close()
		}
		if tt.want == "" && (err != nil || target != tt.target) {
			t.Errorf("%s: %s, %v; want %s", tt.url, target, err, tt.target)
		}
		if d := eventjson.Describe(err); tt.want != "" && (d.Code != eventjson.CodeUsage || !strings.Contains(d.Message, tt.want) || strings.Contains(d.Message, "secret")) {
			t.Errorf("%s: %s: %s; want usage with %q", tt.url, d.Code, d.Message, tt.want)
		}
	}
}

// What gRPC says of a server that it cannot reach is told without its own words around it.
func TestUmaDBUnreachable(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for url, want := range map[string][2]string{
		gone.URL: {"connection refused", ""},
		strings.Replace(plain.URL, "http:", "https:", 1): {"does not look like a TLS handshake", "write http://"},
	} {
		_, stderr, code := newCLI(t).run(t.Context(), "", "import", "umadb", url)
		if code != exitUnavailable || !strings.Contains(stderr, "the server cannot be reached: ") || strings.Contains(stderr, "desc =") || strings.Contains(stderr, `"`) ||
			!strings.Contains(stderr, want[0]) || !strings.Contains(stderr, want[1]) {
			t.Errorf("%s: exit code %d, %q", url, code, stderr)
		}
	}
}
