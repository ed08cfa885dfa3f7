package index

import "hash/crc32"

// SetVersion makes raw, a file, one of another format version.
func SetVersion(raw []byte, version uint32) {
	le.PutUint32(raw[8:], version)
	le.PutUint32(raw[20:], crc32.Checksum(raw[:20], castagnoli))
}
