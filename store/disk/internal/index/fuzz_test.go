package index

import (
	"bytes"
	"iter"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
)

// memory is a file in memory.
type memory struct{ b []byte }

func (m *memory) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(m.b).ReadAt(p, off) }

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	if end := int(off) + len(p); end > len(m.b) {
		m.b = append(m.b, make([]byte, end-len(m.b))...)
	}
	return copy(m.b[off:], p), nil
}

func (m *memory) Close() error         { return nil }
func (m *memory) Sync() error          { return nil }
func (m *memory) Truncate(int64) error { return nil }
func (m *memory) Size() (int64, error) { return int64(len(m.b)), nil }

// small returns a table with a few events of each kind.
func small() *Table {
	t := NewTable(1, End{Position: 4, RecordedAt: 9})
	for i := range 40 {
		e := Entry{
			Position: store.Position(5 + 2*i), Place: MakePlace(uint32(1+i/20), uint32(i*64)), RecordedAt: int64(10 + i), Type: "type",
			Tags: []string{"a", string(rune('b' + i%7))}, HasID: i%3 > 0, ID: [16]byte{byte(i)},
		}
		if i%2 == 0 {
			e.Stream, e.Version = "stream-"+string(rune('a'+i%5)), uint64(i/10+1)
		}
		if i%4 == 0 {
			e.Key = "key" + string(rune('a'+i))
		}
		t.Add(&e)
	}
	t.AddTracking("source", 7, MakePlace(2, 0))
	t.SetEnd(End{Position: 83, Next: MakePlace(2, 9000), Last: MakePlace(2, 8000), Checksum: 3, RecordedAt: 50})
	return t
}

func FuzzDecodePostings(f *testing.F) {
	f.Add(appendPostings(nil, 10, []store.Position{10, 11, 500, 1 << 50}), uint64(10), uint64(1<<50), uint64(4))
	f.Add([]byte{0x80}, uint64(1), uint64(9), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, first, last, count uint64) {
		if first > last || last > uint64(store.MaxPosition) {
			return
		}
		got, ok := decodePostings(nil, b, store.Position(first), store.Position(last), count)
		if !ok {
			return
		}
		if uint64(len(got)) != count || !slices.IsSorted(got) || len(got) > 0 && (uint64(got[0]) < first || uint64(got[len(got)-1]) > last) {
			t.Fatalf("%d from %x", got, b)
		}
		again, ok := decodePostings(nil, appendPostings(nil, store.Position(first), got), store.Position(first), store.Position(last), count)
		if !ok || !slices.Equal(got, again) {
			t.Fatalf("%d, encoded and decoded again %d", got, again)
		}
	})
}

func FuzzBucket(f *testing.F) {
	f.Add([]byte{5, 1, 9, 3, 2, 2, 1, 1, 1, 0x81, 1, 16, 32})
	f.Fuzz(func(t *testing.T, b []byte) {
		entries := bucket{rest: b}
		before := uint64(0)
		for n := 0; ; n++ {
			e, ok, _ := entries.next()
			if !ok {
				return
			}
			if e.hash < before || e.hash >= 1<<hashBits || e.count == 0 || n > len(b) || (e.count > blockPostings) != (e.root.length > 0) {
				t.Fatalf("entry %+v", e)
			}
			before = e.hash
		}
	})
}

func FuzzNameBlock(f *testing.F) {
	file := &memory{}
	out := newSink(file, 0, 0, sinkLen)
	w := newNameWriter(out)
	w.add("account-1", 3, 4)
	w.add("account-12", 5, 6)
	w.endBlock()
	f.Add(bytes.Clone(out.buffer[:decodeExtent(w.blocks[0]).length]), 2, 2)
	f.Fuzz(func(t *testing.T, b []byte, n, values int) {
		if n < 1 || n > namesPerBlock || values < 0 || values > 4 {
			return
		}
		var block nameBlock
		if block.decode(b, n, values) != "" {
			return
		}
		out := newSink(&memory{}, 0, 0, sinkLen)
		w := newNameWriter(out)
		for i := range n {
			w.add(string(block.name(i)), block.values[i*values:(i+1)*values]...)
		}
		w.endBlock()
		var again nameBlock
		if problem := again.decode(out.buffer[:decodeExtent(w.blocks[0]).length], n, values); problem != "" {
			t.Fatal(problem)
		}
		if !bytes.Equal(block.text, again.text) || block.ends != again.ends || block.values != again.values {
			t.Fatal("the block changes when it is encoded and decoded again")
		}
	})
}

