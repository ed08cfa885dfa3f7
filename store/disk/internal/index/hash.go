package index

import "github.com/zeebo/xxh3"

// kind says what a name is the name of. The same name as a stream and as a tag are two terms.
type kind uint8

const (
	kindStream kind = iota + 1
	kindCategory
	kindType
	kindTag
	kindID
	kindKey
	kindTracking
)

// hashBits is the length of a term's hash. With a hundred million terms a look-up of another one meets an equal hash about three times in ten
// million; then one event is read in vain.
const hashBits = 48

// hasher gives terms their hashes. The seed is the store's own, so that nobody outside can choose names that collide.
type hasher struct{ seed uint64 }

func (h hasher) term(k kind, name string) uint64 {
	return xxh3.HashStringSeed(name, h.salt(k)) >> (64 - hashBits)
}

func (h hasher) id(id *[16]byte) uint64 {
	return xxh3.HashSeed(id[:], h.salt(kindID)) >> (64 - hashBits)
}

// salt sets the kinds apart by an odd constant.
func (h hasher) salt(k kind) uint64 { return h.seed + uint64(k)*0x9e3779b97f4a7c15 }
