package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/internal/stat"
)

// asUsers says how the rows of the history verbs are measured, for the report.
const asUsers = "The command line is a process of its own, from its start to its exit; its settings are none, its output is read whole and its answer checked. The page cache is warm."

// noFlip is a condition that never holds, so that bisect looks at each event.
const noFlip = "state.n < 0"

// historyVerbs measures what is asked of the large store at the command line.
func historyVerbs() workload {
	const state, log, complete, diff = "history-state", "history-log", "history-complete", "history-diff"
	specs := []report.Spec{
		{ID: state, Title: "milliseconds of gesta state of a 10-event stream of the large store, from start to exit, p50", Unit: report.Millis, Lower: true, Target: report.Value(30)},
		{ID: log, Title: "milliseconds of gesta log -n 20 of the large store, p50", Unit: report.Millis, Lower: true, Target: report.Value(50)},
		{ID: complete, Title: "milliseconds of the completion of the name of a stream of the large store, p50", Unit: report.Millis, Lower: true, Target: report.Value(50)},
		{ID: diff, Title: fmt.Sprintf("milliseconds of gesta diff between two points of the large store %d events apart", diffEvents), Unit: report.Millis, Lower: true},
	}
	return workload{name: "history-verbs", specs: specs, probe: probe.Memory, share: 2, alone: true, run: func(l *lab) error {
		for _, s := range specs {
			l.book.Note(s.ID, "%s", asUsers)
		}
		l.book.Note(state, "%d runs a round, each of another stream.", l.scale.asks)
		l.book.Note(log, "%d runs a round.", l.scale.asks)
		l.book.Note(complete, "%d runs a round: of gesta __complete state and a name without its last one to four digits, which is what a shell asks.", l.scale.asks)
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		if err := b.close(); err != nil {
			return err
		}
		if _, err := l.cli(); err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(6, 6))
		return l.rounds(func(r *report.Round, _ int) error {
			for id, next := range map[string]func(i int) *question{
				state: func(int) *question { return askState(b, random.IntN(b.plan.Streams)) },
				log: func(int) *question {
					return &question{dir: b.dir, args: []string{"log", "-n", "20"}, check: twentyEvents}
				},
				complete: func(i int) *question { return askCompletion(b, random.IntN(b.plan.Streams), 1+i%4) },
			} {
				ms, err := l.askOften(next)
				if err != nil {
					return err
				}
				r.Put(id, report.Gesta, ms)
			}
			streams := 0
			a, err := l.ask(askDiff(b, 1+random.Int64N(b.events-diffEvents), &streams))
			if err != nil {
				return err
			}
			r.Put(diff, report.Gesta, millis(a.took))
			l.book.Note(diff, "Round %d: %d streams folded, those that have events between the points.", r.Number(), streams)
			return nil
		})
	}}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// askOften asks a round's questions and returns the median of the milliseconds.
func (l *lab) askOften(next func(i int) *question) (float64, error) {
	var took []float64
	for i := range l.scale.asks {
		a, err := l.ask(next(i))
		if err != nil {
			return 0, err
		}
		took = append(took, millis(a.took))
	}
	return stat.Median(took), nil
}

// askState asks for the state of a short stream. All its events set the same members, so that it is what the last of them says.
func askState(b *big, stream int) *question {
	last := lastOf(b, stream)
	return &question{dir: b.dir, args: []string{"state", b.plan.Stream(stream)}, check: func(a *answer) error {
		var got, want map[string]any
		if err := errors.Join(json.Unmarshal([]byte(a.stdout), &got), json.Unmarshal(last, &want)); err != nil {
			return err
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("the state is %s, not %s", begins(a.stdout), last)
		}
		return nil
	}}
}

// lastOf returns the data of the last event of a short stream.
func lastOf(b *big, stream int) []byte {
	last := make([]byte, feed.DataBytes)
	feed.Fill(last, uint64(stream)*uint64(b.plan.PerStream)+uint64(b.plan.PerStream)-1)
	return last
}

