package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// spoolBytes is how much of a document is kept in memory; the rest of a longer one is in a temporary file.
const spoolBytes = 8 << 20

// spool keeps a document until it is known to be whole. The zero value is empty. It is used by one goroutine at a time.
type spool struct {
	memory bytes.Buffer
	file   *os.File // nil while there is none
	most   int      // bytes in memory; 0 is spoolBytes
}

// Write keeps b. An error is one of the temporary file.
func (s *spool) Write(b []byte) (int, error) {
	most := s.most
	if most == 0 {
		most = spoolBytes
	}
	if s.memory.Len()+len(b) <= most {
		return s.memory.Write(b)
	}
	if err := s.spill(); err != nil {
		return 0, fmt.Errorf("keep a document of more than %d bytes until it is whole; --ndjson prints line by line: %w", most, err)
	}
	return s.memory.Write(b)
}

// spill moves what is in memory to the end of the file.
func (s *spool) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp("", "gesta-json-*")
		if err != nil {
			return err
		}
		s.file = f
		if runtime.GOOS != "windows" { // where a file can go before it is closed, nothing is left of it however this ends
			if err := os.Remove(f.Name()); err != nil {
				return err
			}
		}
	}
	_, err := s.memory.WriteTo(s.file)
	return err
}

// send writes what is kept to w, and forgets it.
func (s *spool) send(w io.Writer) error {
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return errors.Join(fmt.Errorf("read the kept document: %w", err), s.discard())
		}
		if _, err := io.Copy(w, struct{ io.Reader }{s.file}); err != nil { // as a plain reader: w sees every byte
			return errors.Join(err, s.discard())
		}
	}
	_, err := s.memory.WriteTo(w)
	return errors.Join(err, s.discard())
}

// discard forgets what is kept.
func (s *spool) discard() error {
	s.memory.Reset()
	f := s.file
	if s.file = nil; f == nil {
		return nil
	}
	err := f.Close()
	if runtime.GOOS == "windows" {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
