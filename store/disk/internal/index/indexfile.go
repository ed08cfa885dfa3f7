package index

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// indexFile is an open index file without its places. It is closed with its last reference.
type indexFile struct {
	blockFile
	header
	hasher hasher
	filter filter
	path   string

	refs   atomic.Int64
	remove func() // called once it is closed, unless nil
}

// openIndexFile opens the index file at path; name is what errors call it. It reads the header alone.
func openIndexFile(fs vfs.FS, path, name string, storeID [16]byte, seed uint64) (*indexFile, error) {
	file, err := fs.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	f := &indexFile{blockFile: blockFile{file: file, name: name}, hasher: hasher{seed}, path: path}
	if err := f.readHeader(storeID); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	f.refs.Store(1)
	return f, nil
}

func (f *indexFile) readHeader(storeID [16]byte) error {
	raw, err := f.rawHeader(headerLen)
	if err != nil {
		return err
	}
	if f.header, err = decodeHeader(&f.blockFile, raw); err != nil {
		return err
	}
	if f.storeID != storeID || f.seedCheck != seedCheck(f.hasher.seed) {
		return fmt.Errorf("%s: %w", f.name, errOtherStore)
	}
	f.first = f.begin()
	f.id = f.identity()
	f.filter.file, f.filter.offset, f.filter.blocks = &f.blockFile, f.sections[sectionFilter].offset, filterBlocks(f.terms)
	return nil
}

// errOtherStore is what is wrong with a file that belongs to another store, or was written with another seed.
var errOtherStore = errors.New("the file belongs to another store")

// rawHeader reads the first n bytes, and the size of the file.
func (b *blockFile) rawHeader(n int) ([]byte, error) {
	size, err := b.file.Size()
	if err != nil {
		return nil, fmt.Errorf("size of %s: %w", b.name, err)
	}
	b.size = size
	if size < int64(n) {
		return nil, b.damaged(0, "the file of %d bytes is shorter than its header", size)
	}
	raw := make([]byte, n)
	if err := readFull(b.file, raw, 0); err != nil {
		return nil, b.readError(0, err)
	}
	return raw, nil
}

func (f *indexFile) retain() { f.refs.Add(1) }

// release closes the file with the last reference.
func (f *indexFile) release() error {
	if f.refs.Add(-1) > 0 {
		return nil
	}
	err := f.file.Close()
	if f.remove != nil {
		f.remove()
	}
	return err
}

// lookupBuffers is the memory of one look-up.
type lookupBuffers struct {
	page, bucket []byte
}

// find returns the entry of a hash. Its bytes are in the buffers.
func (f *indexFile) find(b *lookupBuffers, hash uint64) (entry, bool, error) {
	if ok, err := f.filter.has(hash); err != nil || !ok {
		return entry{}, false, err
	}
	i := spread(hash, f.buckets())
	x := extents{file: &f.blockFile, offset: f.sections[sectionDirectory].offset, n: f.buckets(), buffer: b.page}
	e, err := x.at(i)
	b.page = x.buffer
	if err != nil || e.length == 0 {
		return entry{}, false, err
	}
	if b.bucket, err = f.readTerms(b.bucket, e); err != nil {
		return entry{}, false, err
	}
	for entries := (bucket{rest: b.bucket, hash: bucketBase(i, f.buckets())}); ; {
		found, ok, problem := entries.next()
		switch {
		case problem != "":
			return entry{}, false, f.damaged(e.offset, "%s", problem)
		case !ok || found.hash > hash:
			return entry{}, false, nil
		case found.hash == hash:
			return found, true, nil
		}
	}
}

// readTerms reads a block of the terms.
func (f *indexFile) readTerms(dst []byte, e extent) ([]byte, error) {
	if s := f.sections[sectionTerms]; e.offset < s.offset || e.offset+int64(e.length)+sumLen > s.end() {
		return dst, f.damaged(e.offset, "a block of %d bytes lies outside the terms", e.length)
	}
	b, err := f.read(dst, e.offset, e.length)
	if err != nil {
		return dst, err
	}
	return b, nil
}

// names returns a reader of a section of names.
func (f *indexFile) names(section int, count uint64, values int) *names {
	return newNames(&f.blockFile, f.sections[section], f.sections[section+1], count, values)
}

func (f *indexFile) streamNames() *names { return f.names(sectionStreams, f.streams, streamValues) }
func (f *indexFile) typeNames() *names   { return f.names(sectionTypes, f.types, typeValues) }
func (f *indexFile) sources() *names     { return f.names(sectionTrackings, f.trackings, trackingValues) }

// last returns the last position of the range.
func (f *indexFile) last() store.Position { return f.end.Position }
