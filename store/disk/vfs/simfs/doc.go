// Package simfs is a disk in memory that can lose power. It is for tests.
//
// A disk knows, for each 512-byte sector of a file and for each name in a
// directory, what is durable and what has happened to it since. [FS.Crash]
// returns what may be found after power was lost at this moment, as a disk of
// its own; the old one goes on as if nothing had happened, so that one run can
// be crashed at each of its operations. [FS.Kill] stops the old one.
//
// To crash at the n-th operation, wrap the disk in vfs.NewFault and call Crash
// from its hook, which holds no lock of the disk.
//
// # What a crash keeps and loses
//
// Sectors. Each sector written since the last sync of its file holds, on its
// own account, what was durable or any later version of it. CrashTorn also tears:
// a sector may be a later version up to some byte and an earlier one after it.
//
// Sizes. A file's size is anything between the durable one and the last one.
// Where the size is kept and the sectors are not, zeros are read. A cut (Truncate
// to less, Create of a file that exists) is kept or lost as a whole, and with it
// what was written to the sectors that it removed; what was durable never shines
// through a cut that is kept.
//
// Names. Each creation, rename and removal since the last SyncDir of its directory
// is kept or lost, where one may be kept only together with all earlier ones
// of the same names. A rename is one change to two names: it is durable when
// the directories of both are synced, and kept or lost whole until then. Two more
// rules keep the tree a tree: moves of directories are kept in their order, and
// the removal of a directory only with all changes in it.
//
// What is durable survives, always, unless it was overwritten or removed since.
//
// # Failed syncs
//
// After a failed sync of a file, by [FS.FailSync] or by an error that a hook of
// vfs.NewFault returns, the file does as it would on Linux: its pages count as
// clean, reads show them, the next Sync returns nil and does not write them.
// A sector that is written again is dirty again and goes to the disk whole. The
// sizes and cuts of the file do become durable with the next Sync. A crash finds
// the sectors of the failed sync old or new: the disk may have written some of
// them; CrashWorst finds all of them old. A failed SyncDir changes nothing.
//
// # Limits
//
// There are no permissions, links, times or holes. A disk is never full: inject
// that with vfs.NewFault. A file has at most 16 GiB. Of a sector that is written
// more than 64 times without a sync, older versions are forgotten, so that a
// crash cannot bring them back. Data and names reach the disk in no order but the
// one above; so a crash here is harsher than many file systems are, in particular
// ext4, which makes the name of a new file durable with its first sync.
package simfs
