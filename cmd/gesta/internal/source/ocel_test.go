package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
)

// The parts of a small log, in the order in which some tools write them: objects after events.
const (
	ocelTypes = `"objectTypes":[{"name":"order","attributes":[]},{"name":"item","attributes":[]}],
"eventTypes":[{"name":"place","attributes":[{"name":"price","type":"float"}]}]`
	ocelEvents = `"events":[
 {"id":"e2","type":"pay","time":"2024-02-01T10:00:00+01:00","attributes":[{"name":"org:resource","value":"ada"}],
  "relationships":[{"objectId":"i 1","qualifier":"part"},{"objectId":"o 1","qualifier":"paid"},{"objectId":"o2"},{"objectId":"o2","qualifier":"again"}]},
 {"id":"e1","type":"place","time":"2024-01-01T10:00:00Z","attributes":[{"name":"price","value":38.50},{"name":"note","value":"a \"b\""},
  {"name":"id","value":null}],"relationships":[{"objectId":"o2"}],"more":[1, 2]},
 {"id":"e3","type":"rest","time":"2024-03-01T10:00:00Z"}
]`
	ocelObjects = `"objects":[{"id":"o 1","type":"order","attributes":[{"name":"a","time":"2024-01-01","value":1}],
 "relationships":[{"objectId":"i 1","qualifier":"has"}]},{"id":"i 1","type":"item"},{"id":"o2","type":"order"},{"id":"o3","type":"order"},{"id":"o3","type":"order"}]`
)

func ocelLog(parts ...string) string { return "{" + strings.Join(parts, ",\n") + "}\n" }

func ocelOptions(objectType string) source.OCELOptions {
	return source.OCELOptions{Options: options(source.Mapping{}), ObjectType: objectType}
}

func readOCEL(t *testing.T, text string, o source.OCELOptions) (*source.Rows, source.OCELLeftOut) {
	t.Helper()
	rows, left, err := source.ReadOCEL(t.Context(), strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	})
	return rows, left
}

const ocelRows = `import:f:2 log-o2 place 2024-01-01T10:00:00Z ["order:o2"] {"id":["e1",null],"time":"2024-01-01T10:00:00Z","price":38.50,"note":"a \"b\"",` +
	`"relationships":[{"objectType":"order","objectId":"o2"}],"more":[1,2]}
import:f:1 log-o_1 pay 2024-02-01T09:00:00Z {"actor":"ada"} ["item:i 1" "order:o 1" "order:o2"] {"id":"e2","time":"2024-02-01T10:00:00+01:00",` +
	`"relationships":[{"objectType":"item","objectId":"i 1","qualifier":"part"},{"objectType":"order","objectId":"o 1","qualifier":"paid"},` +
	`{"objectType":"order","objectId":"o2"},{"objectType":"order","objectId":"o2","qualifier":"again"}]}
import:f:3  rest 2024-03-01T10:00:00Z {"id":"e3","time":"2024-03-01T10:00:00Z","relationships":[]}
`

// TestReadOCEL reads the members of a log in any order, in memory and through files: it is the same each time.
func TestReadOCEL(t *testing.T) {
	for _, parts := range [][]string{{ocelTypes, ocelEvents, ocelObjects}, {ocelObjects, ocelEvents, ocelTypes}} {
		for _, memory := range []int{0, 1} {
			o := ocelOptions("order")
			o.MemoryBytes, o.TempDir = memory, t.TempDir()
			rows, left := readOCEL(t, ocelLog(append(parts, `"extra":{"a":["]",{}]}`)...), o)
			if diff := cmp.Diff(ocelRows, lines(t, rows)); diff != "" {
				t.Error(diff)
			}
			want := source.OCELLeftOut{EventTypes: 1, ObjectTypes: 2, Objects: 1, Values: 1, Relations: 1, Members: 1}
			if left != want {
				t.Errorf("left out %+v; want %+v", left, want)
			}
		}
	}
}

