package index

import (
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// termWriter writes directory, filter and terms of an index file at once. Terms come with rising hashes; how many there will be is known before.
type termWriter struct {
	directory *sink
	filters   *sink
	out       *sink // the terms

	extents extentsWriter
	filter  *filterWriter
	list    listWriter

	buckets  uint64
	bucket   uint64 // the one being filled
	base     uint64 // what the next hash is written relative to
	entries  []byte
	postings uint64
}

func newTermWriter(file vfs.File, h *header) *termWriter {
	id := h.identity()
	w := &termWriter{
		directory: newSink(file, id, h.sections[sectionDirectory].offset, 16*pageLen),
		filters:   newSink(file, id, h.sections[sectionFilter].offset, sinkLen),
		out:       newSink(file, id, h.sections[sectionTerms].offset, sinkLen),
		buckets:   h.buckets(),
	}
	w.extents.sink = w.directory
	w.filter = newFilterWriter(w.filters, filterBlocks(h.terms))
	w.list.sink, w.list.first = w.out, h.begin()
	return w
}

// begin begins the term with this hash: buckets before its own are written, so that its list lies behind them.
func (w *termWriter) begin(hash uint64) {
	for b := spread(hash, w.buckets); w.bucket < b; {
		w.endBucket()
	}
	w.entries = appendUvarint(w.entries, hash-w.base)
	w.base = hash
	w.filter.add(hash)
}

// add appends a posting to the list of the term.
func (w *termWriter) add(p store.Position) {
	w.list.add(p)
	w.postings++
}

// addAll appends postings to the list of the term.
func (w *termWriter) addAll(ps []store.Position) {
	w.list.addAll(ps)
	w.postings += uint64(len(ps))
}

// end ends the list of the term.
func (w *termWriter) end() { w.entries = w.list.end(w.entries) }

// single is begin, add and end for a term with one posting.
func (w *termWriter) single(hash uint64, p store.Position) {
	w.begin(hash)
	w.entries = appendUvarint(append(w.entries, 1), uint64(p-w.list.first))
	w.postings++
}

// endBucket writes a bucket; one without terms takes no bytes.
func (w *termWriter) endBucket() {
	var e extent
	if len(w.entries) > 0 {
		e = extent{w.out.block(w.entries), len(w.entries)}
	}
	w.extents.add(e.encoded())
	w.entries = w.entries[:0]
	w.bucket++
	w.base = bucketBase(w.bucket, w.buckets)
}

// finish writes what is left.
func (w *termWriter) finish() error {
	for w.bucket < w.buckets {
		w.endBucket()
	}
	w.extents.end()
	w.filter.end()
	if err := w.directory.finish(); err != nil {
		return err
	}
	return w.filters.finish()
}
