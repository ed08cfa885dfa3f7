package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// gitLine is a commit as git log prints it, with what it did to files as CHANGE:PATH.
func gitLine(hash byte, parents, author, at, message string, files ...string) string {
	fields := []string{"commit " + strings.Repeat(string(hash), 40), parents, author, "a@example.com", at, "Committer", "c@example.com", at, message}
	text := strings.Join(fields, "\x00") + "\x00\x00"
	for i, f := range files {
		change, path, _ := strings.Cut(f, ":")
		if i == 0 {
			text += "\n"
		}
		text += ":100644 100644 " + strings.Repeat("0", 40) + " " + strings.Repeat("1", 40) + " " + change + "\x00" + path + "\x00"
	}
	return text
}

func readGit(t *testing.T, text string, o source.Options) (*source.Rows, source.GitLeftOut) {
	t.Helper()
	rows, left, err := source.ReadGit(t.Context(), strings.NewReader(text), o)
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

// TestReadGit has the newest first, as git does, and of equal times the parent first in what comes out.
func TestReadGit(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	text := gitLine('d', b+" "+a, "", "1700000100 +0000", "merge\n") +
		gitLine('c', b, "Ada", "1700000100 -0230", "\ncommit x\n\nbody\n\nof it\n", "D:old", "T:commit abc", "M::x", "X:other") +
		gitLine('b', a, "Ada", "1700000100 +0000", "second") +
		gitLine('a', "", "Caf\xe9", "1700000000 +9999", "first \xff\n", "A:caf\xe9", "A:b c")
	want := fmt.Sprintf(`import:f:%s log-f CommitMade 2023-11-14T22:13:20Z {"actor":"Caf`+"\uFFFD"+` <a@example.com>"} ["file:caf`+"\uFFFD"+`" "file:b c"] `+
		`{"hash":"%s","parents":[],"subject":"first `+"\uFFFD"+`","body":"","author":{"name":"Caf`+"\uFFFD"+`","email":"a@example.com","time":"2023-11-14T22:13:20Z"},`+
		`"committer":{"name":"Committer","email":"c@example.com","time":"2023-11-14T22:13:20Z"},"files":[{"path":"caf`+"\uFFFD"+`","change":"added"},`+
		`{"path":"b c","change":"added"}],"stats":{"files":2,"added":2}}`, a, a)
	rows, left := readGit(t, text, options(source.Mapping{}))
	got := strings.Split(lines(t, rows), "\n")
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{
		"import:f:" + a, "import:f:" + b,
		`"parents":["` + b + `"],"subject":"commit x","body":"body\n\nof it","author":{"name":"Ada","email":"a@example.com","time":"2023-11-14T19:45:00-02:30"}`,
		`{"actor":"<a@example.com>"} {"hash":"` + strings.Repeat("d", 40) + `","parents":["` + b + `","` + a + `"],"subject":"merge","body":""`,
	} {
		if !strings.Contains(got[i], want) {
			t.Errorf("row %d is %s; want %s in it", i, got[i], want)
		}
	}
	if want := `["file:old" "file:commit abc" "file::x" "file:other"]`; !strings.Contains(got[2], want) {
		t.Errorf("%s; want the tags %s", got[2], want)
	}
	if want := `"files":[{"path":"old","change":"deleted"},{"path":"commit abc","change":"typeChanged"},{"path":":x","change":"modified"},` +
		`{"path":"other","change":"other"}],"stats":{"files":4,"modified":1,"deleted":1,"typeChanged":1,"other":1}`; !strings.Contains(got[2], want) {
		t.Errorf("%s; want %s", got[2], want)
	}
	if want := (source.GitLeftOut{Replaced: 1}); left != want || rows.Count != 4 || rows.LatestLine != 1 {
		t.Errorf("left out %+v, %d rows, the last at %d", left, rows.Count, rows.LatestLine)
	}
}

// TestReadGitManyFiles has all files in the data, and 16 KiB of them as tags. A path that can be no tag takes no room.
func TestReadGitManyFiles(t *testing.T) {
	files := []string{"A:" + strings.Repeat("x", 1020), "A:line\nfeed"}
	for n := range 1000 {
		files = append(files, fmt.Sprintf("M:dir/file-%04d.go", n)) // 21 bytes as a tag
	}
	rows, left := readGit(t, gitLine('a', "", "Ada", "1700000000 +0000", "many", files...), options(source.Mapping{}))
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		const tagged = (16 << 10) / 21
		e := &row.Event
		if len(e.Tags) != tagged || e.Tags[0] != "file:dir/file-0000.go" || left.Tags != 1002-tagged {
			t.Errorf("%d tags, the first %s, %+v left out; want %d", len(e.Tags), e.Tags[0], left, tagged)
		}
		if n := strings.Count(string(e.Data), `"path":`); n != 1002 || !strings.HasSuffix(string(e.Data), fmt.Sprintf(`,"untagged":%d}`, left.Tags)) {
			t.Errorf("%d files in the data, which ends %s", n, e.Data[len(e.Data)-30:])
		}
	}
}

