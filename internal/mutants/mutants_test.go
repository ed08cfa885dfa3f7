package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const page = "../../docs/mutants.md"

// TestPage compares docs/mutants.md with the list; GESTA_UPDATE=1 rewrites it.
func TestPage(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-doc"}, &out); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("GESTA_UPDATE") != "" {
		if err := os.WriteFile(page, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("docs/mutants.md is not what -doc prints; GESTA_UPDATE=1 rewrites it (-page +printed):\n%s", d)
	}
}

// TestEachApplies holds the list against the engine as it is, without compiling anything.
func TestEachApplies(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[string]bool{}
	for _, m := range engine() {
		if seen[m.name] || !name.MatchString(m.name) {
			t.Errorf("the name %q is there twice, or is not words joined by hyphens", m.name)
		}
		seen[m.name] = true
		if _, err := m.apply("../.."); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if m.old == m.new || !strings.HasSuffix(m.breaks, ".") || strings.Contains(m.breaks, "|") {
			t.Errorf("%s changes nothing, or does not say what it breaks in a sentence", m.name)
		}
	}
}

// TestChoose looks mutants up by their names.
func TestChoose(t *testing.T) {
	all := []mutant{{name: "a"}, {name: "b"}}
	if got, err := choose(all, []string{"b"}); err != nil || len(got) != 1 || got[0].name != "b" {
		t.Errorf("choosing b gives %v, %v", got, err)
	}
	if got, err := choose(all, []string{"c"}); err == nil {
		t.Errorf("choosing c gives %v", got)
	}
}

// tiny is a module with one function and its tests.
var tiny = map[string]string{
	"go.mod":     "module tiny\n\ngo 1.26\n",
	"sum/sum.go": "package sum\n\nfunc Sum(a, b int) int { return a + b }\n",
	"sum/sum_test.go": `package sum

import "testing"

func TestSum(t *testing.T) {
	t.Run("of two", func(t *testing.T) {
		if Sum(1, 2) != 3 {
			t.Error("no")
		}
	})
	t.Run("of zeros", func(t *testing.T) {
		if Sum(0, 0) != 0 {
			t.Error("no")
		}
	})
}

func TestEnds(t *testing.T) {
	for Sum(1, 1) != 2 {
	}
}

func TestSkipped(t *testing.T) { t.Skip() }

func TestFails(t *testing.T) { t.Error(Sum(1, 1)) }
`,
}

// TestTry tries mutants of the tiny module.
func TestTry(t *testing.T) {
	root := t.TempDir()
	for name, text := range tiny {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	minus := mutant{name: "minus", breaks: "It subtracts.", file: "sum/sum.go", old: "a + b", new: "a - b", pkg: "sum", test: "TestSum/of_two"}
	with := func(change func(m *mutant)) mutant {
		m := minus
		change(&m)
		return m
	}
	tests := []struct {
		name   string
		mutant mutant
		want   string // a part of what is printed
		caught bool
	}{
		{"caught", minus, "caught    minus                              by TestSum/of_two\n1 passed, 0 failed\n", true},
		{"survivor", with(func(m *mutant) { m.test = "TestSum/of_zeros" }), "SURVIVED  minus                              TestSum/of_zeros passes: It subtracts.\n0 passed, 1 failed\n", false},
		{"does not apply", with(func(m *mutant) { m.old = "a * b" }), "0 times, not once", false},
		{"applies twice", with(func(m *mutant) { m.old = "int" }), "2 times, not once", false},
		{"does not compile", with(func(m *mutant) { m.new = "a +" }), "does not compile", false},
		{"hangs", with(func(m *mutant) { m.test = "TestEnds" }), "TestEnds does not end, and the mutant does not say so", false},
		{"hangs as it says", with(func(m *mutant) { m.test, m.hangs = "TestEnds", true }), "caught    minus ", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := try(t.Context(), root, []mutant{tt.mutant}, 3*time.Second, &out)
			if (err == nil) != tt.caught || !strings.Contains(out.String(), tt.want) {
				t.Errorf("trying gives %v and prints %q; want %q", err, out.String(), tt.want)
			}
		})
	}
	for _, test := range []string{"TestFails", "TestSkipped", "TestAbsent", "TestSum/of_three"} {
		t.Run("baseline of "+test, func(t *testing.T) {
			var out bytes.Buffer
			err := try(t.Context(), root, []mutant{with(func(m *mutant) { m.test = test })}, time.Minute, &out)
			if err == nil || !strings.Contains(err.Error(), "does not pass without a mutant") || out.Len() > 0 {
				t.Errorf("trying gives %v and prints %q", err, out.String())
			}
		})
	}
}
