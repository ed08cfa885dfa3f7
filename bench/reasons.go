package main

// reasons say where gesta's time or space goes in the rows whose target it misses on the machines we know, and what its rivals do differently there, by
// profiles. They are written into the report beside the figures.
var reasons = map[string]string{
	"append-256": "Profile: two cores are busy. An append costs gesta about 3 µs of processor time on its caller's goroutine and the committer's (validation, encoding, salt, look-ups, " +
		"the table, waking the caller), where the loop copies and checksums, so that with many writers the loop's groups are larger. Tried: answering from another goroutine, requests that are " +
		"pooled, letting those who were answered come back before a group goes.",
	"dcb-10-64":   "The condition itself costs a look at the newest tables. What is measured beside it is a guard on the version of a stream that the writer has in hot memory, which is cheaper still.",
	"dcb-hot-64":  "See dcb-10-64: where the tag has very many events, what lies above After is still little.",
	"stream-1000": "Profile: a hundred events of a commit lie side by side, so that little is waited for; what an event costs is copying, two checksums, decoding, and the memory that the caller keeps. bbolt copies its record and verifies nothing.",
	"memory-heap": "Nearly all of it are the filters of the index files, 12 bits for each stream, tag and id of a file, which are what lets a look-up pass a file by without reading it: about 4 bytes an event. Keeping those of ids on the disk would halve it.",
	"dcb-10-1":    "One writer's append is a sync, and two stores never have the same luck with it: look at the spread.",
	"ingest-16": "Profile: both cores are busy with about 5 µs of processor time an event, half a microsecond of it the harness's own. 1.8 µs are the look-up of a guard for each event, as the hundred events of " +
		"a commit belong to a hundred streams (filters 0.5, directories and buckets 0.5, places 0.1, the stream's last event 0.5); 0.9 the committer with the table in memory; 0.7 writing index files, 0.6 merging them, " +
		"0.7 the writing and syncing goroutine, 0.5 validation and encoding. " +
		"Tried: all streams of a commit looked up side by side (a third of the look-up's time), hashes made once on the caller, hashing and touching ahead, radix sort, merging with a larger fan-out, one pass over ids and names.",
	"ingest-16-log": "See ingest-16: the log alone looks nothing up, and has no index.",
	"ingest-1-log":  "With one writer nothing overlaps but the index files: what a commit costs the processor (see ingest-16) is added to the time of its sync.",
	"bytes": "The log has 16 bytes of salt, which make the commitment to a payload unguessable after it was erased, 16 of id, 26 of version, checksums and lengths, and the names of stream, type " +
		"and tag as they are; the index has about 25 bytes an event when it is merged. Types as numbers and dictionaries for names would need another format of the log.",
	"stream-10": "Profile: waiting for memory. A read touches ten records, ten frame headers and ten places, and for each index file its filter, directory and bucket, each in a page of its own: six waits one after " +
		"the other. They are touched together, so that the waits of the ten overlap; then come copying, three checksums an event, and decoding. bbolt finds an event by one walk down its tree, copies its record and verifies " +
		"nothing. Tried: mapping instead of pread (4 times), look-ups in all files at once, fewer files, touching whole records at once, decoding headers in place.",
	"stream-10-pebble": "See stream-10.",
	"stream-10-cold": "Filter and directory, bucket, places, records and frame headers name each other in turn: five waits, each for all files and events together, with about forty reads of the device. A wave of ten " +
		"hints costs about twice a single fault. A store that has been read from before takes four to seven single reads (BenchmarkLogFirst); what is measured here is the first read after opening, with filters and the blocks of places " +
		"still to be read. Tried: asking for all of a wave before any of it is waited for, fetching files of places whole.",
	"scan": "Profile: of some 290 ns an event, 40 are the copy out of the mapping into memory that the events share and the caller keeps, 60 two checksums (envelope and payload), 55 decoding, 12 the id as text, 50 making and handing " +
		"over an event of two hundred and fifty bytes, the rest the garbage collector and the harness. The raw scan reads into the same memory again and again, verifies one checksum and decodes nothing. bbolt's cursor walks mapped pages and " +
		"verifies nothing; each event is one copy, whose strings are parts of it: with a checksum of its own it is still ahead. Tried: reading ahead on a second goroutine with two to eight stretches of 200 KiB to 3 MiB on the way (short stretches took more wall time, the longest some " +
		"tenths less where the garbage collector runs often and next to nothing less where it does not, all of them a quarter or more processor time, as each event then changes cores), pieces of 20 to 64 KiB, checksums in a loop of their own, the mapping in place of pread (12 % faster, kept).",
	"open-clean": "Opening reads the header of each index file and the end of the log, and makes the tables; the rest is the operating system's.",
	"append-grown": "A stream that was not written lately is looked up in index files, and its last event read: about 5.6 µs more than in a table, 2.5 of them in the index files and 2.1 for the event, nearly all of it waits for " +
		"memory. A stream that is in the newest tables costs the same in a store of any size. Tried: filters, directories and buckets of all files touched at once; a table of heads in memory is left.",
	"guard-hot": "It includes what Append does with any guard: validation, and a copy of the query.",
}
