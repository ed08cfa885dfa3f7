package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
)

// ocelTruth is what an object-centric log says, read in another way than by the import.
type ocelTruth struct {
	typ, time string
	objects   []string // TYPE:ID
	price     string
}

// readOCELTruth reads the simulated log of orders. It skips the test where the log is not there.
func readOCELTruth(t *testing.T) (path string, events []ocelTruth) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(testData(), "ocel_order_simulated.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("no event log: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`'([^']*)'`)
	for _, record := range records[1:] {
		e := ocelTruth{}
		for i, name := range records[0] {
			switch name {
			case "ocel:activity":
				e.typ = record[i]
			case "ocel:timestamp":
				e.time = record[i]
			case "price":
				e.price = record[i]
			}
			if typ, ok := strings.CutPrefix(name, "ocel:type:"); ok {
				for _, id := range quoted.FindAllStringSubmatch(record[i], -1) {
					e.objects = append(e.objects, typ+":"+id[1])
				}
			}
		}
		events = append(events, e)
	}
	return path, events
}

// line is what the store must hold of an event.
func (e *ocelTruth) line(category string) string {
	stream := ""
	if i := slices.IndexFunc(e.objects, func(o string) bool { return strings.HasPrefix(o, "orders:") }); i >= 0 {
		stream = category + "-" + strings.TrimPrefix(e.objects[i], "orders:")
	}
	return fmt.Sprintf("%s %s %s %s %s", strings.Replace(strings.Replace(e.time, " ", "T", 1), ".000Z", "Z", 1), e.typ, stream, e.price, strings.Join(e.objects, " "))
}

// importOCELFile imports a log into a new store and returns an event a line.
func importOCELFile(t *testing.T, path string) (lines []string) {
	t.Helper()
	i := newImporting(t, newMemory(t), "")
	so := source.Options{File: "log", Name: "log", Mapping: source.Mapping{Category: "shop"}}
	for range 2 { // again adds nothing
		if err := i.e.importFrom(t.Context(), i.store, "", so, i.e.ocelSource(path, "orders")); err != nil {
			t.Fatal(err)
		}
	}
	for r, err := range i.store.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		var data struct {
			Price         any `json:"price"`
			Relationships []struct{ ObjectID, ObjectType string }
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			t.Fatal(err)
		}
		objects := make([]string, 0, len(data.Relationships))
		for _, o := range data.Relationships {
			objects = append(objects, o.ObjectType+":"+o.ObjectID)
		}
		if slices.Sort(objects); !slices.Equal(slices.Compact(objects), slices.Sorted(slices.Values(r.Tags))) {
			t.Fatalf("#%d has the tags %q and the relationships %q", r.Position, r.Tags, objects)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %v %s", r.RecordedAt.Format("2006-01-02T15:04:05Z07:00"), r.Type, r.Stream, data.Price, strings.Join(r.Tags, " ")))
	}
	return lines
}

// TestImportOCELReal holds the events of the simulated log against the same log read by encoding/csv and a pattern: as it is, and as the
// test writes it in JSON.
func TestImportOCELReal(t *testing.T) {
	path, events := readOCELTruth(t)
	want := make([]string, 0, len(events))
	for i := range events {
		want = append(want, events[i].line("shop"))
	}
	slices.SortStableFunc(want, func(a, b string) int { return strings.Compare(a[:20], b[:20]) })
	if len(want) != 22_367 {
		t.Fatalf("%d events in the log", len(want))
	}
	got := importOCELFile(t, path)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("csv: %.2000s", diff)
	}
	got = importOCELFile(t, ocelAsJSON(t, events))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("json: %.2000s", diff)
	}
}

// ocelAsJSON writes events as OCEL 2.0. Objects come last, so that the import has to keep events for later.
func ocelAsJSON(t *testing.T, events []ocelTruth) string {
	t.Helper()
	type named map[string]any
	var log struct {
		Events  []named `json:"events"`
		Objects []named `json:"objects"`
	}
	seen := map[string]bool{}
	for i := range events {
		e := &events[i]
		var related []named
		for _, o := range e.objects {
			typ, id, _ := strings.Cut(o, ":")
			related = append(related, named{"objectId": id, "qualifier": typ})
			if !seen[o] {
				seen[o] = true
				log.Objects = append(log.Objects, named{"id": id, "type": typ})
			}
		}
		log.Events = append(log.Events, named{
			"id": fmt.Sprint(i + 1), "type": e.typ, "time": e.time, "relationships": related,
			"attributes": []named{{"name": "price", "value": e.price}},
		})
	}
	text, err := json.Marshal(log)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
