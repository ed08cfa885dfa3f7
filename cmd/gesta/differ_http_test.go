package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The routes answer with the documents of the commands, of which both fold by the rules that lie in the store.
func TestDifferentialRoutes(t *testing.T) {
	rounds, questions, first := differRounds(t)
	for i := range (rounds + 1) / 2 {
		t.Run(strconv.FormatUint(first+uint64(i), 10), func(t *testing.T) {
			prepare := func(*differ) {}
			if i%4 == 1 {
				prepare = rot
			}
			d := newDiffer(t, 1000+first+uint64(i), prepare)
			d.exact = true
			rules := filepath.Join(d.differStore.dir, reducersDir)
			if err := os.MkdirAll(rules, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"cart.js": "// gesta: lossy-numbers\n" + differReducer, "é.js": `when({ Set(s, e) { throw new Error("no more") } })`} {
				if err := os.WriteFile(filepath.Join(rules, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range questions / 2 {
				q := d.question()
				d.sameDocument(&q)
			}
			if i%4 != 1 {
				d.sameEvents()
			}
		})
	}
}

// question is a random one in both forms.
func (d *differ) question() asked {
	q := asked{}
	both := func(flag, name, value string) {
		q.args, q.form = append(q.args, "--"+flag, value), append(q.form, name, value)
	}
	may := func(chance int, flag, name, value string) {
		if d.r.IntN(chance) == 0 {
			both(flag, name, value)
		}
	}
	folds := func() {
		may(4, "effective-at", "effectiveAt", d.time())
		may(8, "reducer", "reducer", oneOf(d.r, []string{"mergepatch", "cart", "mergepatch/1"}))
		may(4, "path", "path", d.path())
	}
	kind := d.r.IntN(9)
	known := d.time()
	if d.r.IntN(2) == 0 {
		known = d.position()
	}
	may(4, "known-at", "knownAt", known)
	switch kind {
	case 0, 1:
		folds()
		q.target("state", "target", d.point())
	case 2, 3:
		folds()
		may(4, "array-key", "arrayKey", "sku")
		if d.r.IntN(4) == 0 {
			q.args, q.form = append(q.args, "--reverse"), append(q.form, "reverse", "true")
		}
		q.target("blame", "target", d.point())
	case 4, 5:
		folds()
		may(4, "array-key", "arrayKey", "sku")
		from, to := d.point(), d.point()
		if d.r.IntN(2) == 0 {
			from, to = d.storePoint(), d.storePoint()
		}
		q.target("diff", "from", from, "to", to)
	case 6:
		may(3, "prefix", "prefix", oneOf(d.r, []string{"order-", "c", "$", "é", "-", "#"}))
		may(3, "after", "after", d.stream())
		may(3, "limit", "limit", d.small())
		q.target("streams")
	case 7:
		q.target("types")
	case 8:
		q.target("stats")
	}
	return q
}

// target makes a question one to a command and to the route of the same name, about names and values of its parameters.
func (a *asked) target(verb string, form ...string) {
	a.args = append([]string{verb}, a.args...)
	if len(form) > 0 {
		a.args = append(a.args, "--")
	}
	for i := 1; i < len(form); i += 2 {
		a.args = append(a.args, form[i])
	}
	a.path, a.form = "/v1/"+verb, append(a.form, form...)
}

// get returns what the server answers to a path, or to a body where there is one, in a form unless that is empty.
func (d *differ) get(path, body, form string) (status int, text string) {
	d.t.Helper()
	method, from := http.MethodGet, io.Reader(http.NoBody)
	if body != "" {
		method, from = http.MethodPost, strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, from)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if form != "" {
		req.Header.Set("Accept", form)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// sameDocument asks a question of both: documents are equal byte for byte, and so is what an error says but for the hint.
func (d *differ) sameDocument(q *asked) {
	d.t.Helper()
	local := d.run(d.differStore.dir, append([]string{q.args[0], "--json"}, q.args[1:]...)...)
	status, got := d.get(q.url(), "", "")
	want := local.Stdout
	if local.Code != exitOK {
		want, got = problemOf(d.t, local.Stderr), problemOf(d.t, got)
		want = strings.NewReplacer(`"--known-at`, `"knownAt`, `"--effective-at`, `"effectiveAt`, `"--path`, `"path`).Replace(want)
	}
	if diff := cmp.Diff(want, got); diff != "" || (local.Code == exitOK) != (status == http.StatusOK) {
		d.t.Errorf("%s: exit code %d; GET %s: %d; -command +route\n%s", shown(q.args), local.Code, q.url(), status, diff)
	}
}

// sameEvents asks for events in the forms that clients of the routes have, and compares them with what is known to be there.
func (d *differ) sameEvents() {
	d.t.Helper()
	for range 12 {
		d.sameRead()
	}
	same := func(path string, line ...string) {
		d.t.Helper()
		local := d.run(d.differStore.dir, line...)
		status, got := d.get(path, "", "")
		if local.Stdout != got || local.Code != exitOK || status != http.StatusOK {
			d.t.Errorf("%s: %d, %s; GET %s: %d\n%.2000s\n%.2000s", shown(line), local.Code, local.Stderr, path, status, local.Stdout, got)
		}
	}
	if e := oneOf(d.r, d.events); e.ID != "" {
		same("/v1/ids/"+e.ID, "show", "--json", "--", e.ID)
	}
	if d.first == 1 {
		same("/v1/export", "export", "ndjson")
	}
	same("/v1/check", "check", "--json")
}

// readQuestion is a read as a request has it.
type readQuestion struct {
	Query    json.RawMessage `json:"query"`
	After    store.Position  `json:"after"`
	Until    store.Position  `json:"until,omitempty"`
	KnownAt  any             `json:"knownAt,omitempty"`
	Limit    int             `json:"limit,omitempty"`
	Backward bool            `json:"backward,omitempty"`
	System   bool            `json:"system,omitempty"`
}

// sameRead reads something at random.
func (d *differ) sameRead() {
	d.t.Helper()
	e := oneOf(d.r, d.events)
	query := oneOf(d.r, []store.Query{
		{}, {{Types: []string{e.Type, "Set"}}}, {{Stream: e.Stream, Tags: e.Tags}}, {{Category: store.Category(e.Stream)}, {Tags: []string{"c:7", "c:8"}}}, {{Stream: e.Stream, Types: []string{e.Type}}, {Types: []string{"OR"}}},
	})
	q := readQuestion{
		Query: eventjson.AppendQuery(nil, query), After: d.first - 1, Backward: d.r.IntN(2) == 0, System: d.r.IntN(4) == 0,
	}
	if d.r.IntN(3) == 0 {
		q.After += store.Position(d.r.IntN(len(d.events) + 1))
	}
	if d.r.IntN(3) == 0 {
		q.Until = d.first + store.Position(d.r.IntN(len(d.events)+2))
	}
	if d.r.IntN(3) == 0 {
		q.Limit = 1 + d.r.IntN(5)
	}
	switch d.r.IntN(6) {
	case 0:
		q.KnownAt = d.first + store.Position(d.r.IntN(len(d.events)))
	case 1:
		q.KnownAt = e.RecordedAt
	}
	var want []string
	for _, r := range d.events {
		if d.reads(&q, query, &r) {
			want = append(want, string(eventjson.AppendEvent(nil, &r)))
		}
	}
	if q.Backward {
		slices.Reverse(want)
	}
	if q.Limit > 0 {
		want = want[:min(q.Limit, len(want))]
	}
	for form, read := range map[string]func(*readQuestion) []string{"pages": d.readPages, "application/x-ndjson": d.readLines, "text/event-stream": d.readStream} {
		if got := read(&q); !slices.Equal(want, got) {
			d.t.Errorf("read %s, %s:\n%.3000s", jsonOf(q), form, cmp.Diff(want, got))
		}
	}
}

// reads says whether an event is part of the answer, but for its limit.
func (d *differ) reads(q *readQuestion, query store.Query, r *store.Recorded) bool {
	known := true
	switch at := q.KnownAt.(type) {
	case store.Position:
		known = r.Commit <= at
	case time.Time:
		known = !r.RecordedAt.After(at)
	}
	matches, named := len(query) == 0, false
	for _, it := range query {
		has := func(tag string) bool { return slices.Contains(r.Tags, tag) }
		if (it.Stream == "" || it.Stream == r.Stream) && (it.Category == "" || it.Category == store.Category(r.Stream)) &&
			(len(it.Types) == 0 || slices.Contains(it.Types, r.Type)) && !slices.ContainsFunc(it.Tags, func(tag string) bool { return !has(tag) }) {
			matches, named = true, named || it.Stream != ""
		}
	}
	return known && matches && r.Position > q.After && (q.Until == 0 || r.Position <= q.Until) && (q.System || named || !store.IsSystem(r.Stream))
}

// readPages reads JSON documents until one says that there is no more.
func (d *differ) readPages(question *readQuestion) (out []string) {
	d.t.Helper()
	for q := *question; ; {
		status, text := d.get("/v1/read", jsonOf(q), "application/json")
		var doc struct {
			Items []json.RawMessage
			Next  *store.Position
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil || status != http.StatusOK {
			d.t.Fatalf("read %s: %d %v: %s", jsonOf(q), status, err, text)
		}
		for _, it := range doc.Items {
			out = append(out, string(it))
		}
		switch {
		case doc.Next == nil || question.Limit > 0: // a limit is for one page
			return out
		case q.Backward:
			q.Until = *doc.Next
		default:
			q.After = *doc.Next
		}
	}
}

func (d *differ) readLines(q *readQuestion) (out []string) {
	d.t.Helper()
	_, text := d.get("/v1/read", jsonOf(q), "application/x-ndjson")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !strings.HasPrefix(lines[len(lines)-1], `{"end":`) {
		d.t.Errorf("read %s ends with %s", jsonOf(q), lines[len(lines)-1])
	}
	return lines[:len(lines)-1]
}

func (d *differ) readStream(q *readQuestion) (out []string) {
	d.t.Helper()
	_, text := d.get("/v1/read", jsonOf(q), "text/event-stream")
	for part := range strings.SplitSeq(text, "\n\n") {
		if line, ok := strings.CutPrefix(part, "event: event\ndata: "); ok {
			line, _, _ = strings.Cut(line, "\n")
			out = append(out, line)
		}
	}
	return out
}
