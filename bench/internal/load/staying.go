package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/rival"
)

// staying are connections that stay from one order to the next. They are read by a goroutine each, as plainly as it can be done: many of them have
// few cores, and what they cost is not the server's.
type staying struct {
	conns []net.Conn
	ended sync.WaitGroup

	mu     sync.Mutex // guards what follows
	marks  chan time.Time
	mark   []byte // what is waited for
	failed error
	left   bool
}

// begin opens a connection and asks for a read.
func (s *staying) begin(ctx context.Context, o *Order, query, accept string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.Target)
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, conn)
	_, err = fmt.Fprintf(conn, "GET /v1/read?%s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\n\r\n", query, o.Target, accept)
	return conn, err
}

// follow opens followers that begin above Events, and waits until each has been answered.
func (s *staying) follow(ctx context.Context, o *Order) error {
	answered := make(chan error, o.Connections)
	s.left = false
	s.marks = make(chan time.Time, o.Connections)
	for range o.Connections {
		conn, err := s.begin(ctx, o, "query=%5B%5D&follow=true&after="+strconv.Itoa(o.Events), "text/event-stream")
		if err != nil {
			return fmt.Errorf("follow %s: %w", o.Target, err)
		}
		s.ended.Go(func() { s.read(conn, answered) })
	}
	for range o.Connections {
		select {
		case err := <-answered:
			if err != nil {
				return fmt.Errorf("follow %s: %w", o.Target, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// read reads an answer: first that there is one, then what is in it.
func (s *staying) read(conn net.Conn, answered chan<- error) {
	in := bufio.NewReaderSize(conn, 2<<10)
	status, err := in.ReadString('\n')
	if err == nil && !strings.Contains(status, " 200 ") {
		err = fmt.Errorf("the answer is %q", status)
	}
	answered <- err
	var line []byte
	for err == nil {
		if line, err = in.ReadSlice('\n'); errors.Is(err, bufio.ErrBufferFull) {
			err = nil // the rest of a long line comes next, and the mark stands at its beginning
		}
		s.look(line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left && s.failed == nil {
		s.failed = fmt.Errorf("a follower was cut off: %w", err)
	}
}

// look looks whether a line has what is waited for.
func (s *staying) look(line []byte) {
	if !bytes.HasPrefix(line, []byte("data:")) {
		return
	}
	at := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mark != nil && bytes.Contains(line, s.mark) {
		s.marks <- at
	}
}

// deliver appends events one by one, and waits until each follower has each.
func (s *staying) deliver(ctx context.Context, o *Order) (a Answer, err error) {
	conn, err := dial(ctx, o.Target)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	worker := o.Seed << 32
	var all []time.Duration
	var answer []byte
	e := &rival.Event{}
	began, cpu := time.Now(), processor(o.Pid)
	for n := range uint64(o.Events) {
		feed.Set(e, feed.Mix(worker)+n)
		e.Tag = fmt.Sprintf("mark:%x-%d.", o.Seed, n)
		s.await([]byte(e.Tag))
		begin := time.Now()
		if err := conn.Invoke(ctx, appendMethod, appendRequest(nil, e, 0), &answer); err != nil {
			return a, err
		}
		took, err := s.delivered(ctx, begin)
		if err != nil {
			return a, err
		}
		all = append(all, took...)
	}
	s.await(nil)
	a.Done, a.Took, a.Server = int64(len(all)), time.Since(began), processor(o.Pid)-cpu
	a.P50, a.P99 = quantile(all, 0.5), quantile(all, 0.99)
	return a, nil
}

func (s *staying) await(mark []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark = mark
}

// patience is how long is waited for a delivery.
const patience = 20 * time.Second

// delivered waits for each follower, and returns how long each took.
func (s *staying) delivered(ctx context.Context, begin time.Time) ([]time.Duration, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	took := make([]time.Duration, 0, len(s.conns))
	for range s.conns {
		select {
		case at := <-s.marks:
			took = append(took, at.Sub(begin))
		case <-timer.C:
			s.mu.Lock()
			defer s.mu.Unlock()
			return nil, fmt.Errorf("an event reached %d of %d followers within %v: %w", len(took), len(s.conns), patience, errors.Join(s.failed, errors.New("it was lost")))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return took, nil
}

// stick opens readers of everything that take nothing of what they are sent.
func (s *staying) stick(ctx context.Context, o *Order) error {
	for range o.Connections {
		if _, err := s.begin(ctx, o, "query=%5B%5D", "application/x-ndjson"); err != nil {
			return fmt.Errorf("read %s: %w", o.Target, err)
		}
	}
	return nil
}

// close closes what stays.
func (s *staying) close() {
	s.mu.Lock()
	s.left, s.failed = true, nil
	s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.ended.Wait()
	s.conns = nil
}
