package main

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/eventjson"
)

// TestSpool keeps more than the memory takes, in a file of which nothing is left.
func TestSpool(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	for _, discarded := range []bool{false, true} {
		s := &spool{most: 10}
		var want strings.Builder
		for i := range 100 {
			piece := strings.Repeat("x", i%13) + "\n"
			want.WriteString(piece)
			if n, err := s.Write([]byte(piece)); err != nil || n != len(piece) {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if s.file == nil || s.memory.Cap() > 1<<10 {
			t.Errorf("%d bytes are in memory, the file is %v", s.memory.Cap(), s.file)
		}
		var got bytes.Buffer
		if discarded {
			want.Reset()
			if err := s.discard(); err != nil {
				t.Error(err)
			}
		}
		for range 2 { // the second time there is nothing
			if err := s.send(&got); err != nil {
				t.Error(err)
			}
		}
		if got.String() != want.String() {
			t.Errorf("%d bytes come back of %d", got.Len(), want.Len())
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	}
}

func TestSpoolWithoutRoom(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("another variable says where temporary files are")
	}
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	s := &spool{most: 10}
	if _, err := s.Write(make([]byte, 11)); err == nil || !strings.Contains(err.Error(), "--ndjson prints line by line") {
		t.Errorf("error = %v", err)
	}
}

// TestWholeDocument ends lists well and by an error: a document is printed whole or not at all, lines as they come, and so is a document without an end.
func TestWholeDocument(t *testing.T) {
	const item, start = `{"a":"é"}`, `{"basis":{},"items":[`
	for _, tt := range []struct {
		name                  string
		lines, live, terminal bool
		items                 int
		fails                 bool
		want                  string
	}{
		{name: "a document", items: 2, want: start + item + "," + item + "]}\n"},
		{name: "a document of nothing", want: start + "]}\n"},
		{name: "a document that an error ends", items: 2, fails: true},
		{name: "a long document", items: 1 << 20, terminal: true, want: start + strings.Repeat(item+",", 1<<20-1) + item + "]}\n"},
		{name: "a long document that an error ends", items: 1 << 20, fails: true},
		{name: "lines that an error ends", lines: true, items: 2, fails: true, want: item + "\n" + item + "\n"},
		{name: "a document without an end", live: true, items: 2, fails: true, want: start + item + "," + item},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			e := &env{stdout: &out, stdoutTerminal: tt.terminal}
			e.global.ndjson = tt.lines
			items, err := e.newItems(&eventjson.Basis{NoHead: true}, "a")
			if err != nil {
				t.Fatal(err)
			}
			items.live = tt.live
			for range tt.items {
				if err := items.add(t.Context(), []byte(item)); err != nil {
					t.Fatal(err)
				}
			}
			if tt.fails {
				err = items.flush()
			} else {
				err = items.close(t.Context())
			}
			if err != nil || out.String() != tt.want {
				t.Errorf("%d bytes, %v, want %d: %.80q", out.Len(), err, len(tt.want), out.String())
			}
		})
	}
}

// TestWholeRunes writes text in pieces that end anywhere: what comes out is never a part of a rune, except of what is none.
func TestWholeRunes(t *testing.T) {
	const text = "aé\u202e😀\U000e0041x\xff\xf0\x9f\n"
	for size := 1; size <= len(text); size++ {
		var got bytes.Buffer
		w := &wholeRunes{w: jsonGuard{&got}}
		for from := 0; from < len(text); from += size {
			piece := []byte(text[from:min(from+size, len(text))])
			if n, err := w.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if want := visibleLines(text); got.String() != want {
			t.Errorf("in pieces of %d: %q, want %q", size, got.String(), want)
		}
	}
}
