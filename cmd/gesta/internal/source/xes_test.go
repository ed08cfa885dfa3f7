package source_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
)

// options are those of most tests: no bad row may be left out.
func options(m source.Mapping) source.Options {
	if m.Category == "" {
		m.Category = "log"
	}
	return source.Options{File: "f", Name: "f", Mapping: m}
}

// skipping are options with which n bad rows are left out.
func skipping(n int, m source.Mapping) source.Options {
	o := options(m)
	o.SkipBad = n
	return o
}

// lines reads all rows and writes each on a line: key, stream, type, time, metadata, tags, data.
func lines(t *testing.T, rows *source.Rows) string {
	t.Helper()
	var b strings.Builder
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		e := &row.Event
		fmt.Fprintf(&b, "%s %s %s %s", row.Key(), e.Stream, e.Type, e.EffectiveAt.Format("2006-01-02T15:04:05.999999Z07:00"))
		if len(e.Metadata) > 0 {
			fmt.Fprintf(&b, " %s", e.Metadata)
		}
		if len(e.Tags) > 0 {
			fmt.Fprintf(&b, " %q", e.Tags)
		}
		fmt.Fprintf(&b, " %s\n", e.Data)
	}
	return b.String()
}

func readXES(t *testing.T, text string, o source.Options) *source.Rows {
	t.Helper()
	rows, err := source.ReadXES(t.Context(), strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	})
	return rows
}

const small = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
	<extension name="Time" prefix="time" uri="u"/>
	<global scope="event"><string key="concept:name" value="?"/></global>
	<classifier name="c" keys="concept:name"/>
	<float key="a" value="1"><float key="b" value="2"/></float>
	<trace>
		<string key="concept:name" value="Case 1"/>
		<int key="amount" value="20000"/>
		<event>
			<string key="org:resource" value="ada"/>
			<string key="concept:name" value="late"/>
			<date key="time:timestamp" value="2012-03-01T09:00:00.118+01:00"/>
		</event>
		<event>
			<string key="concept:name" value="early"/>
			<string key="lifecycle:transition" value="COMPLETE"/>
			<date key="time:timestamp" value="2012-03-01T07:00:00Z"/>
		</event>
	</trace>
	<trace>
		<string key="concept:name" value="2"/>
		<event>
			<string key="concept:name" value="between"/>
			<date key="time:timestamp" value="2012-03-01T08:30:00+01:00"/>
		</event>
	</trace>
</log>
`

func TestReadXES(t *testing.T) {
	rows := readXES(t, small, options(source.Mapping{}))
	want := `import:f:Case 1/2 log-Case_1 early 2012-03-01T07:00:00Z {"case":{"concept:name":"Case 1","amount":20000},"lifecycle:transition":"COMPLETE","time:timestamp":"2012-03-01T07:00:00Z"}
