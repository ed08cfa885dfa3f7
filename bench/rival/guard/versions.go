package guard

import (
	"hash/maphash"
	"strings"
	"sync"
)

const (
	// shards is the number of locks of Versions, a power of two.
	shards = 64
	// perShard is the most streams that a shard remembers. In all they are 65,536, about 6 MiB.
	perShard = 1024
)

// Versions remembers the versions of streams that were written lately, so that a store is not asked for
// them. It holds at most 65,536; a shard that is full starts anew. The zero value is not ready for use: see
// [NewVersions]. It is safe for concurrent use, but that a version is still true is for the caller to see to:
// it holds a lock over the stream from Get to Put.
type Versions struct {
	seed   maphash.Seed
	shards [shards]shard
}

// shard is one part of Versions.
type shard struct {
	mu       sync.Mutex
	versions map[string]uint64 // guarded by mu
}

// NewVersions returns an empty Versions.
func NewVersions() *Versions {
	v := &Versions{seed: maphash.MakeSeed()}
	for i := range v.shards {
		v.shards[i].versions = make(map[string]uint64)
	}
	return v
}

// Get returns the version of a stream, and whether it is known.
func (v *Versions) Get(stream string) (uint64, bool) {
	s := v.of(stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	version, ok := s.versions[stream]
	return version, ok
}

// Put notes the versions that streams have after a commit. It keeps copies of the names.
func (v *Versions) Put(guards []Guard) {
	for i := range guards {
		v.put(guards[i].Stream, guards[i].After)
	}
}

// put notes the version of one stream.
func (v *Versions) put(stream string, version uint64) {
	s := v.of(stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.versions[stream]; !ok {
		if len(s.versions) >= perShard {
			clear(s.versions)
		}
		stream = strings.Clone(stream)
	}
	s.versions[stream] = version
}

// of returns the shard of a stream.
func (v *Versions) of(stream string) *shard {
	return &v.shards[maphash.String(v.seed, stream)%shards]
}
