package rawlimit

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// FrameBytes is what a record has beside its data: length and CRC-32C, four bytes each, little-endian.
const FrameBytes = 8

// groupBytes is how long a group gets before it is written though more requests are waiting.
const groupBytes = 4 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// request is a commit on its way: events of equal length, one after the other. done gets one answer.
type request struct {
	data       []byte
	eventBytes int
	events     int
	done       chan struct{}
}

// committer writes groups until the queue is closed. After an error it goes on answering, and returns the first.
func (l *Log) committer(queue <-chan *request) error {
	var failed error
	for r := range queue {
		l.gather(r, queue)
		if failed == nil {
			failed = l.write()
		}
		for _, r := range l.group {
			r.done <- struct{}{}
		}
	}
	return failed
}

// gather makes a group of a request and of those that are waiting behind it.
func (l *Log) gather(r *request, queue <-chan *request) {
	l.buf, l.group = l.buf[:0], l.group[:0]
	for more := true; more; {
		l.buf, l.group = frame(l.buf, r), append(l.group, r)
		if len(l.buf) >= groupBytes {
			return
		}
		select {
		case r, more = <-queue:
		default:
			more = false
		}
	}
}

// frame appends the events of a request, each with its length and checksum.
func frame(buf []byte, r *request) []byte {
	data := r.data
	for range r.events {
		event := data[:r.eventBytes]
		data = data[r.eventBytes:]
		buf = binary.LittleEndian.AppendUint32(buf, uint32(len(event)))
		buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(event, castagnoli))
		buf = append(buf, event...)
	}
	return buf
}

// write writes the group and syncs it.
func (l *Log) write() error {
	number, offset := l.room.take(int64(len(l.buf)))
	file, err := l.files.file(number)
	if err != nil {
		return err
	}
	if _, err := file.WriteAt(l.buf, offset); err != nil {
		return fmt.Errorf("write a group: %w", err)
	}
	if l.o.NoSync {
		return nil
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync a group: %w", err)
	}
	return nil
}
