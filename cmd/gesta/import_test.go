package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

var importNow = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// importing is a CSV file and a store that it is imported into, again and again.
type importing struct {
	t       *testing.T
	store   store.Store
	e       *env
	out     bytes.Buffer
	file    string
	mapping source.Mapping
	skipBad int
}

func newImporting(t *testing.T, s store.Store, text string) *importing {
	t.Helper()
	i := &importing{
		t: t, store: s, file: filepath.Join(t.TempDir(), "shop.csv"),
		mapping: source.Mapping{Category: "shop", Stream: "id", Type: "what", Time: "at"},
	}
	i.e = &env{
		stdin: strings.NewReader(""), stdout: &i.out, stderr: &i.out, getenv: func(string) string { return "" },
		clock: func() time.Time { return importNow }, zone: time.UTC, dir: t.TempDir(),
	}
	i.e.global.json.set = true
	if err := os.WriteFile(i.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

func newMemory(t *testing.T) *memory.Store {
	t.Helper()
	s := memory.New(memory.Options{Clock: func() time.Time { return importNow }})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (i *importing) run(ctx context.Context, recorded string) error {
	so := source.Options{File: "shop.csv", Name: "shop.csv", Mapping: i.mapping, SkipBad: i.skipBad}
	i.out.Reset()
	return i.e.importInto(ctx, i.store, i.file, recorded, so, source.ReadCSV)
}

// want runs the import and compares members of its summary.
func (i *importing) want(recorded, mode string, appended, present int) {
	i.t.Helper()
	if err := i.run(i.t.Context(), recorded); err != nil {
		i.t.Fatal(err)
	}
	want := fmt.Sprintf(`"recorded":%q,"complete":true,"rows":%d,"appended":%d,"present":%d,`, mode, appended+present, appended, present)
	if !strings.Contains(i.out.String(), want) {
		i.t.Errorf("summary %s; want %s", &i.out, want)
	}
}

// wantCode runs the import, which must fail.
func (i *importing) wantCode(recorded string, code eventjson.Code, text string) {
	i.t.Helper()
	err := i.run(i.t.Context(), recorded)
	d := eventjson.Describe(err)
	if d.Code != code || !strings.Contains(d.Message, text) {
		i.t.Errorf("%s: %s; want %s with %q", d.Code, d.Message, code, text)
	}
}

// events lists what the store holds, one event a line.
func events(t *testing.T, s store.Store) []string {
	t.Helper()
	var out []string
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s@%d %s recorded %s effective %s", r.Position, r.Stream, r.Version, r.Type,
			eventjson.FormatTime(r.RecordedAt), eventjson.FormatTime(r.EffectiveAt)))
	}
	return out
}

const shopCSV = "id,what,at\n1,paid,2020-01-03\n1,placed,2020-01-01\n2,placed,2020-01-02\n2,shipped,2020-01-03\n"

func TestImportSourceTimes(t *testing.T) {
	i := newImporting(t, newMemory(t), shopCSV)
	i.want("", recordedSource, 4, 0)
	want := []string{
		"1 shop-1@1 placed recorded 2020-01-01T00:00:00Z effective 2020-01-01T00:00:00Z",
		"2 shop-2@1 placed recorded 2020-01-02T00:00:00Z effective 2020-01-02T00:00:00Z",
		"3 shop-1@2 paid recorded 2020-01-03T00:00:00Z effective 2020-01-03T00:00:00Z",
		"4 shop-2@2 shipped recorded 2020-01-03T00:00:00Z effective 2020-01-03T00:00:00Z",
	}
	if diff := cmp.Diff(want, events(t, i.store)); diff != "" {
		t.Error(diff)
	}
	i.want("", recordedSource, 0, 4)
	i.want(recordedSource, recordedSource, 0, 4)
	i.wantCode(recordedNow, eventjson.CodeUsage, "which began with --recorded source")
	for r, err := range i.store.Read(t.Context(), nil, store.ReadOptions{Limit: 1}) {
		if err != nil || !store.IsID(r.ID) || r.ID != importID("import:shop.csv:2", r.RecordedAt) || !strings.HasPrefix(r.ID, "016f5e66-e800-7") {
			t.Errorf("id %s, %v; want a UUIDv7 of the row's key and time", r.ID, err)
		}
	}
	keys, _ := store.As[store.Keys](i.store)
	if r, err := keys.Lookup(t.Context(), "import:shop.csv:2"); err != nil || r.First != 1 {
		t.Errorf("the second row of the file is at %d, %v; want 1", r.First, err)
	}
}

func TestImportNow(t *testing.T) {
	i := newImporting(t, newMemory(t), shopCSV)
	i.want(recordedNow, recordedNow, 4, 0)
	if got, want := events(t, i.store)[0], "1 shop-1@1 placed recorded 2026-01-01T00:00:00Z effective 2020-01-01T00:00:00Z"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	i.want("", recordedNow, 0, 4)
	i.wantCode(recordedSource, eventjson.CodeUsage, "which began with --recorded now")
}

// TestImportIntoOthers imports into a store that holds something else.
func TestImportIntoOthers(t *testing.T) {
	s := newMemory(t)
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "other"}}}); err != nil {
		t.Fatal(err)
	}
	i := newImporting(t, s, shopCSV)
	i.wantCode(recordedSource, eventjson.CodeUsage, "--recorded source needs an empty store")
	i.want("", recordedNow, 4, 0)
	i.want("", recordedNow, 0, 4)
}

