// Package disk keeps a store in a directory: an append-only log that is the truth, and an index that is derived from it.
//
// [Open] opens a directory for writing, one opener at a time; [OpenReader] opens it beside a live writer. A [Store]
// has the powers Tracker, Keys, Starter, Dumper, Restorer, Lister, Identity, IDs, Limiter, Measurer, Checker, Eraser and Truncater.
// [Check] examines a directory without changing it.
//
// # Guarantees
//
// An append that returned nil has been written and synced with everything before it; a crash at any moment loses no such
// commit, doubles none, and leaves no part of one. What was acknowledged and is later found damaged is an error that
// names file, offset and position, never a shorter history.
//
// # Limitations
//
// Rot in the last group of commits that a killed process or machine had written cannot be told from a write that the crash tore: it ends
// the log there, as if these commits had not been acknowledged. After a clean Close, and for all groups but the last, it is
// reported as damage. With [SyncNever] a crash of the machine may lose whatever came since the segment began, and rot there cannot be told
// from that; what is left is a prefix. A last segment that someone empties looks like one that was never begun. The
// engine trusts the file system to keep what a sync acknowledged, and needs exclusive use of its directory.
package disk

/*
# How it works

This comment is for those who read or change the engine. It draws every byte of the log, says what each checksum covers,
and what a crash at each step leaves behind. The index has a page of its own: internal/index/doc.go.

	gesta.json            format version, store id, creation time, seed of the index's hash; written once
	lock                  locked by the writer; empty
	log/00000001.seg      segments, numbered without gap from 1, or from where heads says: the only truth
	log/head              what a reader beside the writer may show; unsynced, never read by recovery
	index/                derived: may be deleted, and is then made again from the log
	heads                 only after truncation: streams and tracking of what was dropped, and where the log begins; not derived, drawn
	                      in internal/index/doc.go

Integers in binary files are little-endian; uvarint is the variable-length form of encoding/binary in its shortest
encoding. Checksums are CRC-32C (Castagnoli). Times are microseconds since 1970-01-01T00:00:00Z, signed. A *place* is a
segment number << 32 | an offset in that segment's file, so that places order as the log does.

## gesta.json

	{"format":1,"store":"<UUID>","created":"<RFC 3339>","seed":"<16 hex digits>"}

A format above the one known here is refused before anything else is read. Members that are not known are refused too:
they stand for options that must be understood. The file is written last when a store is made, under another name, synced, renamed, and the
directory synced, after log/ with the header of its first segment is durable. A directory without gesta.json whose first segment holds no
commit and is the only one is not yet a store and is made one again; one that has more is damaged.

## A segment

	offset  bytes
	     0      8  magic "gestalog"
	     8      2  format version, 1
	    10      2  flags that must be understood, 0
	    12      4  segment number
	    16     16  store id
	    32      8  position of the last event before this segment, 0 if none
	    40      8  RecordedAt of the last commit before this segment, -2^63 if none
	    48      4  header checksum of the last frame of the segment before, 0 in the first segment ever
	    52      8  0
	    60      4  checksum of bytes 0 to 59
	    64         frames, each at a multiple of 8

A segment is closed by its *seal*, an empty frame with the seal flag; only the last segment has none. The name of the next segment is
durable before the seal is written, so a seal without a next segment is damage; so is a header whose checksum of the seal does not fit. A
segment holds about Options.SegmentBytes; a commit never spans two, and one larger than a segment has one of its own. Behind the last frame
there is nothing, or zeros.

## A frame

One commit is one frame. A frame without events and without tracking says only that all before it is synced: it is written by closing, sealing
and recovery.

	offset  bytes
	     0      4  magic "gfr1"
	     4      4  length of the body in bytes, without padding
	     8      8  position of the first event; without events, of the last event before the frame
	    16      4  number of events
	    20      4  flags: 1 key, 2 tracking, 4 seal; others must be 0
	    24      8  RecordedAt; in an empty frame that of the last commit, -2^63 if none
	    32      8  durable: the place up to which the log was synced before this frame was written. While the header of the frame's own
	               segment is not synced, that is the end of the segment before (in the first one: 0)
	    40      4  body checksum
	    44      4  header checksum
	    48         body, then zeros up to a multiple of 8

The header checksum covers store id (16 bytes), segment number (4), the frame's own offset (4) and header bytes 0 to 43. So frame bytes that
stand anywhere else, in a payload or in a copied file, are no frame. The body:

	key       if flag 1: uvarint length, bytes
	tracking  if flag 2: uvarint length, source, 8 bytes position
	checksum  if flag 1 or 2: 4 bytes, over key and tracking as they stand, for those who read one event
	events    event records one after the other

The body checksum covers key, tracking and their checksum as they stand and the envelope checksum (4 bytes) of each event: together with
these it covers everything but the payload slots, which the envelopes cover.

Positions within a commit are contiguous: event i of a frame has the first position + i. Between frames positions may jump (a
restored store may have holes).

## An event record

	offset  bytes
	     0      4  envelope checksum, over the rest of the envelope
	     4      2  length of the envelope in bytes, from offset 0 of the record
	     6      4  checksum of the payload slot as it was written
	    10      8  version in its stream, 0 without a stream
	    18         flags: uvarint; 1 id, 2 stream, 4 schema version, 8 content type, 16 effective time, 32 erased; others must be 0
	               back: uvarint, distance in bytes from the frame's first byte to the record's
	               ordinal: uvarint, 0 for the frame's first event
	               slot: uvarint, length of the payload slot, at least 16
	               metadata: uvarint, length of the metadata, at most slot - 16
	               id: 16 bytes, if flag 1
	               stream: uvarint length, bytes, if flag 2
	               type: uvarint length, bytes
	               schema version: uvarint, if flag 4
	               content type: uvarint length, bytes, if flag 8
	               effective time: 8 bytes, if flag 16
	               erased: 8 bytes, if flag 32: position of the $erasure event; only in restored events that came without payload
	               tags: uvarint number, then uvarint length and bytes each
	               -- end of the envelope --
	               slot: 16 bytes salt, data, metadata

The salt is random and never all zero; it makes the commitment to the payload unguessable once the payload is erased (package store,
Commitment). A record that is read on its own is verified by its envelope checksum, its slot checksum and the header checksum of
its frame, found by going back; position, commit and time come from that header.

Worked example: the first event of a store, type "Opened" in stream "a-1", data {"n":1}, no id, no tags. The frame starts
at offset 64 of log/00000001.seg. Its body is one record: 18 bytes, then one byte each for flags (2), back (48), ordinal (0), slot (23)
and metadata (0), 4 for the stream, 7 for the type, 1 for no tags, an envelope of 35 bytes; and a slot of 16+7 bytes. So the length of the
body is 58 (3a 00 00 00 at offset 4 of the frame), header and body have 106 bytes, 6 zeros follow, and the next frame starts at 176.

# Erased payloads

Erasing fills the slot with zeros, salt included, at the same length; nothing else changes, so the slot checksum no longer
fits. A slot of zeros whose checksum does not fit is valid only where an $erasure event with the tag erases:P stands in the log for
its position P. An event that was restored without its payload has flag 32 and a slot of 16 zeros whose checksum fits: its envelope vouches for
it, whether or not the $erasure that it names has arrived. Every other slot whose checksum does not fit is damage.

# Writing

Callers validate, encode, and look up what files and durable memory say of keys, tracking, streams and conditions; they decide nothing.
The *committer*, one goroutine, takes them in order, adds what newer commits in memory say, decides, and appends the
frames of the accepted ones to a group: positions, versions and time are given here and the envelope checksums made.
The *syncer*, one goroutine, takes a group when the one before is done: it fills in durable and the header checksums, does one write and
one sync, writes log/head, moves the visible head, and answers each caller. While it syncs, the committer fills the next
group. Where one writer is alone, the committer does this for its groups itself, while the syncer has nothing to do. Before a group goes to a syncer that is free, the
committer lets those run who were answered a moment before, and so does the syncer between two groups: what they send next then goes along. Where that takes
milliseconds, because the processors are busy with something else, both leave it for a while. An answer that rests on a commit not yet durable waits for that group in the same way: every answer passes through the syncer, in order.

While groups are small, at most 64 KiB in the mean of the recent ones, the syncer fills the file ahead: between the write and the sync of a group that reaches beyond the file's
end it writes zeros behind the group, at most 1 MiB, a quarter of Options.SegmentBytes, or as much as was written since the log was opened, and at most up to
SegmentBytes. Groups that lie within them change neither size nor blocks of the file, which makes their sync cheaper. Only the syncer writes to the file, so
no zero can come to lie on a frame; the seal, and the empty frame of Close, cut the zeros off again before their sync. With SyncNever nothing is filled.
Where the disk is full, the zeros are cut off and the rest of the segment goes without them; the sync decides about the group. Any other
failure of their write is one of the log.

A failed write, cut or sync of the log ends it: the group and everything behind it that was decided is answered with an UnknownError, what is
still queued was not decided and is refused with ErrFailed, and this process writes and syncs no more, also on Close.

Rolling to the next segment: the committer creates the file and syncs the directory (a failure here refuses the commit that needed it,
nothing more); the syncer, when the group before is durable, writes the seal into the old segment and syncs it, whatever the sync policy,
then writes header and frames of the new one, and syncs. A roll that no commit asked for (see Erasing) writes the header alone. When the
in-memory index covers more than Options.IndexBytes of the log, a new one is begun, and the old one goes to index/ in the background.

## log/head

One record of 64 bytes, overwritten in place by one write after each group is durable (with SyncNever: written), before callers are
answered:

	     0      8  magic "gestahed"
	     8      2  format version, 1
	    10      2  flags that must be understood, 0
	    12      4  0
	    16      8  position of the last event
	    24      8  place where the last frame starts
	    32      8  place where the next frame will start
	    40      4  header checksum of the last frame
	    44      8  RecordedAt of the last commit
	    52      8  0
	    60      4  checksum of bytes 0 to 59

A reader whose checksum fails reads again. A reader shows the frames before "next" and nothing else. The writer removes the record before it
recovers and writes it when it is done; a reader waits for it. After a crash of the machine and before the next writer, the record may lie
behind the log, and a reader shows less, or ahead of what is left of it, and a reader finds that the last frame is not there and asks for a
recovery.

## Reading

A read of what matches a query goes in batches: candidates from the index, all files of a view at once; their places; then, in one vfs.Guard, a touch of each place so that the
waits overlap, and a copy of each record out of the mapping of its segment. What is cold is asked for with WILLNEED before. Copies are verified and decoded when they are
yielded, outside the guard: envelope, slot, frame header, position. Where a page cannot be read, the batch is read again by pread, whose error names file, offset and position.

Sealed segments are mapped whole, the active one up to the visible head and again when that has moved on by a MiB; nobody cuts a file below what is mapped. During recovery,
for Check, and where mapping is refused everything is read by pread. A segment that erasure replaced keeps its mapping, and the file its inode, until the last reader has
released it.

A forward read of everything does not ask the index but where to begin: it preads the log in chunks of up to 28 KiB, which the events share, and verifies each frame whole.

## Opening

 1. Lock; read gesta.json; remove log/head and *.tmp; sync the directory of the store, log/ and index/ (names that a killed process left may not be
    durable). Segments that lie below where heads says the log begins are removed, which finishes an interrupted truncation. What is
    left must begin there, or with 1, and have no gap.
 2. Take the index files that chain from the beginning and whose last frame is really in the log. They say where the tail begins.
 3. Walk the frames of the tail, each verified whole, into the in-memory index. Let X be the place of the first frame that is not good,
    or the end; offset 0 of a segment whose header is not good. A slot of zeros counts as good for now. At the end each such slot must be covered by an
    $erasure before X; where one is not, its frame is X, and step 3 is done again up to there.
 4. Look for a frame with a good header anywhere behind X, at multiples of 8, in this segment and later ones. If one has durable beyond X,
    then what stands at X was synced once: that is damage, and open fails with segment, offset and position. Otherwise X is the end: nothing at
    or behind X was ever acknowledged as durable. A bad header of the first segment under a heads file is damage too.
 5. If the log ends in an empty frame whose durable is its own place, with nothing behind it (a clean close), write that frame again and sync.
    Otherwise remove later segments, the highest first, syncing the directory after each; cut the file at X, write the accepted bytes of the
    segment again, sync (a sync that failed before may have left pages that look clean and are not on the disk), write an empty frame and sync.
    When X is at the header of a segment that follows a seal, the sealed segment is written again whole and synced (the sync of its seal may never have come
    back), and then that segment is made anew: cut to nothing, header and an empty frame written, synced.
 6. Finish erasures: for each $erasure event of the tail whose event still has a payload, make the segment's copy, as under Erasing. Index
    files never cover an $erasure that is not finished, so the tail holds all of them.
 7. Write log/head; show the head.

Closing writes the tables that wait, and the newest one if it covers a sixteenth of Options.IndexBytes, to index files, unless an erasure is not finished; what cannot
be written is replayed.

# What a crash leaves behind

	when the crash comes                       on the disk                             what open does
	creating a store                           no gesta.json                           makes the store again
	writing a group                            any sectors of its frames, and zeros    ends the log before the first bad frame; none of them was answered
	                                           behind them
	after a group's sync, before the answer    the group                               keeps it: an unknown outcome, repeated by its key
	creating the next segment                  one segment more, empty                 removes it: there is no seal before it
	writing the seal                           no seal, or a torn one, and perhaps     X is the seal's place; as above
	                                           zeros behind it
	writing the new header and first frames    a seal, a new segment with bad header   makes the new segment anew, or X is in the new segment
	                                           or bad frames
	closing                                    no empty frame, or a torn one           as after any crash
	recovery, between its steps                the log cut at X or not                 the same X again: nothing behind X was durable
	erasing, before the $erasure is durable    no trace                                nothing was erased
	erasing, after it                          *.seg.tmp, or the old segment           removes *.tmp, makes the copy
	truncating, before heads is renamed        heads.tmp                               removes it
	truncating, after it                       heads and old segments                  removes the old segments
	writing an index file                      *.tmp, or a file without its directory  removes it; the tail is longer
	                                           entry
	merging index files                        the merged file and the covered ones    removes the covered ones

# Erasing

Erasures are done one at a time. The $erasure events are committed and, whatever the sync policy, synced; from the moment they are visible,
reads give their events as erased. If a payload lies in the active segment, that is sealed first. Then each segment concerned is copied to
N.seg.tmp with the slots zeroed, synced, renamed over the old one, and the directory synced. If that fails, Erase returns the error and the
erasure stays pending: reads give the event as erased, and the next Erase, index file or open makes the copy. Readers that still hold the old file may
go on with it; one that meets a slot of zeros looks for its $erasure up to the head of that moment, not of its own start. The in-memory index
that covers an $erasure is written to index/ only when its copies are made, and any only when the part of the log that it covers is synced, whatever
the sync policy.

# Truncating

Whole sealed segments are dropped from the front, when the header of the last segment is durable. First heads is written: for every stream its version and last position, for every source
its tracking, and where the log begins now. Then the segments are removed, the lowest first, and the index files that lie wholly
below. Index files that straddle the beginning stay; what they say of dropped positions is not looked at. A merge that reads a file which is dropped
gives way, leaves no file, and begins again with what is left. When writing heads has failed, the next truncation looks which file came to have the
name, and begins from there.
*/
