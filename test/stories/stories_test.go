// Package stories holds the answers of the incident stories in docs/stories against a program in Python that works them out from
// the sources, and shares no code with the command line. That the pages' commands print what they show is tested in cmd/gesta.
package stories

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root      = "../.."
	pages     = root + "/docs/stories"
	ten       = 10 // stories, beside the newcomer's transcript
	commands  = 3  // that answer a question, at the most
	inData    = "```console data\n"
	inDemo    = "$ gesta demo "
	answering = "**Answer: "
)

func TestStories(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(pages + "/[0-9]*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != ten+1 {
		t.Errorf("there are %d stories; want %d and the newcomer's transcript", len(names), ten)
	}
	index := read(t, pages+"/README.md")
	for _, name := range names {
		base := filepath.Base(name)
		t.Run(strings.TrimSuffix(base, ".md"), func(t *testing.T) {
			t.Parallel()
			page := read(t, name)
			title, _, _ := strings.Cut(strings.TrimPrefix(page, "# "), "\n")
			if !strings.Contains(index, "("+base+")") {
				t.Errorf("the index has no link to %s, %q", base, title)
			}
			if n := asked(page); n == 0 || n > commands {
				t.Errorf("%d commands answer the question; want 1 to %d", n, commands)
			}
			told, printed := answers(page), outputs(page)
			for _, answer := range told {
				if _, err := strconv.Atoi(answer); err != nil && !strings.Contains(printed, answer) {
					t.Errorf("no command of the page prints the answer %q", answer)
				}
			}
			if diff := cmp.Diff(ask(t, name, page), told); diff != "" {
				t.Errorf("the page answers otherwise (-source +page):\n%s", diff)
			}
		})
	}
}

// ask lets the program in Python answer the question of a page.
func ask(t *testing.T, name, page string) []string {
	t.Helper()
	args := []string{absolute(t, "stories.py"), absolute(t, name)}
	dir := t.TempDir()
	env := append(os.Environ(), "TZ=UTC", "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1")
	switch {
	case strings.Contains(page, inData):
		logs := testData()
		if _, err := os.Stat(logs); err != nil {
			t.Skip("the event logs are not there: ", err)
		}
		args = append(args, absolute(t, logs))
	case strings.Contains(page, inDemo): // its history comes from gesta
		bin := t.TempDir()
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "gesta"), root+"/cmd/gesta").CombinedOutput(); err != nil {
			t.Fatalf("build gesta: %v: %s", err, out)
		}
		env = append(env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	c := exec.CommandContext(t.Context(), "python3", args...)
	var problems bytes.Buffer
	c.Dir, c.Env, c.Stderr = dir, env, &problems
	out, err := c.Output()
	if err != nil {
		t.Fatalf("stories.py: %v: %s", err, problems.Bytes())
	}
	var found []string
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("stories.py prints %s: %v", out, err)
	}
	return found
}

var bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)

// answers returns what is in bold in the paragraph of the answer, in order.
func answers(page string) []string {
	_, rest, found := strings.Cut(page, "\n"+answering)
	if !found {
		return nil
	}
	paragraph, _, _ := strings.Cut("**"+rest, "\n\n")
	var all []string
	for _, match := range bold.FindAllStringSubmatch(paragraph, -1) {
		all = append(all, match[1])
	}
	return all
}

// block matches the lines between the fences of a console block.
var block = regexp.MustCompile("(?ms)^```console(?: data)?\n(.*?)^```$")

// outputs returns what the commands of a page print.
func outputs(page string) string {
	var all strings.Builder
	for _, match := range block.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(match[1]) {
			if !strings.HasPrefix(line, "$ ") && !strings.HasPrefix(line, "> ") {
				all.WriteString(line)
			}
		}
	}
	return all.String()
}

// making matches commands of gesta that take a history in, or look nothing up in it.
var making = regexp.MustCompile(`^\$ gesta (init|import|demo|help)\b`)

// asked counts the commands of a page that ask gesta something.
func asked(page string) int {
	n := 0
	for _, match := range block.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(match[1]) {
			if strings.HasPrefix(line, "$ gesta ") && !making.MatchString(line) {
				n++
			}
		}
	}
	return n
}

// What is read from a page is what stands there.
func TestPage(t *testing.T) {
	const page = "# Who?\n\n```console\n$ gesta init\nMade.\n$ gesta blame a\n> b\nada\n```\n\n```console data\n$ gesta log\n#1\n```\n\n" +
		"**Nobody**\n\n**Answer: ada** and **a@7**,\nor **9**\n\n**Not this**\n"
	if diff := cmp.Diff([]string{"ada", "a@7", "9"}, answers(page)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if got := answers("**Answer** is missing"); got != nil {
		t.Errorf("answers of a page without one = %q", got)
	}
	if got := outputs(page); got != "Made.\nada\n#1\n" {
		t.Errorf("outputs = %q", got)
	}
	if got := asked(page); got != 2 {
		t.Errorf("asked = %d; want 2", got)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// testData returns the directory of real event logs: GESTA_TESTDATA, seen from the root of the repository where it is relative,
// else the data that lies beside a checkout. It need not exist.
func testData() string {
	dir := os.Getenv("GESTA_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(root, dir)
}
