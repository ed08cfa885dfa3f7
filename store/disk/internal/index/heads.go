package index

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// The values of a stream in a heads file: version, last position, and time.
const headValues = 3

const headsHeaderLen = prefixLen + 16 + endLen + 2*8 + 4*8 + sumLen

// Heads is a heads file: what truncation leaves of the events that are gone, the state of their streams and trackings. All
// methods may be called by any number of goroutines at once.
type Heads struct {
	blockFile
	base      End
	count     uint64 // of streams
	sections  [4]section
	trackings map[string]uint64
}

// WriteHeads writes a heads file: to another name, synced, renamed, and the directory synced. Streams come in byte order of their names.
func WriteHeads(
	fs vfs.FS, name string, storeID [16]byte, base End, streams iter.Seq2[store.StreamInfo, error], trackings map[string]uint64,
) error {
	err := writeFile(fs, name, func(f vfs.File) error { return writeHeads(f, storeID, base, streams, trackings) })
	if err != nil {
		return fmt.Errorf("write heads: %w", err)
	}
	if err := fs.SyncDir(path.Dir(name)); err != nil {
		return fmt.Errorf("write heads: sync directory: %w", err)
	}
	return nil
}

func writeHeads(f vfs.File, storeID [16]byte, base End, streams iter.Seq2[store.StreamInfo, error], trackings map[string]uint64) error {
	out := newSink(f, newIdentity(magicHeads, storeID, 0, base.Position), headsHeaderLen, sinkLen)
	names := newNameWriter(out)
	for s, err := range streams {
		if err != nil {
			return err
		}
		if s.Stream <= string(names.before) {
			return fmt.Errorf("the stream %q comes after %q", s.Stream, names.before)
		}
		names.add(s.Stream, s.Version, uint64(s.LastPosition), uint64(s.LastRecordedAt.UnixMicro()))
		if out.err != nil {
			return out.err
		}
	}
	names.end()
	sources := newNameWriter(out)
	for _, source := range slices.Sorted(maps.Keys(trackings)) {
		sources.add(source, trackings[source])
	}
	sources.end()
	if err := out.finish(); err != nil {
		return err
	}
	h := make([]byte, prefixLen, headsHeaderLen)
	h = append(h, storeID[:]...)
	h = appendEnd(h, base)
	h = le.AppendUint64(h, names.names)
	h = le.AppendUint64(h, sources.names)
	for _, s := range []section{names.section, names.extents, sources.section, sources.extents} {
		h = le.AppendUint64(h, uint64(s.length))
	}
	_, err := f.WriteAt(sealHeader(h, magicHeads), 0)
	return err
}

// OpenHeads opens a heads file, and reads its header and trackings. An error for a file that is not there is an fs.ErrNotExist; a
// format that is not known is [store.ErrUnsupported].
func OpenHeads(fs vfs.FS, name string, storeID [16]byte) (*Heads, error) {
	file, err := fs.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open heads: %w", err)
	}
	h := &Heads{blockFile: blockFile{file: file, name: path.Base(name)}}
	if err := h.open(storeID); err != nil {
		return nil, errors.Join(fmt.Errorf("open heads: %w", err), file.Close())
	}
	return h, nil
}

func (h *Heads) open(storeID [16]byte) error {
	raw, err := h.rawHeader(headsHeaderLen)
	if err != nil {
		return err
	}
	if err := h.checkHeader(raw, magicHeads); err != nil {
		return err
	}
	r := reader{raw[prefixLen:]}
	if [16]byte(r.b[:16]) != storeID {
		return fmt.Errorf("%s: %w", h.name, errOtherStore)
	}
	r.b = r.b[16:]
	h.base = r.end()
	var sources uint64
	h.count, sources = r.uint64(), r.uint64()
	at := int64(headsHeaderLen)
	for i := range h.sections {
		n := r.uint64()
		if n > uint64(h.size-at) {
			return h.damaged(0, "section %d of %d bytes lies outside the file of %d", i, n, h.size)
		}
		h.sections[i] = section{at, int64(n)}
		at += int64(n)
	}
	size := uint64(h.size)
	if at != h.size || h.count > size || sources > size || h.sections[1].length != extentsLen(nameBlocks(h.count)) ||
		h.sections[3].length != extentsLen(nameBlocks(sources)) {
		return h.damaged(0, "the numbers in the header contradict each other")
	}
	h.id = newIdentity(magicHeads, storeID, 0, h.base.Position)
	return h.readTrackings(sources)
}

func (h *Heads) readTrackings(count uint64) error {
	h.trackings = map[string]uint64{}
	s := newNames(&h.blockFile, h.sections[2], h.sections[3], count, trackingValues)
	for i := range count {
		source, values, err := s.get(i)
		if err != nil {
			return err
		}
		h.trackings[string(source)] = values[0]
	}
	return nil
}

// Close closes the file.
func (h *Heads) Close() error { return h.file.Close() }

// Base returns the end before the first event that was left.
func (h *Heads) Base() End { return h.base }

// Trackings returns the last tracking position of each source. The map must not be changed.
func (h *Heads) Trackings() map[string]uint64 { return h.trackings }

// Stream returns the state that a stream had when the heads were written, at the base or later.
func (h *Heads) Stream(name string) (store.StreamInfo, bool, error) {
	values, ok, err := h.names().find(name)
	if err != nil || !ok {
		return store.StreamInfo{}, false, err
	}
	s := headState(values)
	return s.info(name), true, nil
}

// Streams yields the streams whose name has the prefix and is above after, in byte order. An error is yielded once, last.
func (h *Heads) Streams(prefix, after string) iter.Seq2[store.StreamInfo, error] {
	return h.names().list(prefix, after, headState)
}

func (h *Heads) names() *names {
	return newNames(&h.blockFile, h.sections[0], h.sections[1], h.count, headValues)
}

func headState(v []uint64) streamState {
	return streamState{version: v[0], last: store.Position(v[1]), recordedAt: int64(v[2])}
}

func (h *Heads) listStreams(prefix, after string, _ store.Position) iter.Seq2[store.StreamInfo, error] {
	return h.Streams(prefix, after)
}

// listTypes implements [Lister]: events that are gone count no more.
func (h *Heads) listTypes(store.Position) iter.Seq2[store.TypeInfo, error] {
	return func(func(store.TypeInfo, error) bool) {}
}
