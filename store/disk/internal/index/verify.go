package index

import (
	"bytes"
	"context"
	"errors"

	"github.com/gestadb/gesta/store"
)

// Verify reads every byte of the index file and of its places, and reports whatever is not as it was written: checksums, blocks
// that do not lie side by side, terms or postings that do not rise, counts. An error says that it could not look.
func (f *File) Verify(ctx context.Context, report func(store.Problem)) error {
	v := &verifier{ctx: ctx, report: report, f: f.core}
	for _, step := range []func() error{v.header, v.filter, v.terms, v.streams, v.types, v.trackings} {
		if err := v.ended(step()); err != nil {
			return err
		}
	}
	for _, p := range f.places {
		if err := v.ended(v.places(p)); err != nil {
			return err
		}
	}
	return nil
}

// verifier goes through one file.
type verifier struct {
	ctx    context.Context
	report func(store.Problem)
	f      *indexFile

	filters  filter        // of its own: as it is on the disk now
	clean    bool          // nothing is wrong with the filter
	reported store.Problem // last: a block that is read for many things is reported once
	next     int64         // where the next block of the section begins; -1 after damage
	seen     uint64
	postings uint64
	leaf     []store.Position
}

// ended reports damage that ended a step, and returns any other error.
func (v *verifier) ended(err error) error {
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	v.next = -1
	if p := problemOf(damaged); p != v.reported {
		v.reported = p
		v.report(p)
	}
	return nil
}

func problemOf(d *store.DamagedError) store.Problem {
	return store.Problem{Code: "index", File: d.File, Offset: d.Offset, Position: d.Position, Message: d.Problem}
}

func (v *verifier) header() error {
	again := v.f.blockFile // the size must not change under readers
	raw, err := again.rawHeader(headerLen)
	if err == nil && again.size != v.f.size {
		err = v.f.damaged(0, "the file has %d bytes, it had %d when it was opened", again.size, v.f.size)
	}
	if err == nil && !bytes.Equal(raw, v.f.encode()) {
		err = v.f.damaged(0, "the header is not the one that was read when the file was opened")
	}
	return err
}

// filter checks the checksums of the filter.
func (v *verifier) filter() error {
	x := &v.filters
	x.open(v.f, &v.f.blockFile, nil)
	buffer := make([]byte, filterChunk+sumLen)
	v.clean = true
	for i := uint64(0); i*filterChunk < x.blocks*filterBlock; i++ {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		if _, err := x.chunk(buffer, i); err != nil {
			v.clean = false
			if err := v.ended(err); err != nil {
				return err
			}
		}
	}
	return nil
}

// adjoins checks that a block lies where the one before it ended.
func (v *verifier) adjoins(b *blockFile, e extent) error {
	if v.next >= 0 && e.offset != v.next {
		return b.damaged(v.next, "the next block lies at %d", e.offset)
	}
	v.next = e.offset + int64(e.length) + sumLen
	return nil
}

// fills checks that the blocks of a section reach to its end.
func (v *verifier) fills(b *blockFile, end int64) error {
	if v.next >= 0 && v.next != end {
		return b.damaged(v.next, "the blocks of a section end here, the section at %d", end)
	}
	return nil
}

func (v *verifier) terms() error {
	f := v.f
	v.next = f.sections[sectionTerms].offset
	directory := extents{file: &f.blockFile, offset: f.sections[sectionDirectory].offset, n: f.buckets()}
	var raw []byte
	for i := range f.buckets() {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		e, err := directory.at(i)
		if err == nil && e.length > 0 {
			raw, err = v.bucket(raw, i, e)
		}
		if err := v.ended(err); err != nil {
			return err
		}
	}
	if v.next < 0 {
		return nil // the counts are wrong too
	}
	if v.seen != f.header.terms || v.postings != f.header.postings {
		return f.damaged(0, "%d terms and %d postings, the header has %d and %d", v.seen, v.postings, f.header.terms, f.header.postings)
	}
	return v.fills(&f.blockFile, f.sections[sectionTerms].end())
}

// bucket checks the terms of bucket i, and their lists, which lie before it.
func (v *verifier) bucket(raw []byte, i uint64, e extent) ([]byte, error) {
	f := v.f
	raw, err := f.readTerms(raw, e)
	if err != nil {
		return raw, err
	}
	begin, end := bucketBase(i, f.buckets()), bucketBase(i+1, f.buckets())
	var before uint64
	for entries := (bucket{rest: raw, hash: begin}); ; {
		term, ok, problem := entries.next()
		if problem != "" {
			return raw, f.damaged(e.offset, "%s", problem)
		}
		if !ok {
			return raw, v.adjoins(&f.blockFile, e)
		}
		if term.hash >= end || term.hash <= before && before > 0 {
			return raw, f.damaged(e.offset, "the term %012x is not in its place", term.hash)
		}
		before = term.hash
		if err := v.inFilter(term.hash, e); err != nil {
			return raw, err
		}
		if err := v.list(&term, e); err != nil {
			return raw, err
		}
		v.seen++
		v.postings += term.count
	}
}

func (v *verifier) inFilter(hash uint64, e extent) error {
	if !v.clean {
		return nil
	}
	ok, err := v.filters.has(hash)
	if err == nil && !ok {
		err = v.f.damaged(e.offset, "the filter does not have the term %012x", hash)
	}
	return err
}

// list checks the postings of a term of the bucket at e.
func (v *verifier) list(term *entry, e extent) error {
	if term.count > blockPostings {
		tree := &treeCheck{verifier: v, count: term.count}
		if err := tree.node(depth(term.count)-1, term.root); err != nil {
			return err
		}
		if tree.seen != term.count {
			return v.f.damaged(term.root.offset, "a list of %d postings has %d", term.count, tree.seen)
		}
		return nil
	}
	var ok bool
	if v.leaf, ok = decodePostings(v.leaf[:0], term.postings, v.f.first, v.f.last(), term.count); !ok {
		return v.f.damaged(e.offset, "the postings of the term %012x make no sense", term.hash)
	}
	return nil
}

// treeCheck checks the tree of one list.
type treeCheck struct {
	*verifier
	count, seen uint64
	last        store.Position // seen
}

// node checks a node and all below it; the children lie before it.
func (t *treeCheck) node(level int, e extent) error {
	raw, err := t.f.readTerms(nil, e)
	if err != nil {
		return err
	}
	if len(raw) == 0 || len(raw)%childLen != 0 || len(raw) > blockPostings*childLen {
		return t.f.damaged(e.offset, "a node of a list makes no sense")
	}
	for i := range len(raw) / childLen {
		c := childAt(raw, i)
		if level > 0 {
			err = t.node(level-1, c.extent)
		} else {
			err = t.leaf(c.extent)
		}
		if err != nil {
			return err
		}
		if t.last != c.last {
			return t.f.damaged(e.offset, "a child of a node ends at %d, the node says %d", t.last, c.last)
		}
	}
	return t.adjoins(&t.f.blockFile, e)
}

func (t *treeCheck) leaf(e extent) error {
	raw, err := t.f.readTerms(nil, e)
	if err != nil {
		return err
	}
	var ok bool
	t.verifier.leaf, ok = decodePostings(t.verifier.leaf[:0], raw, t.f.first, t.f.last(), min(t.count-t.seen, blockPostings))
	leaf := t.verifier.leaf
	if !ok || len(leaf) == 0 || leaf[0] <= t.last {
		return t.f.damaged(e.offset, "a leaf of a list makes no sense")
	}
	t.seen += uint64(len(leaf))
	t.last = leaf[len(leaf)-1]
	return t.adjoins(&t.f.blockFile, e)
}
