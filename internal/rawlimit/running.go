package rawlimit

import (
	"errors"
	"fmt"
	"sync"
)

// Running is a log that takes commits from whoever has some, such as a server that does nothing else. Nobody else uses the log until Stop.
type Running struct {
	l     *Log
	queue chan *request
	ended chan error
	free  sync.Pool // of *request
}

// Start starts the committer, and the filler of ZeroAhead.
func (l *Log) Start() *Running {
	r := &Running{l: l, queue: make(chan *request, queued), ended: make(chan error, 2)}
	r.free.New = func() any { return &request{events: 1, done: make(chan struct{}, 1)} }
	go func() { r.ended <- l.committer(r.queue) }()
	if l.o.Kind == ZeroAhead {
		l.room.start()
		go func() { r.ended <- l.filler() }()
	}
	return r
}

// Commit writes one event and waits until its group is written and synced. It may be called by many goroutines. Whether it could be written is told by Stop
// alone: after an error, commits go on being answered.
func (r *Running) Commit(event []byte) {
	q, _ := r.free.Get().(*request)
	q.data, q.eventBytes = event, len(event)
	r.queue <- q
	<-q.done
	q.data = nil
	r.free.Put(q)
}

// Stop ends what Start started, closes full files and removes them unless they are to be kept, and returns what went wrong. No Commit is under way or follows.
func (r *Running) Stop() error {
	l := r.l
	close(r.queue)
	err := <-r.ended // of the committer, or of a filler that failed
	if l.o.Kind == ZeroAhead {
		l.room.stop()
		err = errors.Join(err, <-r.ended)
	}
	current := l.room.current()
	if err = errors.Join(err, l.files.closeBelow(current), l.clean(current)); err != nil {
		return fmt.Errorf("measure the limit: %w", err)
	}
	return nil
}