import:f:2/1 log-2 between 2012-03-01T07:30:00Z {"case":{"concept:name":"2"},"time:timestamp":"2012-03-01T08:30:00+01:00"}
import:f:Case 1/1 log-Case_1 late 2012-03-01T08:00:00.118Z {"actor":"ada"} {"time:timestamp":"2012-03-01T09:00:00.118+01:00"}
`
	if got := lines(t, rows); got != want {
		t.Errorf("rows:\n%s\nwant:\n%s", got, want)
	}
	if got, want := rows.LeftOut, (source.LeftOut{Attributes: 2, Extensions: 1, Globals: 1, Classifiers: 1}); got != want {
		t.Errorf("left out: %+v; want %+v", got, want)
	}
	if rows.Count != 3 || rows.Traces != 2 || rows.Bad != 0 || rows.LatestLine != 10 {
		t.Errorf("count %d, traces %d, bad %d, latest line %d; want 3, 2, 0, 10", rows.Count, rows.Traces, rows.Bad, rows.LatestLine)
	}
}

// event puts attributes into an event of a trace named t, with a type and a time.
func event(attributes string) string {
	return `<log><trace><string key="concept:name" value="t"/><event><string key="concept:name" value="e"/>` +
		`<date key="time:timestamp" value="2020-01-01"/>` + attributes + `</event></trace></log>`
}

func TestXESAttributes(t *testing.T) {
	tests := []struct{ name, attributes, want string }{
		{"int", `<int key="a" value="007"/><int key="b" value="-7"/><int key="c" value="+7"/>`, `"a":"007","b":-7,"c":"+7"`},
		{
			"float", `<float key="a" value="1.50"/><float key="b" value="1E+400"/><float key="c" value="NaN"/><float key="d" value=".5"/>`,
			`"a":1.50,"b":1E+400,"c":"NaN","d":".5"`,
		},
		{"boolean", `<boolean key="a" value="true"/><boolean key="b" value="1"/>`, `"a":true,"b":"1"`},
		{"id and date", `<id key="a" value="x"/><date key="b" value="soon"/>`, `"a":"x","b":"soon"`},
		{"text", `<string key="a&quot;" value="&lt;&amp;&#10;é"/>`, `"a\"":"<&\né"`},
		{"nested", `<string key="a" value="v"><int key="b" value="1"/></string>`, `"a":{"value":"v","attributes":{"b":1}}`},
		{"list", `<list key="a"><values><int key="x" value="1"/><int key="x" value="2"/></values></list>`, `"a":[{"x":1},{"x":2}]`},
		{"old list", `<list key="a"><int key="x" value="1"/></list>`, `"a":[{"x":1}]`},
		{"list with attributes", `<list key="a"><string key="s" value="t"/><values/></list>`, `"a":{"value":[],"attributes":{"s":"t"}}`},
		{"container", `<container key="a"><int key="x" value="1"/><container key="y"/></container>`, `"a":{"x":1,"y":{}}`},
		{"twice", `<int key="a" value="1"/><int key="b" value="2"/><int key="a" value="3"/>`, `"a":[1,3],"b":2`},
		{"own case", `<int key="case" value="1"/><int key="b" value="2"/>`, `"b":2,"case":[{"concept:name":"t"},1]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows := readXES(t, event(tt.attributes), options(source.Mapping{}))
			want := `{"case":{"concept:name":"t"},"time:timestamp":"2020-01-01",` + tt.want + `}`
			if tt.name == "own case" {
				want = `{"time:timestamp":"2020-01-01",` + tt.want + `}`
			}
			for row, err := range rows.All() {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, string(row.Event.Data)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestXESMapping(t *testing.T) {
	rows := readXES(t, small, skipping(2, source.Mapping{
		Category: "c", Stream: "lifecycle:transition", Actor: "case:concept:name",
		Tags: []source.TagField{{Name: "amount", Field: "case:amount"}},
	}))
	want := `import:f:Case 1/2 c-COMPLETE early 2012-03-01T07:00:00Z {"actor":"Case 1"} ["amount:20000"] ` +
		`{"case":{"concept:name":"Case 1","amount":20000},"time:timestamp":"2012-03-01T07:00:00Z"}` + "\n"
	if got := lines(t, rows); got != want {
		t.Errorf("rows:\n%s\nwant:\n%s", got, want)
	}
	if rows.Bad != 2 || rows.LeftOut.Traces != 1 {
		t.Errorf("%d bad rows, %d traces left out; want the two rows without the attribute that names the stream, "+
			"and the trace of one of them", rows.Bad, rows.LeftOut.Traces)
	}
}

// TestXESTraceNames keeps keys apart where traces share a name or have none.
func TestXESTraceNames(t *testing.T) {
	const e = `<event><string key="concept:name" value="e"/><date key="time:timestamp" value="2020-01-01"/><string key="s" value="s"/></event>`
	named := `<trace><string key="concept:name" value="a"/>` + e + e + `</trace>`
	rows := readXES(t, `<log>`+named+`<trace>`+e+`</trace>`+named+e+`</log>`, options(source.Mapping{Stream: "s"}))
	var got []string
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.N)
	}
	if diff := cmp.Diff([]string{"a/1", "a/2", "#2/1", "a/3", "a/4", "#0/1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestXESBadRows(t *testing.T) {
	const good = `<event><string key="concept:name" value="e"/><date key="time:timestamp" value="2020-01-01"/></event>` + "\n"
	log := func(s string) string {
		return "<log>\n<trace><string key=\"concept:name\" value=\"t\"/>\n" + good + s + "\n" + good + "</trace></log>"
	}
	tests := []struct{ name, text, want string }{
		{"no type", log(`<event><date key="time:timestamp" value="2020-01-01"/></event>`), `f:4: the row has no "concept:name", which is its type`},
		{"no time", log(`<event><string key="concept:name" value="e"/></event>`), `f:4: the row has no "time:timestamp", which is its time`},
		{
			"bad time", log(`<event><string key="concept:name" value="e"/><date key="time:timestamp" value="x"/></event>`),
			`f:4: "x" is no time such as 2006-01-02T15:04:05+01:00`,
		},
		{
			"control character in the type", log(`<event><string key="concept:name" value="a&#9;b"/><date key="time:timestamp" value="2020-01-01"/></event>`),
			`f:4: type "a\tb" has a control character`,
		},
		{"no key", log(`<event><string value="e"/></event>`), `f:4: a <string> has no key`},
		{"no value", log(`<event><string key="e"/></event>`), `f:4: the <string> "e" has no value`},
		{"nested without key", log(`<event><list key="l"><values><int value="1"/></values></list></event>`), `f:4: a <int> has no key`},
		{
			"trace attribute", "<log>\n<trace>\n<string key=\"concept:name\" value=\"t\"/>\n<int key=\"x\"/>\n" + good + good + "</trace></log>",
			`f:4: the <int> "x" has no value`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := source.ReadXES(t.Context(), strings.NewReader(tt.text), options(source.Mapping{}))
			var row *source.RowError
			if !errors.As(err, &row) || err.Error() != tt.want || !errors.Is(err, store.ErrInvalid) {
				t.Fatalf("strict: %v; want %s", err, tt.want)
			}
			var seen []string
			o := skipping(1, source.Mapping{})
			o.Bad = func(r *source.RowError) { seen = append(seen, r.Error()) }
			rows := readXES(t, tt.text, o)
			if rows.Count != 2 || rows.Bad != 1 || len(seen) != 1 || seen[0] != tt.want {
				t.Errorf("with one left out: %d rows, %d bad, told of %q", rows.Count, rows.Bad, seen)
			}
		})
	}
}

