package main

// reasons say where gesta's time or space goes in the rows whose target it misses on the machines we know, and what its rivals do differently there, by
// profiles. They are written into the report beside the figures.
var reasons = map[string]string{
	"append-256": "Profile: two cores are busy. An append costs gesta about 3 µs of processor time on its caller's goroutine and the committer's (validation, encoding, salt, look-ups, " +
		"the table, waking the caller), where the loop copies and checksums, so that with many writers the loop's groups are larger. Tried: answering from another goroutine, requests that are " +
		"pooled, letting those who were answered come back before a group goes.",
	"dcb-10-64": "The condition itself costs a look at the newest tables. What is measured beside it is a guard on the version of a stream that the writer has in hot memory, which is cheaper still.",
	"dcb-10-1":  "One writer's append is a sync, and two stores never have the same luck with it: look at the spread.",
	"ingest-16": "Profile: both cores are busy, about 3.5 µs an event. A third is the look-up of a guard for each event, as the hundred events of a commit belong to a hundred streams (index, " +
		"then the stream's last event); a quarter the committer with the table in memory; the rest validation, encoding, writing and merging index files, and making the events. " +
		"Tried: hashing and touching ahead, radix sort, merging with a larger fan-out, one pass over ids and names.",
	"ingest-16-log": "See ingest-16: the log alone looks nothing up, and has no index.",
	"ingest-1-log":  "With one writer nothing overlaps but the index files: what a commit costs the processor (see ingest-16) is added to the time of its sync.",
	"bytes": "The log has 16 bytes of salt, which make the commitment to a payload unguessable after it was erased, 16 of id, 26 of version, checksums and lengths, and the names of stream, type " +
		"and tag as they are; the index has about 25 bytes an event when it is merged. Types as numbers and dictionaries for names would need another format of the log.",
	"stream-10": "Profile: waiting for memory. A read touches ten records, ten frame headers and ten places, and for each index file its filter, directory and bucket, each in a page of its own. " +
		"They are touched together, so that the waits overlap; then come copying, three checksums an event, and decoding. bbolt finds an event by one walk down its tree, copies its record and verifies nothing. Tried: mapping instead of pread " +
		"(4 times), look-ups in all files at once, fewer files.",
	"stream-10-pebble": "See stream-10.",
	"stream-10-cold": "Filter, directory, bucket, places, record and frame header each name the next: that many waits one after the other at the least, each for all files or all events together. What a " +
		"freshly opened store reads the first time (headers, filters) counts too.",
	"scan": "Profile: a quarter is the copy out of the page cache into memory that the events share, a seventh checksums (envelope, payload, body), as much allocation and garbage collection, because what the user gets is " +
		"theirs to keep; the rest decodes names, ids, tags and times, and hands over an event of some three hundred bytes. The raw scan reads into the same buffer again and again and decodes nothing. bbolt's cursor " +
		"walks mapped pages; each event is one copy out of them, whose strings are parts of it.",
	"open-clean":   "Opening reads the header of each index file and the end of the log, and makes the tables; the rest is the operating system's.",
	"append-grown": "A stream that was not written lately is looked up in index files, and its last event read: about five waits for memory more than in a table.",
	"guard-hot":    "It includes what Append does with any guard: validation, and a copy of the query.",
}
