package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeHome makes a home with a config and returns its directory.
func writeHome(t *testing.T, config string) string {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, ".config", "gesta")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestSplitWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"log --oneline  -n 20", []string{"log", "--oneline", "-n", "20"}},
		{`log --type 'Paid,Paid in part'`, []string{"log", "--type", "Paid,Paid in part"}},
		{`a "b \"c\" \d" e\ f '' "" g'h'"i"`, []string{"a", `b "c" \d`, "e f", "", "", "ghi"}},
		{`'#1120' $HOME *`, []string{"#1120", "$HOME", "*"}},
		{"'\\'", []string{`\`}},
	}
	for _, tt := range tests {
		if got, err := splitWords(tt.text); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("splitWords(%q) = %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{`a 'b`, `a "b`, `a "b\"`, `a \`} {
		if got, err := splitWords(text); err == nil {
			t.Errorf("splitWords(%q) = %q", text, got)
		}
	}
}

// Whatever is not understood is an error that names the file and the line.
func TestConfigIsStrict(t *testing.T) {
	for text, message := range map[string]string{
		"nonsense":                     `"nonsense" is not name = value`,
		"colour = auto":                `there is no setting "colour": did you mean color?`,
		"editor = vi":                  `there is no setting "editor"`,
		"color = blue":                 `color is auto, always or never, not "blue"`,
		"color = auto\ncolor = never":  "color is set in line 1 already",
		"pager =":                      "pager has no value",
		"= x":                          `"= x" is not name = value`,
		"[core]":                       "there is no section [core]",
		"[alias":                       `"[alias" is not name = value`,
		"[alias]\na b = log":           `an alias is letters, digits, - and _, not "a b"`,
		"[alias]\na = log\na = stats":  "the alias a stands in line 2 already",
		"[alias]\na = log 'x":          "a quote ' is not closed",
		"[alias]\na = !rm":             "none begins with an exclamation mark",
		strings.Repeat("#", 1+256<<10): "bytes",
	} {
		c := newCLI(t)
		c.environ["HOME"] = writeHome(t, text)
		line := strings.Count(text, "\n") + 1
		stdout, stderr, code := c.run(t.Context(), "", "log")
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, message) {
			t.Errorf("%.40q: exit code %d, %q", text, code, stderr)
		}
		if place := filepath.Join(c.environ["HOME"], ".config", "gesta", "config"); !strings.Contains(stderr, place) ||
			len(text) < 1000 && !strings.Contains(stderr, place+":"+string(rune('0'+line))+": ") {
			t.Errorf("%.40q: no place: %q", text, stderr)
		}
		for _, args := range [][]string{{"help", "config"}, {"version"}, {"explain", "usage"}, {"completion", "bash"}, {"man"}, {"__complete", "log", ""}} {
			if _, stderr, code := c.run(t.Context(), "", args...); code != exitOK {
				t.Errorf("%.40q: gesta %v: exit code %d, %s", text, args, code, stderr)
			}
		}
		if _, _, code := c.run(t.Context(), "", "config"); code != exitUsage {
			t.Errorf("%.40q: gesta config: exit code %d", text, code)
		}
	}
}

func TestAliases(t *testing.T) {
	c := newCLI(t)
	c.orders()
	c.environ["HOME"] = writeHome(t, strings.Join([]string{
		"# mine", "; mine too", "  color = never ", "", "[ alias ]", "recent = log --oneline -n 2", "lately = recent", "log = stats",
		"quietly = -q log", "a = b", "b = c -n1", "c = a", "typo = lgo", "who = state 'order-42' --path customer",
	}, "\n"))
	same := func(line, as string) {
		t.Helper()
		got, want := c.ok(strings.Fields(line)...), c.ok(strings.Fields(as)...)
		if got != want || got == "" {
			t.Errorf("gesta %s prints\n%s\nand gesta %s\n%s", line, got, as, want)
		}
	}
	same("recent", "log --oneline -n 2")
	same("recent order-42", "log --oneline -n 2 order-42")
	same("lately --reverse", "log --oneline -n 2 --reverse")
	same("--store mem: --jq .items[].type recent", "log --jq .items[].type -n 2")
	same("quietly -n1", "log -q -n1")
	same("who", "state order-42 --path customer")
	if got := c.ok("log", "-n1", "--oneline"); !strings.Contains(got, "Paid") {
		t.Errorf("an alias took the place of a command: %s", got)
	}
	_, stderr, code := c.run(t.Context(), "", "a")
	if code != exitUsage || !strings.Contains(stderr, "aliases go round: a -> b -> c -> a\n") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, stderr, code = c.run(t.Context(), "", "typo"); code != exitUsage || !strings.Contains(stderr, `unknown command "lgo"`) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, stderr, code = c.run(t.Context(), "", "recnt"); code != exitUsage || !strings.Contains(stderr, "did you mean recent?") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// Who says when there are colours: a flag, else the config, else NO_COLOR.
func TestConfiguredColour(t *testing.T) {
	for _, tt := range []struct {
		config, noColor string
		args            []string
		want            bool
	}{
		{"color = always", "", nil, true},
		{"color = always", "1", nil, true},
		{"color = always", "", []string{"--color", "never"}, false},
		{"color = never", "", []string{"--color", "always"}, true},
		{"", "", nil, true},
		{"", "1", nil, false},
		{"color = never", "", nil, false},
	} {
		c := newCLI(t)
		c.terminal = true
		c.orders()
		c.environ["HOME"], c.environ["NO_COLOR"], c.environ["PAGER"] = writeHome(t, tt.config), tt.noColor, "cat"
		if got := strings.Contains(c.ok(append([]string{"log"}, tt.args...)...), "\x1b["); got != tt.want {
			t.Errorf("%q, NO_COLOR=%q, %v: colours? %t", tt.config, tt.noColor, tt.args, got)
		}
	}
}

// GESTA_PAGER beats the config, and the config beats PAGER. An empty variable says that there is to be none.
func TestConfiguredPager(t *testing.T) {
	for _, tt := range []struct{ config, gestaPager, pager, want string }{
		{"pager = mine -x", "unset", "theirs", "mine -x from the file"},
		{"pager = mine -x", "cat", "theirs", "cat from GESTA_PAGER"},
		{"", "unset", "theirs", "theirs from PAGER"},
		{"pager = mine -x", "", "theirs", " from GESTA_PAGER"},
		{"", "unset", "", " from PAGER"},
	} {
		c := newCLI(t)
		c.environ["XDG_CONFIG_HOME"] = filepath.Join(writeHome(t, tt.config), ".config")
		c.environ["GESTA_PAGER"], c.environ["PAGER"] = tt.gestaPager, tt.pager
		maps.DeleteFunc(c.environ, func(_, value string) bool { return value == "unset" })
		got := c.ok("config", "--jq", `.items[] | select(.name == "pager") | .value + " from " + if .from | endswith(":1") then "the file" else .from end`)
		if got != tt.want+"\n" {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