func FuzzPlacesBlock(f *testing.F) {
	fr := small().freeze()
	f.Add(fr.appendPlaces(nil, 0, 40), uint64(5), uint64(83), 40)
	f.Fuzz(func(t *testing.T, b []byte, first, last uint64, count int) {
		if first == 0 || first > last || last > uint64(store.MaxPosition) || count < 1 || count > placesPerBlock {
			return
		}
		var block placesBlock
		if !block.decode(b, store.Position(first), store.Position(last), count) {
			return
		}
		block.n = count
		var positions []store.Position
		for i := range count {
			p := block.position(i)
			positions = append(positions, p)
			if place, ok := block.find(p); !ok || place != block.place(i) || block.upTo(p) != i+1 {
				t.Fatalf("event %d at %d: %x, %v", i, p, place, ok)
			}
		}
		if !slices.IsSorted(positions) || uint64(positions[0]) < first || uint64(positions[count-1]) > last {
			t.Fatalf("positions %d", positions)
		}
	})
}

// FuzzIndexFile gives a whole file to the reader, with checksums made right again, so that structure alone is in the way.
func FuzzIndexFile(f *testing.F) {
	file := &memory{}
	if err := writeTable(file, small(), [16]byte{1}); err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(0), byte(0), true)
	f.Add(uint16(headerLen+3), byte(9), true)
	f.Add(uint16(len(file.b)-9), byte(200), false)
	f.Fuzz(func(t *testing.T, at uint16, value byte, repair bool) {
		changed := &memory{bytes.Clone(file.b)}
		changed.b[int(at)%len(changed.b)] ^= value
		if repair {
			raw := changed.b[:headerLen-sumLen]
			copy(changed.b, sealHeader(bytes.Clone(raw), magicIndex))
		}
		x := &indexFile{blockFile: blockFile{file: changed, name: "fuzz"}, hasher: hasher{1}}
		if x.readHeader([16]byte{1}) != nil {
			return
		}
		readEverything(t, &File{core: x})
	})
}

// readEverything reads a file in every way, whatever it answers.
func readEverything(t *testing.T, f *File) {
	for _, it := range []store.Item{
		{Stream: "stream-a"}, {Types: []string{"type"}}, {Tags: []string{"a", "c"}}, {Category: "stream", Tags: []string{"b"}},
	} {
		for _, backward := range []bool{false, true} {
			got, _, _ := f.Candidates(nil, store.Query{it}, 0, store.MaxPosition, backward, 50)
			if len(got) > 50 {
				t.Fatalf("%d candidates", len(got))
			}
		}
	}
	_, _ = f.IDCandidates(nil, [16]byte{1}, 0, store.MaxPosition)
	_, _, _ = f.Stream("stream-a")
	_, _, _ = f.Tracked("source", 0)
	drain(t, ListStreams([]Lister{f}, "", "", 0))
	drain(t, ListTypes([]Lister{f}, 0))
	_ = f.Verify(t.Context(), func(store.Problem) {})
	_ = writeMerged(t.Context(), &memory{}, []*indexFile{f.core})
}

// drain reads all of a list, which ends with its error if it has one.
func drain[T any](t *testing.T, seq iter.Seq2[T, error]) {
	t.Helper()
	var failed error
	for _, err := range seq {
		if failed != nil {
			t.Fatalf("the list goes on after %v", failed)
		}
		failed = err
	}
}