// TestImportThenOthers appends to the store after the import: run again, it still adds nothing.
func TestImportThenOthers(t *testing.T) {
	i := newImporting(t, newMemory(t), shopCSV)
	i.want("", recordedSource, 4, 0)
	if _, err := i.store.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "other"}}}); err != nil {
		t.Fatal(err)
	}
	i.want("", recordedNow, 0, 4)
}

func TestImportOtherMapping(t *testing.T) {
	i := newImporting(t, newMemory(t), shopCSV)
	i.want("", recordedSource, 4, 0)
	i.mapping.Category = "store"
	i.wantCode("", eventjson.CodeKeyReused, "shop.csv:3: ")
	if d := eventjson.Describe(i.run(t.Context(), "")); d.File != "shop.csv" || d.Line != 3 || d.Position != 1 {
		t.Errorf("facts: file %q, line %d, position %d; want shop.csv, 3, 1", d.File, d.Line, d.Position)
	}
}

func TestImportLaterThanNow(t *testing.T) {
	i := newImporting(t, newMemory(t), shopCSV+"3,placed,2026-01-02\n3,planned,2026-01-01T00:00:00Z\n")
	i.wantCode("", eventjson.CodeUsage, "shop.csv:6: the time 2026-01-02T00:00:00Z is later than now")
	i.wantCode(recordedSource, eventjson.CodeUsage, "shop.csv:6: ")
	if head, err := i.store.Head(t.Context()); head != 0 || err != nil {
		t.Errorf("head %d, %v; want that nothing was imported", head, err)
	}
	i.want(recordedNow, recordedNow, 6, 0)
}

func TestImportBadRows(t *testing.T) {
	i := newImporting(t, newMemory(t), shopCSV+",lost,2020-01-01\n5,x,never\n")
	i.wantCode("", eventjson.CodeUsage, `shop.csv:6: the row has no "id", which is its stream`)
	i.skipBad = 1
	i.wantCode("", eventjson.CodeUsage, `shop.csv:7: "never" is no time`)
	i.skipBad = 2
	i.want("", recordedSource, 4, 0)
	for _, want := range []string{
		`{"warning":{"message":"shop.csv:6: `, `{"warning":{"message":"shop.csv:7: `, `"bad":2,"badRows":[{"file":"shop.csv","line":6,"problem":"the row has no \"id\", which is its stream"},`,
	} {
		if !strings.Contains(i.out.String(), want) {
			t.Errorf("output %s; want %s in it", &i.out, want)
		}
	}
	i.want("", recordedSource, 0, 4)
}

// interrupted is a store in which the user interrupts an import when some commits have arrived.
type interrupted struct {
	*memory.Store
	left   int
	cancel context.CancelFunc
}

func (s *interrupted) arrived() {
	if s.left--; s.left == 0 {
		s.cancel()
	}
}

func (s *interrupted) Restore(ctx context.Context, commits iter.Seq2[store.RecordedCommit, error]) error {
	return s.Store.Restore(ctx, func(yield func(store.RecordedCommit, error) bool) {
		for c, err := range commits {
			s.arrived()
			if !yield(c, err) {
				return
			}
		}
	})
}

func (s *interrupted) Start(ctx context.Context, c store.Commit) func() (store.Result, error) {
	defer s.arrived()
	return s.Store.Start(ctx, c)
}

// TestImportGoesOn interrupts an import after each number of rows. It goes on as it began, and the store is in the end what
// it would have been.
func TestImportGoesOn(t *testing.T) {
	text := "id,what,at\n"
	const rows = 20
	for n := range rows {
		text += fmt.Sprintf("%d,e%d,2020-01-%02d\n", n%3, n, 1+(n*7)%28)
	}
	for _, recorded := range []string{recordedSource, recordedNow} {
		whole := newImporting(t, newMemory(t), text)
		whole.want(recorded, recorded, rows, 0)
		for n := 1; n <= rows; n++ {
			ctx, cancel := context.WithCancel(t.Context())
			i := newImporting(t, &interrupted{Store: newMemory(t), left: n, cancel: cancel}, text)
			if err := i.run(ctx, recorded); !errors.Is(err, context.Canceled) {
				t.Fatalf("interrupted after %d rows: %v; want the error of the context", n, err)
			}
			if want := fmt.Sprintf(`"complete":%v,"rows":%d,"appended":%d,"present":0`, n == rows, rows, n); !strings.Contains(i.out.String(), want) {
				t.Errorf("interrupted after %d rows: %s; want %s", n, &i.out, want)
			}
			if n > 1 && recorded == recordedSource { // the flag may be left out
				i.want("", recorded, rows-n, n)
			} else {
				i.want(recorded, recorded, rows-n, n)
			}
			if diff := cmp.Diff(events(t, whole.store), events(t, i.store)); diff != "" {
				t.Errorf("%s, interrupted after %d rows: %s", recorded, n, diff)
			}
			cancel()
		}
	}
}

// TestImportWithoutStarter appends one by one where the store cannot do it otherwise.
func TestImportWithoutStarter(t *testing.T) {
	i := newImporting(t, plainStore{newMemory(t)}, shopCSV)
	i.wantCode("", eventjson.CodeUsage, "this store cannot take times of recording from a source")
	i.want(recordedNow, recordedNow, 4, 0)
	i.want(recordedNow, recordedNow, 0, 4)
}

// plainStore has no powers.
type plainStore struct{ store.Store }
