// Bench measures gesta's store on disk beside what one would embed instead, and beside what the machine allows, and writes
// a report. All run in one go, in turns: see README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == childWord {
		err = child(ctx, os.Args[2:], os.Stdout)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	full   bool
	talk   bool
	rows   *regexp.Regexp
	dir    string
	rounds int
	rivals []rival.Maker
	umadb  bool // whether UmaDB is among the rivals
	out    string
	cpu    string
}

// parse reads the flags. The rivals that it is asked for must be known; whether they work is seen later.
func parse(args []string, known []rival.Maker, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	short := f.Bool("short", false, "one million events, three rounds, under 12 minutes on two cores (the default)")
	f.BoolVar(&o.full, "full", false, "ten million events, five rounds, under 50 minutes on two cores")
	f.BoolVar(&o.talk, "v", false, "say how long each turn took")
	rows := f.String("rows", "", "run only the workloads that have a row whose name this regular expression matches")
	f.StringVar(&o.dir, "dir", "", "measure below this directory, which must exist (default that for temporary files)")
	f.IntVar(&o.rounds, "rounds", 0, "how many rounds to keep of each workload (default 3, with -full 5)")
	rivals := f.String("rivals", "all", "which rivals, by name with commas between: all, none, or of "+names(known)+","+umaDB)
	f.StringVar(&o.out, "o", "", "write the report to this file, in Markdown")
	f.StringVar(&o.cpu, "cpuprofile", "", "write a profile of this process, in the form of pprof, to this file")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var err error
	switch o.rivals, o.umadb, err = pick(known, *rivals); {
	case err != nil:
		return nil, err
	case f.NArg() > 0:
		return nil, fmt.Errorf("unknown argument %q", f.Arg(0))
	case *short && o.full:
		return nil, errors.New("-short and -full exclude each other")
	case o.rounds < 0:
		return nil, fmt.Errorf("%d rounds", o.rounds)
	}
	if o.rows, err = regexp.Compile(*rows); err != nil {
		return nil, fmt.Errorf("-rows: %w", err)
	}
	return o, nil
}

func names(makers []rival.Maker) string {
	var s []string
	for _, m := range makers {
		s = append(s, m.Name)
	}
	return strings.Join(s, ",")
}

// pick returns the rivals with the names in a list, and whether UmaDB is one.
func pick(known []rival.Maker, list string) (picked []rival.Maker, umadb bool, err error) {
	switch list {
	case "all":
		return known, true, nil
	case "none", "":
		return nil, false, nil
	}
names:
	for name := range strings.SplitSeq(list, ",") {
		if name == umaDB {
			umadb = true
			continue
		}
		for _, m := range known {
			if m.Name == name {
				picked = append(picked, m)
				continue names
			}
		}
		return nil, false, fmt.Errorf("no rival is called %q: there are %s,%s", name, names(known), umaDB)
	}
	return picked, umadb, nil
}

// inUse is how many bytes this process keeps for itself and never touches, so that the garbage collector runs about as often as in a program that has some
// work of its own: with none it runs every few milliseconds, which is then what most of a read costs, whatever the store.
const inUse = 64 << 20

// run measures, prints the table, and writes the report.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, rivals(), stderr)
	if err != nil {
		return err
	}
	if o.cpu != "" {
		stop, profileErr := profile(o.cpu)
		if profileErr != nil {
			return profileErr
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	others := make([]byte, inUse)
	defer runtime.KeepAlive(&others)
	begin, commit := time.Now(), machine.Commit(ctx, o.out)
	sc := shortScale
	if o.full {
		sc = fullScale
	}
	if o.rounds > 0 {
		sc.rounds, sc.tries = o.rounds, max(sc.tries, o.rounds+o.rounds/2)
	}
	dir, err := os.MkdirTemp(o.dir, "gesta-bench-")
	if err != nil {
		return fmt.Errorf("make a directory to measure in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // a server that a rival starts may run as another user
		return fmt.Errorf("make a directory to measure in: %w", err)
	}
	l, err := newLab(ctx, dir, sc, o.rivals, stderr)
	if err != nil {
		return err
	}
	l.verbose = o.talk
	if o.umadb {
		if l.umadb, err = umadbProgram(); err != nil {
			l.book.Line("**%s** is left out: %v", umaDB, err)
		}
	}
	for _, line := range notBuilt() {
		l.book.Line("%s", line)
	}
	if err := errors.Join(l.runAll(o.rows), l.close()); err != nil {
		return err
	}
	if err := l.book.Text(stdout); err != nil {
		return err
	}
	if o.out == "" {
		return nil
	}
	return l.write(ctx, o.out, commit, head(args, sc, begin))
}

// profile begins to write a profile, until the function that it returns is called.
func profile(name string) (stop func() error, err error) {
	f, err := os.Create(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("write a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write a profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// head says how the report came about.
func head(args []string, sc scale, begin time.Time) *report.Head {
	return &report.Head{
		Title: "gesta beside its rivals and the limits of the machine",
		Date:  begin.UTC().Format(time.DateOnly),
		Commands: []string{
			"cd bench && go run . " + quoted(args),
		},
		Scale: []string{
			sc.String(),
			fmt.Sprintf("The run took %s.", time.Since(begin).Round(time.Second)),
		},
	}
}

// quoted writes arguments as a shell takes them, but for where this machine has room.
func quoted(args []string) string {
	args = slices.Clone(args)
	if i := slices.Index(args, "-dir"); i >= 0 && i+1 < len(args) {
		args = slices.Delete(args, i, i+2)
	}
	words := make([]string, len(args))
	for i, a := range args {
		if words[i] = a; a == "" || strings.ContainsAny(a, " \t\n\"'\\$`*?[](){}<>|&;#~!^") {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// write writes the report of a commit to a file.
func (l *lab) write(ctx context.Context, name, commit string, h *report.Head) error {
	h.Facts = machine.Describe(ctx, l.dir, modulePrefixes)
	h.Facts.Commit = commit
	for _, m := range append([]rival.Maker{l.gesta}, l.rivals...) {
		h.Rivals = append(h.Rivals, fmt.Sprintf("**%s**: %s", m.Name, m.Notes))
	}
	if l.umadb != "" {
		h.Rivals = append(h.Rivals, fmt.Sprintf("**%s**: the server of the Python package umadb, with its defaults, which a process of its own runs. Rows of the server alone.", umaDB))
	}
	f, err := os.Create(filepath.Clean(name))
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := errors.Join(l.book.Markdown(f, h), f.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
