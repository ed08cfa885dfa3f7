package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
)

// realLogs are event logs of real organisations, with what an import must make of them.
var realLogs = []struct {
	file    string
	read    readRows
	mapping source.Mapping
	events  int
	streams int
	types   int
	first   string // the first event, as a line of data
}{
	{
		file: "bpic2012.xes.gz", read: source.ReadXES, mapping: source.Mapping{Category: "bpic2012"},
		events: 262_200, streams: 13_087, types: 24,
		first: `{"case":{"REG_DATE":"2011-10-01T00:38:44.546+02:00","concept:name":"173688","AMOUNT_REQ":"20000"},` +
			`"lifecycle:transition":"COMPLETE","time:timestamp":"2011-10-01T00:38:44.546+02:00"}`,
	},
	{
		file: "helpdesk.xes.gz", read: source.ReadXES, mapping: source.Mapping{Category: "helpdesk"},
		events: 21_348, streams: 4_580, types: 14,
		first: `{"case":{"concept:name":"Case 3608"},"time:timestamp":"2010-01-13T08:40:25+00:00","seriousness":"Value 1","customer":"Value 63",` +
			`"product":"Value 3","responsible_section":"Value 5","seriousness_2":"Value 1","service_level":"Value 2","service_type":"Value 1",` +
			`"support_section":"Value 4","workgroup":"Value 3"}`,
	},
	{
		file: "receipt.csv.gz", read: source.ReadCSV, mapping: source.Mapping{Category: "receipt", Stream: "case:concept:name"},
		events: 8_577, streams: 1_434, types: 27,
		first: `{"case:channel":"Internet","case:deadline":"2010-11-26 00:00:00+01:00","case:department":"General","case:enddate":"2010-11-12 13:40:44.661000+01:00",` +
			`"case:enddate_planned":"2010-11-26 00:00:00.010000+01:00","case:group":"","case:responsible":"Resource26","case:startdate":"2010-10-01 00:00:00.020000+02:00",` +
			`"concept:instance":"task-4","lifecycle:transition":"complete","org:group":"Group 1","time:timestamp":"2010-10-02 09:20:39.266000+02:00"}`,
	},
	{
		file: "ocel_order_simulated.csv.gz", read: source.ReadCSV,
		mapping: source.Mapping{
			Type: "ocel:activity", Time: "ocel:timestamp",
			Tags: []source.TagField{
				{Name: "order", Field: "ocel:type:orders"}, {Name: "item", Field: "ocel:type:items"}, {Name: "package", Field: "ocel:type:packages"},
			},
		},
		events: 22_367, streams: 0, types: 11,
		first: `{"ocel:eid":"1.0","ocel:timestamp":"2019-05-20 07:07:47.000Z","ocel:type:customers":" ","ocel:type:items":"['880001','880004','880003','880002']",` +
			`"ocel:type:orders":"['990001']","ocel:type:packages":" ","ocel:type:products":" ","weight":"3.52","price":"524.96"}`,
	},
}

// TestImportRealLogs imports each log, and all but the largest again, which adds nothing. It skips those that are not there.
func TestImportRealLogs(t *testing.T) {
	for _, l := range realLogs {
		t.Run(l.file, func(t *testing.T) {
			path := filepath.Join(testData(), l.file)
			if _, err := os.Stat(path); err != nil {
				t.Skipf("no event log: %v", err)
			}
			path, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			i := newImporting(t, newMemory(t), "")
			i.file = path
			so := source.Options{File: l.file, Name: l.file, Mapping: l.mapping}
			turns := 2
			if l.events > 100_000 {
				turns = 1
			}
			for range turns {
				if err := i.e.importInto(t.Context(), i.store, path, "", so, l.read); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Count(i.out.String(), `"complete":true`) != turns {
				t.Errorf("summaries: %s", &i.out)
			}
			streams, types := map[string]bool{}, map[string]bool{}
			n := 0
			for r, err := range i.store.Read(t.Context(), nil, store.ReadOptions{}) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == 1 {
					if diff := cmp.Diff(l.first, string(r.Data)); diff != "" {
						t.Error(diff)
					}
				}
				types[r.Type] = true
				if r.Stream != "" {
					streams[r.Stream] = true
				}
			}
			if n != l.events || len(streams) != l.streams || len(types) != l.types {
				t.Errorf("%d events, %d streams, %d types; want %d, %d, %d", n, len(streams), len(types), l.events, l.streams, l.types)
			}
		})
	}
}
