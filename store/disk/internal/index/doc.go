// Package index is the index of the disk engine. It is derived from the log, can be deleted, and is then built again.
//
// The newest part of the log is indexed by a [Table] in memory, all before it by immutable files, which a [Set] manages: a table
// becomes a [File] when it is full, neighbouring files are merged into wider ones. Both, and a [View] of all files, are a [Source] of
// candidates: positions of events that may match a query. In files, names are hashed to 48 bits with the store's seed, so a candidate is believed only
// when the name in its event has been compared. [Heads] is what truncation leaves of the streams.
//
// A Table compares names itself, so that guards can be decided without reading an event.
package index

/*
# Files

A directory has, for a range of positions, first to last, in 16 hexadecimal digits each:

	0000000000000001-00000000000f4240.idx     terms and names of the events of the range
	0000000000000001-0000000000018a88.places  where those events are in the log

Each table that is written makes one of both. Merging makes a wider .idx of some and leaves the .places alone, so an .idx has the
places of one file or of several that tile its range. A range begins right after the range before it, and ends with the end (type
End) of the last frame that it covers; frames without events, which only track, belong to the range of the next event, or of the
last if the table had them after it.

The bytes of an .idx are a pure function of the events and trackings between its two ends: one table, or any merges of any tables
over the same range, give the same file. So files can be compared, and a test does.

A file is written under a name that ends in .tmp, synced and renamed; then the directory is synced. What a crash leaves of that,
the next Open removes:

	after writing .tmp             a .tmp: removed
	after renaming the .places     places that no .idx needs: removed, the log is replayed from the end before
	after renaming the .idx        if only one of both names survived, it is removed, and so on as above
	after the directory's sync     the file is taken; a merged one instead of those that it covers, which are removed

All numbers are little-endian; "varint" is the unsigned LEB128 of encoding/binary. An extent is 8 bytes: length << 40 | offset of
a block, in bytes, without its checksum; so a file has less than 1 TiB and a block less than 16 MiB.

# Checksums

Everything that is read on its own is a block followed by its CRC32C, 4 bytes. Before the block, the CRC is given what is not on
the disk with it: it begins with

	CRC32C of (magic, store id, position at the start, position at the end of the range)   what file it is
	xor offset of the block (the upper 32 bits of it times 0x9e3779b1)                      where in the file

so that a block of another file, or of another place in this one, is noticed. The header has its own two checksums, over its first
bytes and over itself. Every byte of a file lies in a header or in a block: no bit can change without a read of it, or
[File.Verify], noticing. What passes is still not trusted: extents are held against their section before memory is taken for them,
postings must rise and lie in the range.

# Header

	8   magic: gestaidx, gestaplc or gestahds
	4   format version, 1
	4   flags that must be understood: none yet
	4   length of the header, with its checksum
	4   CRC32C of these 20 bytes, whatever the version: so a newer format is told from damage
	..  by the kind of file, see below
	4   CRC32C of all before

An end is 36 bytes: position 8, place of the next frame 8, place of the last frame 8, recorded at 8 (microseconds since 1970),
header checksum of the last frame 4.

# .idx

	header      prefix 24, store id 16, seed check 8, start 36, end 36, recorded at of the first and the last event 8 + 8,
	            events, terms, postings, streams, types, sources 8 each, lengths of the 9 sections 8 each, checksum 4
	directory   an extent for each bucket, in blocks of 64
	filter      blocked Bloom filter, in blocks of 4096 bytes
	terms       buckets, and before each the lists that are too long for it
	streams     names of streams with their state, in blocks of 16;      and the extents of these blocks, in blocks of 64
	types       names of types with the number of events, likewise
	trackings   names of sources with their last position, likewise

The seed check is the xxh3 of a fixed text under the seed: files of another seed are not taken.

A term is a stream, a category, a type, a tag, an id or a key; its hash is the upper 48 bits of the xxh3 of the name, with a seed
made of the store's and the kind. With t terms there are (t + 15) / 16 buckets; a term is in bucket hash * buckets >> 48. So
buckets come in the order of hashes, and a look-up computes its bucket: one block of the directory, one bucket. A bucket without
terms has length 0 and no block.

	bucket      entries, hashes rising
	entry       varint: hash, less the one before it in the bucket, or less the lowest of the bucket
	            varint: count of postings
	            count 1:       varint: posting
	            count 2..128:  varint: bytes of the postings; postings
	            count 129..:   varint: offset of the root; varint: length of the root
	postings    varint: position, less the first of the range; for each other one, varint: position, less the one before it

A list of more than 128 postings is a tree, so that a seek reads one block per level. Leaves have 128 postings each, encoded as
above, the last one what remains. A node has up to 128 children of 16 bytes: the last posting below the child 8, its extent 8. All
nodes but the last of a level are full; the number of levels follows from the count. Every block comes right after the last one
below it, the root last, then the bucket. The last posting of a term is in the root: the newest event of a frequent term is found
without reading a leaf.

The filter has ceil(12 t / 512) blocks of 64 bytes; a hash sets six bits in block hash * blocks >> 48. About one absent term in
200 passes. The blocks rise with the hashes, so a merge writes the filter, like the directory, as it goes. A file of one term or a
hundred million is merged in the same memory: two passes over the terms, the first to count them. Of filters up to 64 MiB, blocks
of 4096 bytes stay in memory from their first use; larger ones stay on the disk.

Names are in byte order. A block has 16 of them:

	name        varint: bytes shared with the name before it in the block; varint: bytes of the rest; the rest; then values, varints
	stream      version; events in the range; last position, less the first of the range; recorded at, less that of the first event of the range
	type        events
	source      position

# .places

	header      prefix 24, store id 16, start 36, end 36, events 8, offset of the index 8, checksum 4
	blocks      256 events each
	index       for each block: position of its first event 8, extent 8; one block, in memory once it was read

	block       varint: runs of positions without holes; varint: segments
	            for each run, varint: events; varint: positions left out before it
	            for each segment, varint: events; varint: number, less the one before it (less 0 for the first)
	            for each event, 4 bytes: offset in the segment

# Heads

	header      prefix 24, store id 16, base 36, streams 8, sources 8, lengths of 4 sections 8 each, checksum 4
	streams     as in an .idx, with version, last position, recorded at (as 64 bits of two's complement)
	trackings   as in an .idx

# Look-ups

Files are mapped when they are opened, those of places when they are first used; where the system does not map a file, look-ups
read it with ReadAt, with the same answers. Each look-up lies in one [vfs.Guard]: a page that cannot be read is a *vfs.FaultError,
which names the file and the offset. What reads front to back - merging, Verify, Audit, lists of names - goes through the file.

What a look-up of a term costs that is not in the processor's caches: a line of the filter, a line of the directory, the bucket;
then a line for each place. These are far apart, so a [View] looks in all files side by side: all filters, then all entries of the
directories, then all buckets are touched before the first is read, and all places are found before the first is read. What was
never asked for since the file was opened is most likely not in memory: the system is told of all of that before the first is
waited for. Look-ups take no memory of their own: each uses that of one before it.

# Damage

A read that meets a wrong block is a *store.DamagedError with file, offset, and the first position of the range; it never is a
wrong answer, but for the odds of a checksum. Buckets, nodes, leaves, names and the positions in blocks of places are verified
whenever they are read, chunks of the filter when they are copied into memory. Two things are verified in a mapping when they are
first used after the file was opened, and may rot after that, when the system has dropped their page and reads it again:

	an extent of the directory   what it leads to has not the checksum of a block there, or is another block, or nothing: then the
	                             term is not in it, and before that is said the page of the directory is verified again
	a place                      the record there has neither the position nor the checksum: who reads it compares both

A chunk of a filter above 64 MiB stays in the mapping and is verified whenever it says that a term is not there, 4 KiB each time,
some 0.3 µs, where such a look-up takes 0.1 µs otherwise; that a term may be there is not verified, for the bucket decides.

[File.Verify] compares all checksums with what is on the disk. What rot cannot be noticed by: a whole file replaced by an earlier
file of the same store and range, which has the same bytes unless the log was changed. [Audit] compares a file with the log.
*/