// TestReadOCELWithoutStreams leaves all events without a stream where nobody asked for one, and maps attributes.
func TestReadOCELWithoutStreams(t *testing.T) {
	o := ocelOptions("")
	o.Mapping.Actor, o.Mapping.Tags = "note", []source.TagField{{Name: "cost", Field: "price"}}
	rows, _ := readOCEL(t, ocelLog(ocelEvents, ocelObjects), o)
	got, _, _ := strings.Cut(lines(t, rows), "\n")
	want := `import:f:2  place 2024-01-01T10:00:00Z {"actor":"a \"b\""} ["order:o2" "cost:38.50"] {"id":["e1",null],"time":"2024-01-01T10:00:00Z","price":38.50,` +
		`"relationships":[{"objectType":"order","objectId":"o2"}],"more":[1,2]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadOCELCSV(t *testing.T) {
	text := "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:items,ocel:type:orders,price\n" +
		`2,pay,2024-02-01 10:00:00Z, ,"['o 1', 'o2']",` + "\n" +
		`1,place,2024-01-01 10:00:00Z,"['i1','i1']",o2,38.50` + "\n"
	want := `import:f:2 log-o2 place 2024-01-01T10:00:00Z ["items:i1" "orders:o2"] {"id":"1","time":"2024-01-01 10:00:00Z","price":"38.50",` +
		`"relationships":[{"objectType":"items","objectId":"i1"},{"objectType":"items","objectId":"i1"},{"objectType":"orders","objectId":"o2"}]}
import:f:1 log-o_1 pay 2024-02-01T10:00:00Z ["orders:o 1" "orders:o2"] {"id":"2","time":"2024-02-01 10:00:00Z",` +
		`"relationships":[{"objectType":"orders","objectId":"o 1"},{"objectType":"orders","objectId":"o2"}]}
`
	rows, _ := readOCEL(t, text, ocelOptions("orders"))
	if diff := cmp.Diff(want, lines(t, rows)); diff != "" {
		t.Error(diff)
	}
}

func ocelEvent(members string) string {
	return ocelLog(ocelObjects, `"events":[`+"\n"+`{"id":"good","type":"t","time":"2024-01-01"},`+"\n"+members+`]`)
}

// TestReadOCELErrors has what is wrong, and says where. Those with "skipped" are of one event, which can be left out.
func TestReadOCELErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "f:1: it ends too early"},
		{"xml", " <log/>", "f:1: the log is in XML: convert it to OCEL 2.0 JSON"},
		{"sqlite", "SQLite format 3\x00", "f:1: the log is in SQLite: convert it to OCEL 2.0 JSON"},
		{"version 1", `{"ocel:global-log":{}}`, `f:1: the member "ocel:global-log" is of OCEL 1.0: convert the log to OCEL 2.0 JSON`},
		{"no events", "{" + ocelObjects + "}", `f:2: there is no "events": it is no OCEL 2.0 log`},
		{"cut off", ocelLog(ocelObjects, "\"events\":[{\"id\":\"a\n"), "f:5: it ends too early"},
		{"trailing", ocelLog(ocelObjects, ocelEvents) + "{", `f:10: '{' after the end of the log`},
		{"no comma", `{"events":[{} {}]}`, `f:1: '{' where JSON has ',' or ']'`},
		{"comma", `{"objects":[] "events":[]}`, `f:1: '"' where JSON has ',' or '}'`},
		{"brackets", `{"events":[{"a":[}]}`, `f:1: '}' closes what is not open`},
		{"deep", `{"x":` + strings.Repeat("[", 300), "f:1: arrays and objects are nested more than 256 deep"},
		{"twice", `{"events":[],"events":[]}`, `f:1: the member "events" is there twice`},
		{"not an array", `{"events":{}}`, `f:1: '{' where JSON has '['`},
		{"name", `{events:[]}`, `f:1: events where JSON has the name of a member`},
		{"object without type", `{"objects":[{"id":"a"}],"events":[]}`, `f:1: object "a": the object has no id or no type`},
		{"object of two types", `{"objects":[{"id":"a","type":"b"},{"id":"a","type":"c"}],"events":[]}`, `f:1: object "a": the object has the type "c" here, and "b" before`},

		{"id of two events", ocelEvent(`{"id":"x","type":"t","time":"2024-01-01"},` + "\n" + `{"id":"good","type":"t","time":"2024-01-01"},{"id":"x","type":"t","time":"2024-01-01"}`), `f:6: event "good": its id is that of the event at line 4, and ids of events are unique`},

		{"skipped: no object", ocelEvent("1"), `f:5: event 2: 1 is no JSON object in UTF-8`},
		{"skipped: not JSON", ocelEvent(`{"id":"x","time":tru}`), `f:5: event 2: {"id":"x","time":tru} is no JSON object in UTF-8`},
		{"skipped: not UTF-8", ocelEvent("{\"id\":\"\xff\"}"), "f:5: event 2: {\"id\":\"\uFFFD\"} is no JSON object in UTF-8"},
		{"skipped: id", ocelEvent(`{"type":"t","time":"2024-01-01"}`), `f:5: event 2: there is no id`},
		{"skipped: type", ocelEvent(`{"id":"x","time":"2024-01-01"}`), `f:5: event "x": the event has no type`},
		{"skipped: time", ocelEvent(`{"id":"x","type":"t"}`), `f:5: event "x": the event has no time`},
		{"skipped: bad time", ocelEvent("\n" + `{"id":"x","type":"t","time":"soon"}`), `f:6: event "x": "soon" is no time such as 2006-01-02T15:04:05+01:00`},
		{"skipped: member twice", ocelEvent(`{"id":"x","id":"y"}`), `f:5: event "x": the member "id" is there twice`},
		{"skipped: type number", ocelEvent(`{"id":"x","type":1}`), `f:5: event "x": type is 1, not a string`},
		{"skipped: attribute", ocelEvent(`{"id":"x","attributes":[{"name":"a"}]}`), `f:5: event "x": an attribute has no name or no value`},
		{"skipped: unknown object", ocelEvent(`{"id":"x","relationships":[{"objectId":"no"}]}`), `f:5: event "x": it relates to the object "no", which the log does not have`},
		{
			"skipped: long type", ocelEvent(`{"id":"x","type":"` + strings.Repeat("t", 1025) + `","time":"2024-01-01"}`),
			`f:5: event "x": too large: type has 1025 bytes, the limit is 1024`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := source.ReadOCEL(t.Context(), strings.NewReader(c.text), ocelOptions(""))
			var row *source.RowError
			if !errors.As(err, &row) || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("%v; want %s", err, c.want)
			}
			o := ocelOptions("")
			o.SkipBad = 1
			rows, _, err := source.ReadOCEL(t.Context(), strings.NewReader(c.text), o)
			if !strings.HasPrefix(c.name, "skipped") {
				return
			}
			if err != nil || rows.Count != 1 || rows.Bad != 1 {
				t.Errorf("left out: %v, %+v", err, rows)
			}
		})
	}
}

func TestReadOCELObjectType(t *testing.T) {
	for _, text := range []string{ocelLog(ocelObjects, ocelEvents), "ocel:activity,ocel:timestamp,ocel:type:order,ocel:type:item\n"} {
		_, _, err := source.ReadOCEL(t.Context(), strings.NewReader(text), ocelOptions("parcel"))
		if want := `the log has no object of the type "parcel"; there are order, item`; err == nil || err.Error() != want || !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for text, want := range map[string]string{
		"a,b\n":                          `no row has the field "ocel:activity" that is to be the type; there are a, b`,
		"ocel:activity,ocel:timestamp\n": `no row has the field "ocel:type:…" that is to be the objects of an event; there are ocel:activity, ocel:timestamp`,
	} {
		_, _, err := source.ReadOCEL(t.Context(), strings.NewReader(text), ocelOptions(""))
		if err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
	_, _, err := source.ReadOCEL(t.Context(), strings.NewReader("ocel:activity,ocel:timestamp,ocel:type:a\nx,2024-01-01,\"['a', b\"\n"), ocelOptions(""))
	if want := `f:2: "['a', b" is no list of objects such as ['a', 'b']`; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// forever is the beginning of a log and then the same bytes for ever.
type forever struct {
	begin io.Reader
	more  string
	read  int64
}

func (e *forever) Read(p []byte) (int, error) {
	n, err := e.begin.Read(p)
	if n == 0 && err != nil {
		for n < len(p) {
			n += copy(p[n:], e.more)
		}
	}
	if e.read += int64(n); e.read > 1<<30 {
		return 0, errors.New("too much was read")
	}
	return n, nil
}

// TestReadOCELBounded stops at what has no end.
func TestReadOCELBounded(t *testing.T) {
	for _, c := range []struct{ begin, more string }{
		{`{"events":[{"id":"`, "x"}, {`{"objects":[`, " "}, {"ocel:activity,", "x"},
	} {
		_, _, err := source.ReadOCEL(t.Context(), &forever{begin: strings.NewReader(c.begin), more: c.more}, ocelOptions(""))
		if err == nil || !strings.Contains(err.Error(), "more than 32 MiB without an end") {
			t.Errorf("%s and then %s for ever: %v", c.begin, c.more, err)
		}
	}
}

// TestReadOCELManyTags refuses an event with more objects than an envelope has room for.
func TestReadOCELManyTags(t *testing.T) {
	var objects, related []string
	for n := range 4000 {
		objects = append(objects, fmt.Sprintf(`{"id":"object%d","type":"t"}`, n))
		related = append(related, fmt.Sprintf(`{"objectId":"object%d"}`, n))
	}
	text := ocelLog(`"objects":[`+strings.Join(objects, ",")+`]`, `"events":[{"id":"e","type":"t","time":"2024-01-01","relationships":[`+strings.Join(related, ",")+`]}]`)
	_, _, err := source.ReadOCEL(t.Context(), strings.NewReader(text), ocelOptions(""))
	if !errors.Is(err, store.ErrTooLarge) || !strings.Contains(err.Error(), `event "e": too large: event envelope has `) {
		t.Errorf("%v; want that the envelope is too large", err)
	}
}

// TestReadOCELSorted holds a large log, spooled and sorted in files, against the order that must come out.
func TestReadOCELSorted(t *testing.T) {
	const n = 2000
	random := rand.New(rand.NewPCG(1, 2))
	var events []string
	for i := range n {
		events = append(events, fmt.Sprintf(`{"id":"%d","type":"e%d","time":"2024-01-01T00:%02d:00Z"}`, i, i+1, random.IntN(60)))
	}
	o := ocelOptions("")
	dir := t.TempDir()
	o.MemoryBytes, o.TempDir = 20_000, dir
	rows, _ := readOCEL(t, "{\"events\":[\n"+strings.Join(events, ",\n")+"],\"objects\":[]}", o)
	checkOrder(t, rows, n)
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

func FuzzOCEL(f *testing.F) {
	f.Add([]byte(ocelLog(ocelTypes, ocelEvents, ocelObjects)))
	f.Add([]byte(ocelLog(ocelObjects, ocelEvents)))
	f.Add([]byte("ocel:eid,ocel:activity,ocel:timestamp,ocel:type:a,b\n1,x,2024-01-01,\"['y']\",z\n"))
	f.Fuzz(func(t *testing.T, text []byte) { checkSource(t, text, ocelReader, source.Mapping{}) })
}

// ocelReader is ReadOCEL as checkSource wants it.
func ocelReader(ctx context.Context, r io.Reader, o source.Options) (*source.Rows, error) {
	rows, _, err := source.ReadOCEL(ctx, r, source.OCELOptions{Options: o, ObjectType: ""})
	return rows, err
}
