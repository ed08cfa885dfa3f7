package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

// shells are those in which completion is tried as a person does: keys are pressed in a terminal.
var shells = []struct {
	name, start string
	setup       []string
	shows       bool // it shows what gesta says about a word
}{
	{"bash", "bash --norc --noprofile", []string{"PS1='> '", "unset HISTFILE", "source <(gesta completion bash)"}, false},
	{"bash", "bash --norc --noprofile", []string{"PS1='> '", "unset HISTFILE", "set -uf; IFS=:1; shopt -s nocasematch extglob", "source <(gesta completion bash)"}, false},
	{"zsh", "zsh -f", []string{"PS1='> '", "autoload -Uz compinit && compinit -D", "source <(gesta completion zsh)"}, true},
	{"zsh", "zsh -f", []string{"PS1='> '", "autoload -Uz compinit && compinit -D", "setopt ksharrays shwordsplit shglob nounset", "source <(gesta completion zsh)"}, true},
	{"fish", "fish --no-config --private", []string{"set -g fish_autosuggestion_enabled 0", "function fish_prompt; echo '> '; end", "gesta completion fish | source"}, true},
}

// tabs are lines in which Tab is pressed once, and what they are then. All shells quote these alike.
var tabs = []struct{ typed, becomes string }{
	{"gesta lo", "gesta log "},
	{"gesta log or", "gesta log order-"},
	{"gesta log order-4", "gesta log order-42 "},
	{"gesta log order-42@3", "gesta log order-42@3 "},
	{"gesta log order-42@1..3", "gesta log order-42@1..3 "},
	{"gesta log ada@", "gesta log ada@example.com "},
	{"gesta log col:", "gesta log col:on-1 "},
	{"gesta log od", `gesta log odd\ name `},
	{"gesta log odd\\ n", `gesta log odd\ name `},
	{"gesta log stream:od", `gesta log stream:odd\ name `},
	{"gesta log 'od", "gesta log 'odd name' "},
	{`gesta log "od`, `gesta log "odd name" `},
	{"gesta log run", `gesta log run\$\(touch\ ran\) `},
	{`gesta log "run`, `gesta log "run\$(touch ran)" `},
	{`gesta log 'run`, `gesta log 'run$(touch ran)' `},
	{"gesta log it", `gesta log it\'s\"x\\y `},
	{`gesta log "it`, `gesta log "it's\"x\\y" `},
	{"gesta log --onel", "gesta log --oneline "},
	{"gesta log --color n", "gesta log --color never "},
	{"gesta log --color=n", "gesta log --color=never "},
	{"gesta log --type Moved,Pl", "gesta log --type Moved,Placed "},
	{"gesta log --json=position,v", "gesta log --json=position,version"},
	{"gesta -q log order-4", "gesta -q log order-42 "},
	{"gesta log nobody", "gesta log nobody"},
	{"gesta log -S $(touch ran) order-4", "gesta log -S $(touch ran) order-42 "},
	{"gesta log --since `touch ran` o", "gesta log --since `touch ran` o"},
	{"gesta import csv rows.c", "gesta import csv rows.csv "},
	{"gesta log --store=sub", "gesta log --store=subdirectory/"},
	{"gesta --store ~/sub", "gesta --store ~/subdirectory/"},
	{"~/bin/gesta log order-4", "~/bin/gesta log order-42 "},
}

// The scripts work in the shells that they are for, and run nothing of what was typed.
func TestCompletionInShells(t *testing.T) {
	for _, shell := range shells {
		t.Run(shell.name, func(t *testing.T) {
			if _, err := exec.LookPath(shell.name); err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatalf("%s is not installed: its completion is tested in it", shell.name)
				}
				t.Skipf("%s is not installed: its completion is not tested in it", shell.name)
			}
			dir := completionHome(t)
			completeIn(t, newTerminal(t, dir, 160, 40, "HOME="+dir), shell.start, shell.setup, shell.shows)
			if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
				t.Error("what was typed was run")
			}
		})
	}
}

// completionHome makes a directory with a store whose names are hard to complete, and with files.
func completionHome(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := open.Open(t.Context(), filepath.Join(dir, ".gesta"), open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []store.Event{
		{Stream: "order-42", Type: "Placed"},
		{Stream: "order-42", Type: "Moved"},
		{Stream: "order-42", Type: "Paid"},
		{Stream: "order-7", Type: "Noted"},
		{Stream: "odd name", Type: "Noted"},
		{Stream: "ada@example.com", Type: "Noted"},
		{Stream: "col:on-1", Type: "Noted"},
		{Stream: "run$(touch ran)", Type: "Noted"},
		{Stream: `it's"x\y`, Type: "Noted"},
	} {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, made := range []string{"subdirectory", "bin"} {
		if err := os.Mkdir(filepath.Join(dir, made), 0o700); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), nil, 0o600); err != nil {
		t.Error(err)
	}
	return dir
}

// completeIn presses Tab in a shell in a terminal.
func completeIn(t *testing.T, m *terminal, start string, setup []string, shows bool) {
	t.Helper()
	m.shell("ln -s \"$(command -v gesta)\" ~/bin/gesta")
	m.shell("exec " + start)
	for _, line := range setup {
		m.shell(line)
	}
	m.shell("echo rea''dy")
	m.wait("the shell", func(screen string) bool { return strings.HasSuffix(screen, "\nready\n>") })
	for i, tab := range tabs {
		mark := fmt.Sprintf("%%%d%%", i)
		m.tmux("send-keys", "-l", tab.typed)
		m.keys("Tab")
		m.tmux("send-keys", "-l", mark) // the shell adds it when it has completed
		line := ""
		m.wait("the line", func(screen string) bool {
			lines := strings.Split(screen, "\n")
			at := slices.IndexFunc(lines, func(l string) bool { return strings.HasSuffix(l, mark) })
			if at >= 0 {
				line = lines[at]
			}
			return at >= 0
		})
		if want := "> " + tab.becomes + mark; line != want {
			t.Errorf("%s and Tab: %q, want %q", tab.typed, line, want)
		}
		m.keys("C-u", "C-l") // on the same line again
	}
	m.tmux("send-keys", "-l", "gesta log order-42@")
	m.keys("Tab", "Tab")
	if shows {
		m.wait("the versions, the newest first", func(screen string) bool {
			newest, oldest := strings.Index(screen, "Paid"), strings.Index(screen, "Placed")
			return newest > 0 && newest < oldest && strings.Contains(screen, "Moved")
		})
	}
}
