package main

import (
	"fmt"
	"time"
)

// scale says how large and how long a run is.
type scale struct {
	name   string
	rounds int           // to keep of each workload
	tries  int           // at the most
	probes int           // runs of the probe of the disk before a round that leans on it
	total  time.Duration // of all rounds: their workloads' budgets, after which no round is repeated; what is loaded for them is beside it
	bound  time.Duration // of the whole run, after which each workload that is left gets one round

	slice     time.Duration // of one turn of a subject
	box       time.Duration // after which a rival's turn at ingest ends
	long      time.Duration // the same of Pebble's ingest by many writers, so that its compactions are seen
	memoryBox time.Duration // the same of an ingest whose memory is measured

	// A rival is loaded with as many events as it can take in about loadBox, by a load of pilot in another store. Pebble,
	// beside which streams are measured at full size, has longLoad.
	pilot, loadBox, longLoad time.Duration

	ingest     int64         // events of an ingest of gesta in a round
	big        int64         // events of the large store
	small      int64         // and of the small one beside it
	hot        int           // events that have one tag, for guards
	coldReads  int           // reads with nothing cached, in a round
	pairs      int           // of slices, for ratios of two stores
	asks       int           // runs of the command line in a round, of those that are quick
	folded     int           // events of a stream that the command line folds
	listed     int           // elements of the list beside what is folded
	cases      int           // streams that are bisected
	caseEvents int           // and the events of all of them
	idle       time.Duration // to wait for merges that a store makes when nobody writes, before its large store is read
	tail       int64         // bytes of the log behind what is indexed, for opening after a kill
	indexBytes int64         // of gesta's options where background work is to be seen, or a tail to be made; 0 is the default
	mergeBytes int64         // of gesta's options for the tail of appends under merges; 0 is the default

	requests   time.Duration // of one turn of a server, after a quarter of that which is not counted
	served     int           // events in the servers that are read from, ten to a tag
	longServed int           // events in the server that is read whole
	followers  int
	idleTime   time.Duration // for which followers are watched that have nothing to follow
}

// The scales that there are.
var (
	shortScale = scale{
		name: "short", rounds: 3, tries: 5, probes: 3, total: 470 * time.Second, bound: 11 * time.Minute,
		slice: 600 * time.Millisecond, box: time.Second, long: 3 * time.Second, memoryBox: 5 * time.Second,
		pilot: time.Second, loadBox: 8 * time.Second, longLoad: 12 * time.Second,
		ingest: 333_333, big: 1_000_000, small: 10_000, hot: 1_000_000, coldReads: 25, pairs: 60,
		asks: 21, folded: 100_000, listed: 10_000, cases: 13_087, caseEvents: 262_200,
		idle: 11 * time.Second, tail: 12 << 20, mergeBytes: 4 << 20,
		requests: 300 * time.Millisecond, served: 20_000, longServed: 200_000, followers: 1000, idleTime: 10 * time.Second,
	}
	fullScale = scale{
		name: "full", rounds: 5, tries: 8, probes: 5, total: 37 * time.Minute, bound: 48 * time.Minute,
		slice: time.Second, box: 2 * time.Second, long: 8 * time.Second, memoryBox: 10 * time.Second,
		pilot: 4 * time.Second, loadBox: 45 * time.Second, longLoad: 80 * time.Second,
		ingest: 10_000_000, big: 10_000_000, small: 10_000, hot: 1_000_000, coldReads: 50, pairs: 200,
		asks: 51, folded: 100_000, listed: 10_000, cases: 13_087, caseEvents: 262_200,
		idle: 11 * time.Second, tail: 12 << 20,
		requests: 2 * time.Second, served: 100_000, longServed: 1_000_000, followers: 1000, idleTime: 10 * time.Second,
	}
	tinyScale = scale{ // of the tests
		name: "tiny", rounds: 1, tries: 1, probes: 1, total: time.Minute, bound: time.Minute,
		slice: 20 * time.Millisecond, box: 50 * time.Millisecond, long: 50 * time.Millisecond, memoryBox: 50 * time.Millisecond,
		pilot: 50 * time.Millisecond, loadBox: 50 * time.Millisecond, longLoad: 50 * time.Millisecond,
		ingest: 3_000, big: 20_000, small: 1_000, hot: 2_000, coldReads: 2, pairs: 6,
		asks: 4, folded: 2_000, listed: 200, cases: 200, caseEvents: 4_000,
		tail: 128 << 10, indexBytes: 512 << 10, mergeBytes: 64 << 10,
		requests: 20 * time.Millisecond, served: 200, longServed: 2_000, followers: 20, idleTime: 20 * time.Millisecond,
	}
)

// String says what a reader must know of the scale.
func (s scale) String() string {
	return fmt.Sprintf("The %s run: %d rounds of each workload are wanted, at most %d made, within a budget of %v for all of them; a turn takes %v; gesta ingests %s events a round; "+
		"the large store has %s events, the small one %s. A rival's ingest ends after %v (Pebble's by 16 writers after %v), and it gets as many events into its large store as it can in about %v (Pebble in %v), which is not "+
		"measured, at most as many as gesta. This process keeps %d MiB for itself, so that the garbage collector runs as in a program with work of its own, and not every few milliseconds.", s.name, s.rounds, s.tries, s.total, s.slice, count(s.ingest), count(s.big), count(s.small), s.box, s.long, s.loadBox, s.longLoad, inUse>>20)
}

// count writes a number of events.
func count(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.3g million", float64(n)/1e6)
	case n >= 10_000:
		return fmt.Sprintf("%d thousand", n/1000)
	}
	return fmt.Sprint(n)
}