func TestReadGitErrors(t *testing.T) {
	ok := gitLine('a', "", "Ada", "1700000000 +0000", "x", "A:f")
	big := strings.Repeat("x", 9<<20)
	for _, c := range []struct {
		name, text, want string
		skipped          bool
	}{
		{"not a log", "hello\x00", `f:1: git prints "hello" where a commit begins`, false},
		{"no hash", "commit xyz\x00", `f:1: git prints "commit xyz" where a commit begins`, false},
		{"cut off in a commit", ok + ok[:60], "f:2: it ends too early", false},
		{"cut off in a file", ok[:len(ok)-1], "f:1: it ends too early", false},
		{"not a file", ok + "what\x00", `f:1: git prints "what" where a file stands`, false},
		{"time", ok + gitLine('b', "", "Ada", "", "x"), `f:2: commit "` + strings.Repeat("b", 40) + `": "" is no time of a commit`, true},
		{"year", ok + gitLine('b', "", "Ada", "999999999999 +0000", "x"), `f:2: commit "` + strings.Repeat("b", 40) + `": "999999999999 +0000" is no time`, true},
		{"large", ok + gitLine('b', "", "Ada", "1700000000 +0000", big, "A:"+big), `f:2: commit "` + strings.Repeat("b", 40) + `": the commit has more than 16777216 bytes`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := source.ReadGit(t.Context(), strings.NewReader(c.text), options(source.Mapping{}))
			var row *source.RowError
			if !errors.As(err, &row) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v; want %s", err, c.want)
			}
			if (c.name == "large") != errors.Is(err, store.ErrTooLarge) {
				t.Errorf("%v is too large: %v", err, errors.Is(err, store.ErrTooLarge))
			}
			if !c.skipped {
				return
			}
			if rows, _ := readGit(t, c.text, skipping(1, source.Mapping{})); rows.Count != 1 || rows.Bad != 1 {
				t.Errorf("%d rows, %d left out", rows.Count, rows.Bad)
			}
		})
	}
	in := io.MultiReader(strings.NewReader(ok), endless{})
	if _, _, err := source.ReadGit(t.Context(), in, options(source.Mapping{})); err == nil || !strings.Contains(err.Error(), "more than 32 MiB without an end") {
		t.Errorf("%v; want that the log has no end", err)
	}
}

func FuzzGit(f *testing.F) {
	f.Add([]byte(gitLine('b', strings.Repeat("a", 40), "Ada", "1700000000 +0100", "x\n\ny\n", "A:f", "M:g") + gitLine('a', "", "Ada", "1700000000 +0100", "")))
	f.Fuzz(func(t *testing.T, text []byte) { // not by checkSource: git prints no commit twice, and nothing here looks
		rows, _, err := source.ReadGit(t.Context(), bytes.NewReader(text), skipping(2, source.Mapping{}))
		if err != nil {
			if !errors.Is(err, store.ErrInvalid) && !errors.Is(err, store.ErrTooLarge) {
				t.Fatalf("error of no known kind: %v", err)
			}
			return
		}
		defer func() {
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}()
		n := 0
		var before source.Row
		for row, err := range rows.All() {
			if err != nil {
				t.Fatal(err)
			}
			c := row.Commit()
			if err := c.Validate(); err != nil || !eventjson.Valid(row.Event.Data) {
				t.Fatalf("a row that no store takes: %v, data %s", err, row.Event.Data)
			}
			if row.Event.EffectiveAt.Before(before.Event.EffectiveAt) {
				t.Fatalf("%s lies before %s", row.Event.EffectiveAt, before.Event.EffectiveAt)
			}
			before = row
			n++
		}
		if n != rows.Count {
			t.Fatalf("%d rows, %d counted", n, rows.Count)
		}
	})
}
