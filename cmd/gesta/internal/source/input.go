package source

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// maxToken bounds one XML token and one CSV record, in bytes: an event has at most half of it, and both are held in
// memory whole.
const maxToken = 32 << 20

// errToken is returned by an input whose allowance is used up.
var errToken = errors.New("more than 32 MiB without an end")

// errGzip is wrapped by errors of what is no whole gzip stream although it begins as one.
var errGzip = errors.New("the compressed file is damaged")

// input is the text of a source: decompressed, without a byte order mark, and bounded between two calls of allow. It is
// used by one goroutine.
type input struct {
	r     *bufio.Reader
	total int64 // bytes handed out
	limit int64 // the total at which reading ends
	ended bool  // whether there is nothing more
	err   error // the first error of reading but io.EOF
}

// newInput looks at the first bytes of r: a gzip stream is decompressed, whatever its name was.
func newInput(r io.Reader, progress func(int64)) (*input, error) {
	if progress != nil {
		r = &progressReader{r: r, report: progress}
	}
	buffered := bufio.NewReaderSize(r, 64<<10)
	head, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, gzipError(err)
		}
		buffered = bufio.NewReaderSize(unzipReader{unzipped}, 64<<10)
	}
	mark, err := buffered.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		if _, err := buffered.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	return &input{r: buffered, limit: maxToken}, nil
}

// allow lets the reader go on to maxToken bytes above offset.
func (in *input) allow(offset int64) { in.limit = offset + maxToken }

// Read implements io.Reader.
func (in *input) Read(p []byte) (int, error) {
	if in.total >= in.limit {
		return 0, errToken
	}
	n, err := in.r.Read(p)
	in.total += int64(n)
	in.note(err)
	return n, err
}

func (in *input) note(err error) {
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		in.ended = true
	case in.err == nil:
		in.err = err
	}
}

// ReadByte implements io.ByteReader, which spares the XML decoder a buffer of its own.
func (in *input) ReadByte() (byte, error) {
	if in.total >= in.limit {
		return 0, errToken
	}
	b, err := in.r.ReadByte()
	if err == nil {
		in.total++
	} else {
		in.note(err)
	}
	return b, err
}

// unzipReader tells damage of a gzip stream from errors of the file below it.
type unzipReader struct{ r io.Reader }

func (u unzipReader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = gzipError(err)
	}
	return n, err
}

func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) {
		return fmt.Errorf("%w: %w", errGzip, err)
	}
	return err
}

// progressReader reports how much has been read.
type progressReader struct {
	r      io.Reader
	n      int64
	report func(int64)
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	p.report(p.n)
	return n, err
}
