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

	look    blockFile       // the same for look-ups: mapped, where that can be
	mapping vfs.Mapping     // nil where it is not
	pages   []atomic.Uint64 // a bit for each page of the directory of the mapping that was verified
	seen    seenPages

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
	f.filter.open(f, &f.look, &f.seen)
	f.look = f.blockFile
	if f.mapping = mapFile(f.file, f.size); f.mapping != nil {
		f.look.mapped = f.mapping.Bytes()
		f.seen.open(f.mapping)
		f.pages = make([]atomic.Uint64, f.buckets()/extentsPerPage/64+1)
	}
	return nil
}

// mapFile maps a file for look-ups here and there. It returns nil for a file that cannot be mapped: look-ups read that with ReadAt.
func mapFile(file vfs.File, size int64) vfs.Mapping {
	mapper, ok := file.(vfs.Mapper)
	if !ok {
		return nil
	}
	m, err := mapper.Map(size)
	if err != nil {
		return nil
	}
	m.Advise(0, len(m.Bytes()), vfs.Random)
	return m
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
	var err error
	if f.mapping != nil {
		err = f.mapping.Close()
	}
	err = errors.Join(err, f.file.Close())
	if f.remove != nil {
		f.remove()
	}
	return err
}

// find returns the entry of a hash that the filter has. Its bytes are valid until the next call. That there is none it says only by a page of the directory
// that was verified in this call.
func (f *indexFile) find(w *workspace, hash uint64) (entry, bool, error) {
	i := spread(hash, f.buckets())
	e, err := f.bucketAt(w, hash, i)
	if err != nil {
		return entry{}, false, err
	}
	if e.length == 0 {
		return entry{}, false, f.confirm(w, i, e)
	}
	raw, err := f.viewTerms(&f.look, &w.bucket, e)
	if err != nil {
		return entry{}, false, err
	}
	for entries := (bucket{rest: raw, hash: bucketBase(i, f.buckets())}); ; {
		entries.skipBelow(hash)
		found, ok, problem := entries.next()
		switch {
		case problem != "":
			return entry{}, false, f.damaged(e.offset, "%s", problem)
		case !ok || found.hash > hash:
			return entry{}, false, f.confirm(w, i, e)
		case found.hash == hash:
			return found, true, nil
		}
	}
}

// bucketAt returns where bucket i is, that of a hash. In a mapping a page of the directory is verified the first time only: if it rots after that, what a
// wrong extent leads to does not have the checksum of its place, unless it is another block, which does not have the hash; see confirm.
func (f *indexFile) bucketAt(w *workspace, hash, i uint64) (extent, error) {
	page := i / extentsPerPage
	if f.look.mapped != nil && f.pages[page/64].Load()&(1<<(page%64)) != 0 {
		return extentIn(f.look.mapped[f.directoryAt(hash):]), nil
	}
	e, err := f.verifiedBucket(w, i)
	if err == nil && f.look.mapped != nil {
		f.pages[page/64].Or(1 << (page % 64))
	}
	return e, err
}

// verifiedBucket returns where bucket i is, by a page of the directory that is verified now.
func (f *indexFile) verifiedBucket(w *workspace, i uint64) (extent, error) {
	x := extents{file: &f.look, offset: f.sections[sectionDirectory].offset, n: f.buckets(), buffer: w.page}
	e, err := x.at(i)
	w.page = x.buffer
	return e, err
}

// confirm returns an error unless bucket i is where bucketAt said, when it does not have what was looked for. The filter lets few hashes pass that are not
// there, so this is seldom called.
func (f *indexFile) confirm(w *workspace, i uint64, e extent) error {
	if f.look.mapped == nil {
		return nil // it was verified when it was read
	}
	verified, err := f.verifiedBucket(w, i)
	if err == nil && verified != e {
		err = f.damaged(f.sections[sectionDirectory].offset+int64(i/extentsPerPage)*pageLen, "bucket %d changed its place while it was read", i)
	}
	return err
}

// directoryAt returns where in the file the extent of the bucket of a hash is.
func (f *indexFile) directoryAt(hash uint64) int64 {
	i := spread(hash, f.buckets())
	return f.sections[sectionDirectory].offset + int64(i/extentsPerPage)*pageLen + int64(i%extentsPerPage)*extentLen
}

// readTerms reads a block of the terms, in dst if that has the capacity.
func (f *indexFile) readTerms(dst []byte, e extent) ([]byte, error) {
	b, err := f.viewTerms(&f.blockFile, &dst, e)
	if err != nil {
		return dst, err
	}
	return b, nil
}

// viewTerms returns a block of the terms, from the file or its mapping; see [blockFile.view].
func (f *indexFile) viewTerms(from *blockFile, buffer *[]byte, e extent) ([]byte, error) {
	if s := f.sections[sectionTerms]; e.offset < s.offset || e.offset+int64(e.length)+sumLen > s.end() {
		return nil, f.damaged(e.offset, "a block of %d bytes lies outside the terms", e.length)
	}
	return from.view(buffer, e.offset, e.length)
}

// names returns a reader of a section of names, from the file or its mapping.
func (f *indexFile) names(from *blockFile, section int, count uint64, values int) *names {
	return newNames(from, f.sections[section], f.sections[section+1], count, values)
}

// These read the names front to back.
func (f *indexFile) streamNames() *names {
	return f.names(&f.blockFile, sectionStreams, f.streams, streamValues)
}

func (f *indexFile) typeNames() *names {
	return f.names(&f.blockFile, sectionTypes, f.types, typeValues)
}

func (f *indexFile) sources() *names {
	return f.names(&f.blockFile, sectionTrackings, f.trackings, trackingValues)
}

// last returns the last position of the range.
func (f *indexFile) last() store.Position { return f.end.Position }