// TestXESBroken has what ends the reading whatever may be left out.
func TestXESBroken(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "f:1: the file has no <log>: it is no XES log"},
		{"not XML", "a,b\n1,2\n", "f:3: the file has no <log>: it is no XES log"},
		{"HTML", "<html></html>", "f:1: the file begins with <html>, an XES log with <log>"},
		{"cut off", small[:len(small)-20], "f:26: the file ends inside of the log"},
		{"cut off in a tag", small[:200], "f:4: the file ends inside of the log"},
		{"crossed", "<log><trace></log></trace>", "f:1: </log> ends an element that is not open"},
		{"entity", "<log>&boom;</log>", "f:1: invalid character entity &boom;"},
		{"deep", "<log>" + strings.Repeat("<string>", 100), "f:1: elements are nested more than 36 deep"},
		{"encoding", `<?xml version="1.0" encoding="EBCDIC"?><log/>`, `f:1: opening charset "EBCDIC": the encoding is not known: "EBCDIC"; convert the file to UTF-8`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := source.ReadXES(t.Context(), strings.NewReader(tt.text), skipping(1000, source.Mapping{}))
			if err == nil || err.Error() != tt.want {
				t.Errorf("%v; want %s", err, tt.want)
			}
		})
	}
}

func TestXESLatin1(t *testing.T) {
	text := `<?xml version="1.0" encoding="ISO-8859-1"?>` + strings.ReplaceAll(event(`<string key="a" value="caf`+"\xe9"+`"/>`), "\n", "")
	got := lines(t, readXES(t, text, options(source.Mapping{})))
	if !strings.Contains(got, `"a":"café"`) {
		t.Errorf("rows: %s", got)
	}
}

func TestXESUnusedField(t *testing.T) {
	_, err := source.ReadXES(t.Context(), strings.NewReader(small), options(source.Mapping{Actor: "org:resourse"}))
	var field *source.FieldError
	if !errors.As(err, &field) || field.Field != "org:resourse" {
		t.Errorf("%v; want that no row has the field", err)
	}
}

// TestEndless reads a token that does not end: memory is bounded and so is the time.
func TestEndless(t *testing.T) {
	for _, beginning := range []string{`<log><string key="`, `<log><!--`, `<log><trace><event><`} {
		in := io.MultiReader(strings.NewReader(beginning), endless{})
		_, err := source.ReadXES(t.Context(), in, options(source.Mapping{}))
		if err == nil || !strings.Contains(err.Error(), "more than 32 MiB without an end") {
			t.Errorf("%s: %v", beginning, err)
		}
	}
	in := io.MultiReader(strings.NewReader("concept:name,time:timestamp\n\""), endless{})
	if _, err := source.ReadCSV(t.Context(), in, options(source.Mapping{})); err == nil || !strings.Contains(err.Error(), "more than 32 MiB without an end") {
		t.Errorf("csv: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}
