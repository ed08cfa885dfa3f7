// Package rawlimit measures what a machine allows: loops that know no events, beside which a store is measured.
//
// The limit of appends is a group commit ([Log]): writers hand one request after the other to one committer, which
// gathers all that are waiting, frames each event with its length and its CRC-32C, writes them at once, syncs once, and
// answers. It has two kinds. [Grow] writes to the end of a growing file. [ZeroAhead] writes to files that start empty and
// that a second goroutine fills with zeros a little ahead, so that the sync of a group has no size and no blocks of
// the file to make durable; all that goroutine does counts.
//
// The log alone, beside which the ingest of many events is measured, is Grow with events that have, with their frame,
// as many bytes as the store's log takes for one.
//
// The limit of scans is [Scan], front to back with every checksum verified; that of reads is [Preads]; and [Probe] says
// whether the disk is as fast at this moment as it was before.
package rawlimit
