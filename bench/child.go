package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/store/disk"
)

// childWord, as the first argument, makes the program a child of itself: a process whose memory is measured, or that is
// to be killed, a server that does next to nothing, or one that makes requests.
const childWord = "child"

// childReady is what a child says once it may be killed.
const childReady = "ready"

// childOrder is what a child is told by its flags.
type childOrder struct {
	work, subject, dir  string
	kind                string
	events, tail, index int64
	answer              int
	box                 time.Duration
}

// child does what the flags say.
func child(ctx context.Context, args []string, stdout io.Writer) error {
	var o childOrder
	f := flag.NewFlagSet(childWord, flag.ContinueOnError)
	f.StringVar(&o.work, "work", "", "memory, load, serve or requests")
	f.StringVar(&o.subject, "subject", "", "the store")
	f.StringVar(&o.dir, "dir", "", "its directory")
	f.Int64Var(&o.events, "events", 0, "how many events")
	f.Int64Var(&o.tail, "tail", 0, "bytes of the log behind what is indexed")
	f.Int64Var(&o.index, "index", 0, "bytes of the log that are indexed in memory")
	f.DurationVar(&o.box, "box", 0, "how long")
	f.StringVar(&o.kind, "kind", "", "what is served")
	f.IntVar(&o.answer, "answer", 0, "bytes of what it answers")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch o.work {
	case "memory":
		return childMemory(ctx, &o, stdout)
	case "load":
		return childLoad(ctx, &o, stdout)
	case "serve":
		return childServe(ctx, &o, stdout)
	case "requests":
		return load.Serve(ctx, os.Stdin, stdout)
	}
	return fmt.Errorf("a child that knows no work %q", o.work)
}

// command makes a child of this program.
func (l *lab) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, append([]string{childWord}, args...)...)
	cmd.Stderr = &bytes.Buffer{}
	return cmd, nil
}

// memory is what a child says of its own.
type memory struct {
	Events   int64
	PeakAnon int64 // bytes, the highest that was seen; 0 where the system does not tell
	Heap     int64 // bytes that live at the end, the store still open
}

// measureMemory has a child ingest events into a store.
func (l *lab) measureMemory(subject string, events int64, box time.Duration) (m memory, err error) {
	err = l.fresh(func(dir string) error {
		cmd, err := l.command(l.ctx, "-work=memory", "-subject="+subject, "-dir="+dir, fmt.Sprint("-events=", events), fmt.Sprint("-box=", box))
		if err != nil {
			return err
		}
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("measure memory in a child: %w: %s", err, cmd.Stderr)
		}
		return json.Unmarshal(out, &m)
	})
	return m, err
}

// childMemory ingests and says how much memory that took.
func childMemory(ctx context.Context, o *childOrder, stdout io.Writer) error {
	maker, err := makerOf(o.subject)
	if err != nil {
		return err
	}
	s, err := maker.Open(o.dir, true)
	if err != nil {
		return err
	}
	var m memory
	stop, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watchAnon(stop) }()
	p := planOf(o.events, loadWriters)
	m.Events, err = play(ctx, s, &p, o.box)
	if own, ok := s.(*gesta.Store); ok && err == nil {
		err = own.Settle(ctx)
	}
	close(stop)
	m.PeakAnon = <-peak
	runtime.GC()
	runtime.GC() // what the first one let finalizers free
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.Heap = int64(stats.HeapAlloc)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(m)
}

// makerOf finds a store by its name.
func makerOf(name string) (rival.Maker, error) {
	if name == gesta.Maker.Name {
		return gesta.Maker, nil
	}
	picked, _, err := pick(rivals(), name)
	if err == nil && len(picked) == 0 {
		err = fmt.Errorf("%s is no store that can be opened", name)
	}
	if err != nil {
		return rival.Maker{}, err
	}
	return picked[0], nil
}

// watchAnon looks at the resident memory each ten milliseconds, until told to stop, and returns the most that it saw.
func watchAnon(stop <-chan struct{}) (peak int64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if n, err := machine.RSSAnon(); err == nil {
			peak = max(peak, n)
		}
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// underLoad is how long a child is left at its load before it is killed.
const underLoad = 200 * time.Millisecond

// killWriter has a child append to a store, and kills it while it does.
func (l *lab) killWriter(dir string) (err error) {
	cmd, err := l.command(l.ctx, "-work=load", "-dir="+dir, fmt.Sprint("-tail=", l.scale.tail), fmt.Sprint("-index=", l.scale.indexBytes))
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start a child: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a child: %w", err)
	}
	line, readErr := bufio.NewReader(out).ReadString('\n')
	if readErr == nil {
		timer := time.NewTimer(underLoad)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-l.ctx.Done():
		}
	}
	killErr := cmd.Process.Kill()
	waitErr := cmd.Wait() // an error: it was killed
	if line != childReady+"\n" || killErr != nil {
		return fmt.Errorf("the child that was to be killed said %q (%w): %w: %s", line, errors.Join(readErr, killErr), waitErr, cmd.Stderr)
	}
	return nil
}

// childOptions are those of gesta in the child that is killed, and after it.
func (l *lab) childOptions() disk.Options { return disk.Options{IndexBytes: l.scale.indexBytes} }

// childLoad appends until it is killed: see killWorkload.
func childLoad(ctx context.Context, o *childOrder, stdout io.Writer) error {
	s, err := gesta.Open(o.dir, disk.Options{IndexBytes: o.index})
	if err != nil {
		return err
	}
	prefix := fmt.Sprintf("load-%d", time.Now().UnixNano())
	if err := untilFlushed(ctx, s, prefix+"-a", o); err != nil {
		return err
	}
	if err := appendBytes(ctx, s, prefix+"-b", o.tail); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, childReady); err != nil {
		return err
	}
	_, err = appendSingles(ctx, s, singles{writers: 64, events: 10, d: time.Minute, prefix: prefix})
	return errors.Join(err, errors.New("nobody killed the child"), s.Close())
}

// untilFlushed appends an eighth of what is indexed in memory at a time, and waits until the store is at rest, until the
// index has grown.
func untilFlushed(ctx context.Context, s *gesta.Store, prefix string, o *childOrder) error {
	index := o.index
	if index == 0 {
		index = 32 << 20
	}
	if err := s.Settle(ctx); err != nil {
		return err
	}
	before, err := s.Disk.Stats(ctx)
	if err != nil {
		return err
	}
	for i := range 16 {
		if err := appendBytes(ctx, s, fmt.Sprintf("%s-%d", prefix, i), index/8); err != nil {
			return err
		}
		if err := s.Settle(ctx); err != nil {
			return err
		}
		now, err := s.Disk.Stats(ctx)
		if err != nil || now.IndexBytes != before.IndexBytes {
			return err
		}
	}
	return fmt.Errorf("the index did not grow by %d bytes of log", 2*index)
}

// appendBytes appends commits of a hundred events until the log is longer by so many bytes.
func appendBytes(ctx context.Context, s *gesta.Store, prefix string, n int64) error {
	before, err := s.Disk.Stats(ctx)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		now, err := s.Disk.Stats(ctx)
		if err != nil || now.LogBytes-before.LogBytes >= n {
			return err
		}
		if err := s.Append(ctx, commitOf(fmt.Sprintf("%s-%d", prefix, i), uint64(i)*batch)); err != nil {
			return err
		}
	}
}
