package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// atOnce is how many mutants are compiled and run at the same time.
const atOnce = 2

// try tries all mutants on the module at root and prints one line for each, as they come out, and the counts at the end. It
// returns [errSurvived] unless each was caught.
func try(ctx context.Context, root string, mutants []mutant, timeout time.Duration, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &trial{bench: bench{root: root, dir: dir, timeout: timeout}, out: out}
	if err := t.baseline(ctx, mutants); err != nil {
		return err
	}
	t.each(len(mutants), func(i int) { t.mutant(ctx, &mutants[i]) })
	if err := ctx.Err(); err != nil {
		return err
	}
	t.printf("%d passed, %d failed\n", t.caught, t.missed)
	if t.printErr != nil {
		return fmt.Errorf("print: %w", t.printErr)
	}
	if t.missed > 0 {
		return errSurvived
	}
	return nil
}

// trial is one run of the program.
type trial struct {
	bench

	mu     sync.Mutex // guards what follows
	out    io.Writer
	caught int
	missed int
	broken []string // tests that fail without a mutant, with what they say

	printErr error // the first error of out
}

// printf prints to out; the caller holds mu, or is alone.
func (t *trial) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(t.out, format, args...); t.printErr == nil {
		t.printErr = err
	}
}

// each calls do for the numbers below n, some at once.
func (t *trial) each(n int, do func(i int)) {
	numbers := make(chan int)
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := range numbers {
				do(i)
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	wg.Wait()
}

// baseline runs the named tests without a mutant: what fails anyway catches nothing.
func (t *trial) baseline(ctx context.Context, mutants []mutant) error {
	bins := map[string]string{}
	seen := map[string]bool{}
	var tests []*mutant
	for i := range mutants {
		m := &mutants[i]
		if bins[m.pkg] == "" {
			bin, err := t.compile(ctx, m.pkg, fmt.Sprintf("baseline-%d", len(bins)), nil)
			if err != nil {
				return err
			}
			bins[m.pkg] = bin
		}
		if !seen[m.testKey()] {
			seen[m.testKey()] = true
			tests = append(tests, m)
		}
	}
	t.each(len(tests), func(i int) {
		m := tests[i]
		if got, text, err := t.run(ctx, bins[m.pkg], m); got != passed {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.broken = append(t.broken, fmt.Sprintf("%s in %s does not pass without a mutant: %v\n%s", m.test, m.pkg, err, tail(text)))
		}
	})
	if len(t.broken) > 0 {
		return fmt.Errorf("%s", strings.Join(t.broken, "\n"))
	}
	return nil
}

// mutant tries one mutant and prints what became of it.
func (t *trial) mutant(ctx context.Context, m *mutant) {
	problem, text := t.survives(ctx, m)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case problem == "":
		t.caught++
		t.printf("caught    %-34s by %s\n", m.name, m.test)
	default:
		t.missed++
		t.printf("SURVIVED  %-34s %s\n%s", m.name, problem, indented(tail(text)))
	}
}

// survives says why a mutant counts as not caught, with the words of the test; nothing when it was caught.
func (t *trial) survives(ctx context.Context, m *mutant) (problem, text string) {
	changed, err := m.apply(t.root)
	if err != nil {
		return err.Error(), ""
	}
	bin, err := t.compile(ctx, m.pkg, m.name, map[string]string{filepath.Join(t.root, m.file): changed})
	if err != nil {
		return "does not compile", err.Error()
	}
	got, text, err := t.bench.run(ctx, bin, m)
	err = errors.Join(err, os.Remove(bin)) // each has some megabytes
	switch {
	case err != nil:
		return err.Error(), text
	case got == failed, got == timedOut && m.hangs:
		return "", ""
	case got == timedOut:
		return m.test + " does not end, and the mutant does not say so", text
	case got == passed:
		return m.test + " passes: " + m.breaks, ""
	}
	return m.test + " neither passes nor fails", text
}

// tail returns the last lines of what a test printed.
func tail(text string) string {
	const most = 2000
	if len(text) > most {
		text = "…" + text[len(text)-most:]
	}
	return strings.TrimSpace(text)
}

func indented(text string) string {
	if text == "" {
		return ""
	}
	return "          " + strings.ReplaceAll(text, "\n", "\n          ") + "\n"
}
