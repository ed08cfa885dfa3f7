package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// exportSource reads the commits of an export.
type exportSource struct {
	e      *env
	path   string
	report func(int64)
	spool  *os.File // what stdin held, where it has to be read twice

	in   io.Closer
	r    *bufio.Reader
	line int64

	compressed bool
	header     eventjson.ExportHeader

	ahead     *eventjson.ExportLine // the line that ended the commit before it
	aheadLine int64                 // its number
	began     int64                 // the line with which the commit begins that next returned

	last store.Position // of the last event that was read
	read int64          // bytes of the file
}

// openExport opens an export and reads its first line. Where twice is set, rewind will work on stdin too.
func (e *env) openExport(path string, twice bool, bars *progress) (*exportSource, error) {
	_, size, err := e.sizeOf(path)
	if err != nil {
		return nil, err
	}
	x := &exportSource{e: e, path: path, report: bars.start("import", size)}
	if path == stdinPath && twice {
		if err := x.spoolStdin(); err != nil {
			return nil, errors.Join(err, x.close())
		}
	}
	if err := x.begin(); err != nil {
		return nil, errors.Join(err, x.close())
	}
	return x, nil
}

// sizeOf returns how many bytes a source has, 0 where that is not known.
func (e *env) sizeOf(path string) (string, int64, error) {
	if path == stdinPath {
		return path, 0, nil
	}
	in, size, err := e.openSource(path)
	if err != nil {
		return path, 0, err
	}
	return path, size, in.Close()
}

// spoolStdin copies stdin into a file, so that it can be read again.
func (x *exportSource) spoolStdin() error {
	f, err := os.CreateTemp("", "gesta-import-*")
	if err != nil {
		return pathFailed("keep stdin for reading it twice", err)
	}
	x.spool = f
	_ = os.Remove(f.Name()) // where that is an error, close removes it
	if _, err := io.Copy(f, x.e.stdin); err != nil {
		return fmt.Errorf("keep stdin for reading it twice: %w", err)
	}
	return nil
}

// begin opens the source at its start and reads the first line.
func (x *exportSource) begin() error {
	x.line, x.ahead, x.last, x.read = 0, nil, 0, 0
	var in io.ReadCloser
	if x.spool != nil {
		if _, err := x.spool.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read stdin again: %w", err)
		}
		in = io.NopCloser(x.spool)
	} else {
		var err error
		if in, _, err = x.e.openSource(x.path); err != nil {
			return err
		}
	}
	x.in = in
	raw := bufio.NewReaderSize(&countedReader{in, x}, 256<<10)
	x.r = raw
	if magic, err := raw.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(raw)
		if err != nil {
			return x.at(usagef("the compressed file is cut off or damaged: %s", err))
		}
		x.compressed = true
		x.r = bufio.NewReaderSize(z, 256<<10)
	}
	l, err := x.nextLine()
	switch {
	case errors.Is(err, io.EOF):
		return x.at(usageHint("gesta export ndjson writes one", "there is nothing in it"))
	case err != nil:
		return err
	case l.Header == nil:
		return x.at(usageHint("gesta append --ndjson takes events", "the first line is not that of an export"))
	case l.Header.Format > eventjson.ExportFormat:
		return x.at(usagef("the export has format %d, and this gesta reads up to %d", l.Header.Format, eventjson.ExportFormat))
	}
	x.header = *l.Header
	return nil
}

// rewind goes back to the first commit.
func (x *exportSource) rewind() error {
	if err := x.in.Close(); err != nil {
		return fmt.Errorf("read %s again: %w", x.path, err)
	}
	return x.begin()
}

func (x *exportSource) close() error {
	var err error
	if x.in != nil {
		err = x.in.Close()
	}
	if x.spool != nil {
		err = errors.Join(err, x.spool.Close())
		if gone := os.Remove(x.spool.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// countedReader reports how much of the source was read.
type countedReader struct {
	io.Reader
	x *exportSource
}

func (c *countedReader) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.x.read += int64(n)
	c.x.report(c.x.read)
	return n, err
}

// name is how people know the source.
func (x *exportSource) name() string {
	if x.path == stdinPath {
		return "stdin"
	}
	return x.path
}

// at says which line of the source an error is about.
func (x *exportSource) at(err error) error {
	return x.atLine(x.line, err)
}

func (x *exportSource) atLine(line int64, err error) error {
	d := eventjson.Describe(err)
	d.File, d.Line = x.name(), max(line, 1)
	d.Message = fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)
	return &d
}

// nextLine reads a line that is not blank. It returns io.EOF at the end.
func (x *exportSource) nextLine() (*eventjson.ExportLine, error) {
	for {
		x.line++
		text, err := readLine(x.r, maxLineBytes)
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil && x.compressed:
			return nil, x.at(usagef("the compressed file is cut off or damaged: %s", err))
		case err != nil:
			return nil, x.at(fmt.Errorf("read: %w", err))
		}
		if len(text) == 0 {
			continue
		}
		l, err := eventjson.DecodeExportLine(text)
		if err != nil {
			return nil, x.at(err)
		}
		return &l, nil
	}
}

// next returns the next commit, and false at the end. A commit is only taken when it is known to be whole: when another one
// follows it, or when it ends at the head that the export names.
func (x *exportSource) next() (c *store.RecordedCommit, ok bool, err error) {
	for {
		l, line := x.ahead, x.aheadLine
		x.ahead = nil
		if l == nil {
			if l, err = x.nextLine(); errors.Is(err, io.EOF) {
				if x.last != x.header.Head {
					return nil, false, x.at(usageHint("make the export again; what came before is kept",
						"the export was cut off: it ends at position %d of %d", x.last, x.header.Head))
				}
				return c, c != nil, nil
			}
			if err != nil {
				return nil, false, err
			}
			line = x.line
		}
		switch {
		case l.Header != nil:
			return nil, false, x.at(usagef("a second export begins"))
		case c != nil && (l.Empty != nil || l.Event.Commit != c.Events[0].Commit):
			x.ahead, x.aheadLine = l, line
			return c, true, nil
		case l.Empty != nil:
			x.began = line
			return l.Empty, true, nil
		}
		if c == nil {
			x.began = line
			c = &store.RecordedCommit{Key: l.Event.Key, Tracking: l.Event.Tracking, RecordedAt: l.Event.RecordedAt}
		}
		l.Event.Tracking = c.Tracking
		c.Events = append(c.Events, l.Event.Recorded)
		x.last = l.Event.Position
	}
}
