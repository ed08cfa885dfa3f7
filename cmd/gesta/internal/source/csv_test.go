package source_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	_ "time/tzdata" // a machine may have no time zones

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
)

func readCSV(t *testing.T, text string, o source.Options) *source.Rows {
	t.Helper()
	rows, err := source.ReadCSV(t.Context(), strings.NewReader(text), o)
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

// shop is the mapping of the CSV texts in these tests.
var shop = source.Mapping{Type: "what", Time: "at"}

func TestReadCSV(t *testing.T) {
	rows := readCSV(t, "\xef\xbb\xbfwhat,at,who,note,note,\n"+
		"b,2020-01-02 00:00:00,ada,\"say \"\"hi\"\",\nthen go\",2,\n"+
		"a,2020-01-01T12:00:00.1234567+01:00,,,,x\n",
		options(source.Mapping{Type: "what", Time: "at", Actor: "who"}))
	want := `import:f:2  a 2020-01-01T11:00:00.123456Z {"at":"2020-01-01T12:00:00.1234567+01:00","who":"","note":["",""],"column 6":"x"}
import:f:1  b 2020-01-02T00:00:00Z {"actor":"ada"} {"at":"2020-01-02 00:00:00","note":["say \"hi\",\nthen go","2"],"column 6":""}
`
	if got := lines(t, rows); got != want {
		t.Errorf("rows:\n%s\nwant:\n%s", got, want)
	}
}

func TestCSVStreamsAndTags(t *testing.T) {
	m := shop
	m.Category, m.Stream = "order", "id"
	m.Tags = []source.TagField{{Name: "item", Field: "items"}, {Name: "of", Field: "by"}}
	rows := readCSV(t, "id,what,at,items,by\n"+
		"7,a,2020-01-01,\"['i1', 'i2']\",x y\n"+
		"8 9,b,2020-01-01, , \n"+
		"7,c,2020-01-01,\"[\"\"i3\"\",4,null]\",[oops\n", options(m))
	want := `import:f:1 order-7 a 2020-01-01T00:00:00Z ["item:i1" "item:i2" "of:x y"] {"at":"2020-01-01","items":"['i1', 'i2']","by":"x y"}
import:f:2 order-8_9 b 2020-01-01T00:00:00Z {"id":"8 9","at":"2020-01-01","items":" ","by":" "}
import:f:3 order-7 c 2020-01-01T00:00:00Z ["item:i3" "item:4" "of:[oops"] {"at":"2020-01-01","items":"[\"i3\",4,null]","by":"[oops"}
`
	if got := lines(t, rows); got != want {
		t.Errorf("rows:\n%s\nwant:\n%s", got, want)
	}
}

func TestCSVCompressedWithSeparatorAndZone(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte("what;at\na;2020-07-01 12:00\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m := shop
	m.Zone = rome
	o := options(m)
	o.Separator = ';'
	want := "import:f:1  a 2020-07-01T10:00:00Z {\"at\":\"2020-07-01 12:00\"}\n"
	if got := lines(t, readCSV(t, b.String(), o)); got != want {
		t.Errorf("rows: %s; want %s", got, want)
	}
}

func TestCSVBadRows(t *testing.T) {
	tests := []struct{ name, row, want string }{
		{"too few fields", "a", "f:3: the row has 1 fields, the header has 2"},
		{"too many fields", "a,2020-01-01,x", "f:3: the row has 3 fields, the header has 2"},
		{"no type", ",2020-01-01", `f:3: the row has no "what", which is its type`},
		{"no time", "a, ", `f:3: the row has no "at", which is its time`},
		{"bad time", "a,01/02/2020", `f:3: "01/02/2020" is no time such as 2006-01-02T15:04:05+01:00`},
		{"far time", "a,0001-01-01T00:00:00Z", `f:3: time "0001-01-01T00:00:00Z" is not between the years 1 and 9999`},
		{"stray quote", `a"b,2020-01-01`, `f:3: bare " in non-quoted-field`},
		{"not UTF-8", "a\xff,2020-01-01", `f:3: field "what" is not valid UTF-8`},
		{"long type", strings.Repeat("x", 2000) + ",2020-01-01", "f:3: too large: type has 2000 bytes, the limit is 1024"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "what,at\ngood,2020-01-01\n" + tt.row + "\ngood,2020-01-02\n"
			_, err := source.ReadCSV(t.Context(), strings.NewReader(text), options(shop))
			var row *source.RowError
			if !errors.As(err, &row) || err.Error() != tt.want || row.Line != 3 {
				t.Fatalf("strict: %v; want %s", err, tt.want)
			}
			if !errors.Is(err, store.ErrInvalid) && !errors.Is(err, store.ErrTooLarge) {
				t.Errorf("%v is neither invalid nor too large", err)
			}
			rows := readCSV(t, text, skipping(1, shop))
			var got []string
			for row, err := range rows.All() {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, row.N)
			}
			if strings.Join(got, " ") != "1 3" || rows.Bad != 1 {
				t.Errorf("with one left out: rows %q, %d bad; want 1 and 3, and 1", got, rows.Bad)
			}
		})
	}
}

// TestCSVOpenQuote does not take the rest of a file for one bad row.
func TestCSVOpenQuote(t *testing.T) {
	text := "what,at\na,2020-01-01\n\"b,2020-01-01\nc,2020-01-01\nd,2020-01-01\n"
	_, err := source.ReadCSV(t.Context(), strings.NewReader(text), skipping(1000, shop))
	if want := "f:3: a quoted field begins here and does not end"; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

func TestCSVHeader(t *testing.T) {
	if _, err := source.ReadCSV(t.Context(), strings.NewReader(""), options(shop)); err == nil || !errors.Is(err, store.ErrInvalid) {
		t.Errorf("empty file: %v; want an error that is ErrInvalid", err)
	}
	m := shop
	m.Tags = []source.TagField{{Name: "order", Field: "orders"}}
	_, err := source.ReadCSV(t.Context(), strings.NewReader("what,at\n"), options(m))
	if want := `no row has the field "orders" that is to be the tag order; there are what, at`; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
	_, err = source.ReadCSV(t.Context(), strings.NewReader("a,b\n"), options(source.Mapping{}))
	if want := `no row has the field "concept:name" that is to be the type; there are a, b`; err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// TestDamagedGzip says of a file that was cut off that it was, and does not take what is left for the whole.
func TestDamagedGzip(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(manyRows(100))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 5, 20, b.Len() / 2, b.Len() - 1} {
		_, err := source.ReadCSV(t.Context(), bytes.NewReader(b.Bytes()[:n]), skipping(1000, shop))
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "the compressed file is damaged") {
			t.Errorf("the first %d of %d bytes: %v", n, b.Len(), err)
		}
	}
}

// TestReadError keeps an error of the file what it is.
func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	after := func(text string) io.Reader { return io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)) }
	_, xesErr := source.ReadXES(t.Context(), after("<log>"), options(shop))
	_, csvErr := source.ReadCSV(t.Context(), after("what,at\na,2020-01-01\n"), options(shop))
	for _, err := range []error{xesErr, csvErr} {
		if !errors.Is(err, broken) || errors.Is(err, store.ErrInvalid) {
			t.Errorf("%v; want the error of the file, and no fault of the source", err)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := source.ReadCSV(ctx, strings.NewReader("what,at\na,2020-01-01\n"), options(shop)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want the error of the context", err)
	}
}
