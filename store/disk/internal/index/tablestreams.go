package index

// StreamHash returns the hash of a stream's name in an index with this seed. It is made once, by who has time for it, for all tables and files.
func StreamHash(seed uint64, name string) uint64 { return hasher{seed}.term(kindStream, name) }

// Wanted is a stream whose version is looked for.
type Wanted struct {
	Name    string
	Hash    uint64 // of the name, see [StreamHash]
	Version uint64 // what was found last
	Found   bool

	seen uint32 // of no use but that memory has been read
}

// Versions gives those streams that were not found yet their newest version, if the table has them. The others stay as they are.
func (t *Table) Versions(streams []Wanted) {
	for len(streams) > 0 {
		n := min(len(streams), lookupsPerHold)
		t.someVersions(streams[:n])
		streams = streams[n:]
	}
}

// someVersions looks at all slots first, so that the processor waits for the memory of many at once.
func (t *Table) someVersions(streams []Wanted) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.streams.slots.n == 0 {
		return
	}
	for i := range streams {
		if w := &streams[i]; !w.Found && len(streams) > 1 {
			w.seen = t.streams.slots.touch(w.Hash)
		}
	}
	for i := range streams {
		w := &streams[i]
		if w.Found {
			continue
		}
		if n, ok := t.streams.find(&t.names, w.Hash, kindStream, w.Name); ok {
			w.Version, w.Found = *t.versions.at(n), true
		}
	}
}