// twentyEvents checks a log.
func twentyEvents(a *answer) error {
	if n := strings.Count("\n"+a.stdout, "\n#"); n != 20 {
		return fmt.Errorf("it shows %d events, not 20: %s", n, begins(a.stdout))
	}
	return nil
}

// askCompletion asks what a shell asks, with a name that lacks its last digits.
func askCompletion(b *big, stream, cut int) *question {
	name := b.plan.Stream(stream)
	prefix := name[:len(name)-cut]
	return &question{dir: b.dir, args: []string{"__complete", "state", prefix}, check: func(a *answer) error {
		for line := range strings.SplitSeq(a.stdout, "\n") {
			if len(line) > len(prefix) && strings.HasPrefix(name, line) {
				return nil
			}
		}
		return fmt.Errorf("it does not lead to %s: %s", name, begins(a.stdout))
	}}
}

// diffEvents is how many events lie between the two points of the store.
const diffEvents = 1000

// askDiff asks what lies between a position of the large store and one that is diffEvents further, and notes how many streams were folded.
func askDiff(b *big, from int64, streams *int) *question {
	return &question{dir: b.dir, args: []string{"diff", fmt.Sprintf("%d..%d", from, from+diffEvents)}, check: func(a *answer) error {
		text, _, found := strings.Cut(a.stderr, " streams have events between the two points")
		var err error
		if *streams, err = strconv.Atoi(strings.ReplaceAll(text[strings.LastIndexByte(text, '\n')+1:], ",", "")); err != nil || !found {
			return fmt.Errorf("it does not say how many streams it folded: %w", err)
		}
		if *streams < 1 || *streams > diffEvents+2*batch {
			return fmt.Errorf("it folded %d streams", *streams)
		}
		return nil
	}}
}

// folding is a row of a long stream.
type folding struct {
	id, title string
	store     string
	args      []string
	bound     time.Duration
	check     func(l *lab) func(a *answer) error
}

// What the stores of long streams are called.
const (
	plainStore  = "plain"
	listStore   = "list"
	scriptStore = "script"
)

// foldings are the rows of long streams.
func foldings() []folding {
	blame := []string{"blame", foldStream}
	bisect := []string{"bisect", "--expr", noFlip, foldStream}
	script := []string{"--reducer", "order.js"}
	const beside = ", beside a list of 10,000 that one event set"
	const pushing = " by handlers in JavaScript that put 10,000 elements into a list, in place"
	return []folding{
		{"history-blame", "blame of a 100,000-event stream by merge patch", plainStore, blame, time.Second, blamesLast},
		{"history-blame-list", "blame of such a stream" + beside, listStore, blame, time.Second, blamesLast},
		{"history-blame-js", "blame of a 100,000-event stream" + pushing, scriptStore, append(blame, script...), 5 * time.Second, blamesLast},
		{"history-bisect", "bisect --expr of a 100,000-event stream by merge patch", plainStore, bisect, time.Second, findsNothing},
		{"history-bisect-list", "bisect --expr of such a stream" + beside, listStore, bisect, time.Second, findsNothing},
		{"history-bisect-js", "bisect --expr of a 100,000-event stream" + pushing, scriptStore, append(bisect, script...), 5 * time.Second, findsNothing},
	}
}

// historyFolds measures verbs that fold a long stream.
func historyFolds() workload {
	const memory = "history-blame-memory"
	var specs []report.Spec
	for _, f := range foldings() {
		specs = append(specs, report.Spec{ID: f.id, Title: "milliseconds of gesta " + f.title, Unit: report.Millis, Lower: true, Target: report.Value(millis(f.bound))})
	}
	specs = append(specs, report.Spec{ID: memory, Title: "MiB resident at the peak of the blame of a 100,000-event stream by merge patch, beside its state", Unit: report.MiB, Lower: true, Target: report.Value(64)})
	return workload{name: "history-folds", specs: specs, probe: probe.Memory, share: 5, run: func(l *lab) error {
		for _, s := range specs {
			l.book.Note(s.ID, "%s", asUsers)
		}
		l.book.Note(memory, "What the system counts of the whole process (VmHWM), its program and the files that it maps included, less the bytes of the state as it is shown; looked at each millisecond.")
		return l.fresh(func(dir string) error {
			dirs, err := l.foldStores(dir)
			if err != nil {
				return err
			}
			return l.rounds(func(r *report.Round, i int) error {
				turns := []turn{{report.Gesta, func() error { return l.blameMemory(r, memory, dirs[plainStore]) }}}
				for _, f := range foldings() {
					turns = append(turns, turn{report.Gesta, func() error {
						return l.askFolding(r, f.id, &question{dir: dirs[f.store], args: f.args, check: f.check(l)})
					}})
				}
				return l.inTurns(i, turns)
			})
		})
	}}
}

