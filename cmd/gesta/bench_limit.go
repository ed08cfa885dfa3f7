package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// growLimit is the raw limit beside which a store is measured: group commit of framed and checksummed bytes to the end of
// a growing file, and nothing else. Writers hand one request after the other to one committer, which writes all that are
// waiting at once, syncs, and answers them.
type growLimit struct {
	c       *benchConfig
	fs      vfs.FS
	name    string
	file    vfs.File
	size    int64
	events  int64
	elapsed time.Duration
}

const (
	growGroupBytes = 4 << 20 // a group of this size is written at once
	growFileBytes  = 1 << 30 // a file of this size is replaced by a new one: a measurement should not fill the disk
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func newGrowLimit(name string, c *benchConfig) (*growLimit, error) {
	g := &growLimit{c: c, fs: vfs.OS(), name: name}
	return g, g.renew()
}

// renew begins with an empty file.
func (g *growLimit) renew() error {
	if err := g.close(); err != nil {
		return err
	}
	f, err := g.fs.Create(g.name)
	if err != nil {
		return err
	}
	g.file, g.size = f, 0
	return f.Sync()
}

func (g *growLimit) close() error {
	if g.file == nil {
		return nil
	}
	err := errors.Join(g.file.Close(), g.fs.Remove(g.name))
	g.file = nil
	return err
}

// growRequest is a commit on its way; done gets one answer.
type growRequest struct {
	data []byte
	done chan struct{}
}

// run measures for a while.
func (g *growLimit) run(ctx context.Context, d time.Duration) error {
	queue := make(chan *growRequest, 4096)
	ended := make(chan error, 1)
	var events atomic.Int64
	var done atomic.Bool
	end := time.AfterFunc(d, func() { done.Store(true) })
	defer end.Stop()
	begin := time.Now()
	go func() { ended <- g.commit(queue) }()
	var writers sync.WaitGroup
	for range g.c.Writers {
		writers.Go(func() {
			r := &growRequest{data: make([]byte, g.c.EventBytes*g.c.Batch), done: make(chan struct{}, 1)}
			for first := true; (first || !done.Load()) && ctx.Err() == nil; first = false {
				queue <- r
				<-r.done
				events.Add(int64(g.c.Batch))
			}
		})
	}
	writers.Wait()
	g.elapsed += time.Since(begin)
	g.events += events.Load()
	close(queue)
	if err := <-ended; err != nil {
		return fmt.Errorf("measure the limit: %w", err)
	}
	return nil
}

// commit writes groups until the queue is closed. After an error it goes on answering, and returns the error.
func (g *growLimit) commit(queue <-chan *growRequest) error {
	var buf []byte
	var group []*growRequest
	var failed error
	for r := range queue {
		buf, group = buf[:0], group[:0]
		for more := true; more; {
			buf, group = g.frame(buf, r.data), append(group, r)
			if len(buf) >= growGroupBytes {
				break
			}
			select {
			case r, more = <-queue:
			default:
				more = false
			}
		}
		if failed == nil {
			failed = g.write(buf)
		}
		for _, r := range group {
			r.done <- struct{}{}
		}
	}
	return failed
}

// frame appends the events of a request, each with its length and checksum.
func (g *growLimit) frame(buf, data []byte) []byte {
	for range g.c.Batch {
		event := data[:g.c.EventBytes]
		data = data[g.c.EventBytes:]
		buf = binary.LittleEndian.AppendUint32(buf, uint32(len(event)))
		buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(event, castagnoli))
		buf = append(buf, event...)
	}
	return buf
}

func (g *growLimit) write(buf []byte) error {
	if g.size+int64(len(buf)) > growFileBytes {
		if err := g.renew(); err != nil {
			return err
		}
	}
	if _, err := g.file.WriteAt(buf, g.size); err != nil {
		return err
	}
	g.size += int64(len(buf))
	if g.c.Sync == syncNever {
		return nil
	}
	return g.file.Sync()
}
