package main

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/open"
)

// asked returns what a shell is told to offer for a line, without descriptions, and cobra's directive.
func (c *cli) asked(words ...string) (offered []string, directive string) {
	c.t.Helper()
	out := c.ok(append([]string{"__completeNoDesc"}, words...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	return lines[:len(lines)-1], lines[len(lines)-1]
}

func TestCompletion(t *testing.T) {
	c := newCLI(t)
	c.orders()
	c.ok("append", "odd name", "--type", "Odd thing")
	c.ok("append", "ada@example.com", "--type", "Placed")
	c.ok("append", "evil-\u202e", "--type", "Evil\u2066")
	c.environ["HOME"] = writeHome(t, "[alias]\nrecent = log --oneline\nno = recent --type Noted\n")
	const ( // cobra's directives, added up
		files, words, more = ":0", ":36", ":38"
	)
	streams := []string{"ada@example.com", "odd name", "order-42", "order-7"}
	tests := []struct {
		line      string // split at |
		directive string
		want      []string
	}{
		{"log|", words, append(slices.Clone(streams), "HEAD")},
		{"log|o", words, streams[1:]},
		{"log|order-4", words, streams[2:3]},
		{"log|ada@", words, streams[:1]},
		{"log|order-42@", words, []string{"order-42@3", "order-42@2", "order-42@1"}},
		{"log|order-42@2", words, []string{"order-42@2"}},
		{"log|order-42@1..", words, []string{"order-42@1..3", "order-42@1..2", "order-42@1..1"}},
		{"log|stream:odd", words, []string{"stream:odd name"}},
		{"log|ta", more, []string{"tag:"}},
		{"log|H", words, []string{"HEAD"}},
		{"log|nobody", words, nil},
		{"log|order-42|", ":4", nil},
		{"state|order-7", words, []string{"order-7"}},
		{"at|y", words, []string{"yesterday"}},
		{"at|yesterday|order-7", words, []string{"order-7"}},
		{"append|order-7", words, []string{"order-7"}},
		{"streams|--prefix|or", words, []string{"order-42", "order-7"}},
		{"log|--type|", words, []string{"Moved", "Noted", "Odd thing", "Paid", "Placed"}},
		{"log|--type|Moved,P", words, []string{"Moved,Paid", "Moved,Placed"}},
		{"log|--type=N", words, []string{"Noted"}},
		{"append|order-7|-t|M", words, []string{"Moved"}},
		{"import|csv|--type|", words, nil}, // a field of the source, not a type
		{"log|--color|", words, []string{"auto", "always", "never"}},
		{"log|--color=n", words, []string{"never"}},
		{"log|--json=pos", more, []string{"position"}},
		{"log|--json=position,t", more, []string{"position,type", "position,tags", "position,truncated"}},
		{"stats|--json=la", more, []string{"late", "lastRecordedAt", "lastEffectiveAt"}},
		{"bench|--sync|", words, []string{"always", "never"}},
		{"bench|--guard|d", words, []string{"dcb"}},
		{"append|x|--expect|", words, []string{"none", "any", "exists"}},
		{"log|--onel", ":4", []string{"--oneline"}},
		{"explain|de", words, []string{"denied"}},
		{"completion|z", ":4", []string{"zsh"}},
		{"help|exi", words, []string{"exit-codes"}},
		{"help|import|x", words, []string{"xes"}},
		{"import|csv|", files, nil},
		{"init|", files, nil},
		{"--store|mem:|log|order-7", words, []string{"order-7"}},
		{"recent|order-7", words, []string{"order-7"}},
		{"no|--type|Noted|order-7", words, []string{"order-7"}},
		{"nonsense|", files, nil},
		{"log|--nonsense|", files, nil},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			c.t = t
			offered, directive := c.asked(strings.Split(tt.line, "|")...)
			slices.Sort(offered)
			slices.Sort(tt.want)
			if directive != tt.directive && (tt.want != nil || directive != ":4") {
				t.Errorf("directive %s, want %s", directive, tt.directive)
			}
			if diff := cmp.Diff(tt.want, slices.Clip(offered), cmp.Transformer("", func(s []string) string { return strings.Join(s, "\n") })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where there is no store, completion makes none, and still completes what needs none.
func TestCompletionWithoutAStore(t *testing.T) {
	var out, errs strings.Builder
	dir := t.TempDir()
	e := &env{stdout: &out, stderr: &errs, dir: dir, getenv: func(string) string { return "" }}
	if code := run(t.Context(), e, []string{"__complete", "log", "x"}); code != exitOK || out.String() != ":36\n" {
		t.Errorf("exit code %d, %q", code, out.String())
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A store that a crash left behind is completed from as it is: a key that was pressed changes no byte of it.
func TestCompletionChangesNothing(t *testing.T) {
	dir := t.TempDir()
	alive, crashed := filepath.Join(dir, "alive"), filepath.Join(dir, "crashed")
	writer, err := open.Open(t.Context(), alive, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-1", Type: "Placed"}}}); err != nil {
		t.Error(err)
	}
	if err := os.CopyFS(crashed, os.DirFS(alive)); err != nil { // what is there when the writer is killed now
		t.Error(err)
	}
	before := contents(t, crashed)
	for _, words := range [][]string{{"log", "ord"}, {"log", "order-1@"}, {"log", "--type", "P"}} {
		var out, errs strings.Builder
		e := &env{stdout: &out, stderr: &errs, dir: dir, getenv: func(string) string { return "" }, zone: time.UTC}
		if code := run(t.Context(), e, append([]string{"__complete", "--store", crashed}, words...)); code != exitOK || !strings.Contains(out.String(), "P") && !strings.Contains(out.String(), "order-1") {
			t.Errorf("%v: exit code %d: %s%s", words, code, &out, &errs)
		}
	}
	if diff := cmp.Diff(before, contents(t, crashed)); diff != "" {
		t.Error(diff)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
}

// contents returns the files of a directory by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Whatever is offered for the beginning of a name, every name with this beginning goes on from one of the offers, nothing else is
// offered, and there are never more than a person can look through.
func TestStreamCandidatesAreWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 1))
	var names []string
	for i := range 3000 {
		switch i % 10 {
		case 0:
			names = append(names, fmt.Sprintf("cart-%016x", random.Uint64()))
		case 1:
			names = append(names, fmt.Sprintf("user-é%c-%d", 'à'+rune(random.IntN(20)), random.IntN(500)))
		default:
			names = append(names, fmt.Sprintf("order-%05d", i))
		}
	}
	names = append(names, "alone-7", "loner", "$system-1", "user-é")
	s := streamsOf(t, names)
	for _, word := range []string{"", "o", "order-", "order-0", "order-02", "c", "cart-", "cart-f", "user-", "user-é", "user-éà-", "al", "loner", "$", "z"} {
		got := streamCandidates(t.Context(), s, word)
		if len(got.words) > maxCandidates {
			t.Errorf("%q: %d candidates", word, len(got.words))
		}
		for _, w := range got.words {
			begins := func(name string) bool { return strings.HasPrefix(name, w) }
			if !strings.HasPrefix(w, word) || !slices.ContainsFunc(names, begins) || !got.more && !slices.Contains(names, w) {
				t.Errorf("%q: %q is offered", word, w)
			}
		}
		for _, name := range names {
			goesOn := slices.ContainsFunc(got.words, func(w string) bool { return strings.HasPrefix(name, w) })
			if wanted := strings.HasPrefix(name, word) && (word != "" || name[0] != '$'); wanted != goesOn {
				t.Fatalf("%q: is %s reached? %t, want %t: %q", word, name, goesOn, wanted, got.words)
			}
		}
	}
	for word, want := range map[string]string{"o": "order-0", "user": "user-é", "order-": "order-0"} {
		if got := streamCandidates(t.Context(), s, word); !slices.Equal(got.words, []string{want}) || !got.more {
			t.Errorf("%q goes on as %q, and all go on as %s", word, got.words, want)
		}
	}
	if got := streamCandidates(t.Context(), s, ""); !cmp.Equal(got.words, []string{"alone-7", "cart-", "loner", "order-", "user-é", "user-é"}) &&
		!cmp.Equal(got.words, []string{"alone-7", "cart-", "loner", "order-", "user-"}) {
		t.Errorf("at first: %q", got.words)
	}
}

func streamsOf(t *testing.T, names []string) *memory.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	unique := map[string]bool{}
	for _, n := range names {
		unique[n] = true
	}
	for _, n := range slices.Sorted(maps.Keys(unique)) {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: n, Type: "A"}}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// The walk through the index finds a name as near as a comparison with every name does.
func TestLikeFindsTheNearest(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 2))
	var names []string
	for range 400 {
		names = append(names, fmt.Sprintf("%s-%d", []string{"order", "customer", "cart", "é"}[random.IntN(4)], random.IntN(2000)))
	}
	s := streamsOf(t, names)
	for range 300 {
		given := []rune(names[random.IntN(len(names))])
		for range 1 + random.IntN(3) {
			at := random.IntN(len(given))
			switch random.IntN(4) {
			case 0:
				given = slices.Delete(given, at, at+1)
			case 1:
				given[at] = rune('a' + random.IntN(26))
			case 2:
				given = slices.Insert(given, at, rune('0'+random.IntN(10)))
			case 3:
				given[at], given[len(given)-1-at] = given[len(given)-1-at], given[at]
			}
		}
		n, ok := namesOf(t.Context(), s, 1<<30)
		if !ok {
			t.Fatal("no list of streams")
		}
		least := 2*reach(len(given)) + 1
		for _, name := range names {
			least = min(least, slips(string(given), name))
		}
		got := n.like(string(given))
		switch {
		case got == "" && least <= 2*reach(len(given)):
			t.Errorf("%q: nothing is found, and something is %d/2 slips away", string(given), least)
		case got != "" && slips(string(given), got) != least:
			t.Errorf("%q: %q is %d/2 slips away, the nearest %d/2", string(given), got, slips(string(given), got), least)
		}
	}
}

// The members that completion offers after --json= are those that the command itself says there are.
func TestOfferedMembers(t *testing.T) {
	c := newCLI(t)
	c.orders()
	arguments := map[string][]string{
		"show": {"1"}, "state": {"order-42"}, "at": {"now", "order-42"}, "blame": {"order-42"}, "diff": {"order-42@1..2"},
	}
	// Members that only some flags bring, or some stores.
	sometimes := map[string][]string{"log": {"truncated", "late", "changes"}}
	for verb, offered := range jsonMembers {
		args := append([]string{verb, "--json=nonsense"}, arguments[verb]...)
		_, stderr, code := c.run(t.Context(), "", args...)
		_, there, ok := strings.Cut(stderr, "there are: ")
		there, _, _ = strings.Cut(there, `"`)
		if code != exitUsage || !ok {
			t.Errorf("gesta %v: exit code %d, %s", args, code, stderr)
			continue
		}
		for m := range strings.SplitSeq(there, ", ") {
			if !slices.Contains(offered, m) {
				t.Errorf("--json= of %s does not offer %s", verb, m)
			}
		}
		for _, m := range offered {
			if !slices.Contains(sometimes[verb], m) && !slices.Contains(strings.Split(there, ", "), m) {
				t.Errorf("--json= of %s offers %s, and there are %s", verb, m, there)
			}
		}
	}
}

// The usage of a command says what each of its arguments is.
func TestArgumentKinds(t *testing.T) {
	for use, want := range map[string][]string{
		"log [TARGET | RANGE]":         {"TARGET|RANGE"},
		"at TIME TARGET":               {"TIME", "TARGET"},
		"append [STREAM] --type TYPE":  {"STREAM"},
		"types":                        nil,
		"bisect run TARGET... -- CMD":  {"run", "TARGET..."},
		"completion bash|zsh":          {"bash|zsh"},
		"diff FROM [TO] [--stat] [ID]": {"FROM", "TO"},
	} {
		if got := argumentKinds(use); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", use, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"log", "show", "state", "streams", "stats", "append"}
	for given, want := range map[string]string{
		"lgo": "log", "sate": "state", "stream": "streams", "Log": "log", "apend": "append", "xyz": "", "l": "", "app": "append", "statsu": "stats", "": "",
	} {
		if got := nearest(given, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", given, got, want)
		}
	}
}

// failing is a store whose list of streams fails after a few calls.
type failing struct {
	*memory.Store
	left int
}

func (f *failing) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	if f.left--; f.left < 0 {
		return func(yield func(store.StreamInfo, error) bool) { yield(store.StreamInfo{}, store.ErrFailed) }
	}
	return f.Store.Streams(ctx, o)
}

// A search that may look no more often gives up, and offers nothing: half a list would complete to what is not all there is.
func TestCompletionGivesUp(t *testing.T) {
	var names []string
	for i := range 500 {
		names = append(names, fmt.Sprintf("s%d", i))
	}
	s := streamsOf(t, names)
	for calls := range 8 { // it takes more than that
		if got := streamCandidates(t.Context(), &failing{s, calls}, "s"); len(got.words) > 0 {
			t.Errorf("of a store that fails at its call %d: %q", calls+1, got.words)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := streamCandidates(ctx, s, ""); len(got.words) > 0 {
		t.Errorf("after its time: %q", got.words)
	}
	n, _ := namesOf(t.Context(), s, 2)
	n.branches("", 100)
	if !n.gaveUp() {
		t.Error("more seeks than it may have")
	}
}

// bashLines are what is typed in bash, and what the line becomes, or the words that are offered.
var bashLines = []struct{ typed, want string }{
	{"gesta lo", "log"},
	{"gesta log or", "order-42|order-7"},
	{"gesta log order-4", "order-42"},
	{"gesta log order-42@", "@3|@2|@1"},
	{"gesta log order-42@1..", "@1..3|@1..2|@1..1"},
	{"gesta log stream:od", `odd\ name`},
	{"gesta log ada@", "@example.com"},
	{"gesta log od", `odd\ name`},
	{"gesta log \"od", "odd name"},
	{"gesta log --color=n", "never"},
	{"gesta log --color n", "never"},
	{"gesta log --type Moved,P", "Moved,Paid|Moved,Placed"},
	{"gesta log $(touch ran) order-4", ""},
	{"gesta log nobody", ""},
	{"gesta --quiet log order-4", "order-42"},
}

// The script works in a bash that has nothing else loaded, and runs nothing of what was typed.
func TestBashCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	script := `set -u
eval "$(gesta completion bash)" || exit 1
offer() {
    COMP_LINE=$1 COMP_POINT=${#1}
    local IFS=$' \t\n' rest=$1 part
    COMP_WORDS=()
    # as bash cuts a line
    while [[ -n $rest ]]; do
        rest=${rest#"${rest%%[! ]*}"}
        [[ -z $rest ]] && break
        if [[ $rest == \"* ]]; then part=$rest
        elif [[ $rest == [:=@]* ]]; then part=${rest%%[!:=@]*}
        else part=${rest%%[ :=@]*}; fi
        COMP_WORDS+=("$part")
        rest=${rest#"$part"}
    done
    [[ $1 == *[\ :=@] ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _gesta 2>/dev/null
    local IFS='|'
    printf '%s\n' "${COMPREPLY[*]-}"
}
export GESTA_STORE=$PWD HOME=$PWD
gesta init -q
gesta append order-42 -qt Placed >/dev/null
gesta append order-42 -qt Moved >/dev/null
gesta append order-42 -qt Paid >/dev/null
gesta append order-7 -qt Noted >/dev/null
gesta append 'odd name' -qt Noted >/dev/null
gesta append ada@example.com -qt Noted >/dev/null
while IFS= read -r line; do offer "$line"; done
[[ -e ran ]] && echo "what was typed was run"
exit 0
`
	var typed, want strings.Builder
	for _, l := range bashLines {
		typed.WriteString(l.typed + "\n")
		want.WriteString(l.want + "\n")
	}
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "--noprofile", "-c", script)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(typed.String())
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%v: %s", err, errs.String())
	}
	if diff := cmp.Diff(want.String(), string(out)); diff != "" {
		t.Error(diff)
	}
}