// askFolding asks a question that takes long.
func (l *lab) askFolding(r *report.Round, id string, q *question) error {
	a, err := l.ask(q)
	if err != nil {
		return err
	}
	r.Put(id, report.Gesta, millis(a.took))
	l.book.Note(id, "Round %d: %.0f ms of processor time.", r.Number(), millis(a.processor))
	return nil
}

// blameMemory measures the memory of a blame.
func (l *lab) blameMemory(r *report.Round, id, dir string) error {
	if runtime.GOOS != "linux" {
		l.book.Line("Row %s is left out: Linux alone tells the most memory that a process had.", id)
		return nil
	}
	state := 0
	q := &question{dir: dir, args: []string{"state", foldStream}, check: func(a *answer) error {
		state = len(a.stdout)
		return nil
	}}
	if _, err := l.ask(q); err != nil {
		return err
	}
	a, err := l.ask(&question{dir: dir, args: []string{"blame", foldStream}, watch: true, check: blamesLast(l)})
	if err != nil {
		return err
	}
	if a.peak == 0 {
		return errors.New("the system did not tell the memory of the process")
	}
	r.Put(id, report.Gesta, float64(a.peak-int64(state))/(1<<20))
	return nil
}

// blamesLast checks that the last event is blamed for the last number.
func blamesLast(l *lab) func(a *answer) error {
	n := strconv.Itoa(l.scale.folded - 1)
	return func(a *answer) error {
		for line := range strings.SplitSeq(a.stdout, "\n") {
			if words := strings.Fields(line); len(words) > 1 && words[0] == "n" && words[1] == n {
				return nil
			}
		}
		return fmt.Errorf("it does not say that the last event made n %s: %s", n, begins(a.stdout))
	}
}

// findsNothing checks that each event of the long stream was looked at, and nothing found.
func findsNothing(l *lab) func(a *answer) error {
	return findsNothingIn(1, l.scale.folded)
}

// findsNothingIn checks that so many events were looked at, and nothing found.
func findsNothingIn(streams, events int) func(a *answer) error {
	said := fmt.Sprintf("0 of %d streams in which it comes to hold; %d events looked at", streams, events)
	if streams == 1 {
		said = strings.Replace(said, "streams", "stream", 1)
	}
	return func(a *answer) error {
		if a.stdout != "" || !strings.Contains("\n"+strings.ReplaceAll(a.stderr, ",", ""), "\n"+said+"\n") {
			return fmt.Errorf("it found something, or did not say %q: %s", said, begins(a.stdout))
		}
		return nil
	}
}

// historyCases bisects many short streams.
func historyCases() workload {
	const id = "history-bisect-streams"
	spec := report.Spec{
		ID: id, Title: "milliseconds of gesta bisect --expr over all of 13,087 streams with 262,200 events together", Unit: report.Millis, Lower: true, Target: report.Value(3000),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 2, run: func(l *lab) error {
		l.book.Note(id, "%s As many streams, events and types as the log of BPI 2012 has, generated; by merge patch.", asUsers)
		return l.fresh(func(dir string) error {
			if err := l.caseStore(dir); err != nil {
				return err
			}
			if _, err := l.cli(); err != nil {
				return err
			}
			return l.rounds(func(r *report.Round, _ int) error {
				return l.askFolding(r, id, &question{dir: dir, args: []string{"bisect", "--expr", noFlip}, check: findsNothingIn(l.scale.cases, l.scale.caseEvents)})
			})
		})
	}}
}
