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
	budget time.Duration // after which no round is repeated
	bound  time.Duration // after which each workload that is left gets one round

	slice   time.Duration // of one turn of a subject
	box     time.Duration // after which a rival's turn at ingest ends
	long    time.Duration // the same of Pebble's ingest by many writers, so that it gets as many events as gesta
	loadBox time.Duration // how long a rival may take for its large store: it is loaded with as many events as it can take in that time

	ingest     int64         // events of an ingest of gesta in a round
	big        int64         // events of the large store
	small      int64         // and of the small one beside it
	hot        int           // events that have one tag, for guards
	coldReads  int           // reads with nothing cached, in a round
	pairs      int           // of slices, for ratios of two stores
	idle       time.Duration // to wait for merges that a store makes when nobody writes, before its large store is read
	tail       int64         // bytes of the log behind what is indexed, for opening after a kill
	indexBytes int64         // of gesta's options where background work is to be seen, or a tail to be made; 0 is the default
	mergeBytes int64         // of gesta's options for the tail of appends under merges; 0 is the default
}

// The scales that there are.
var (
	shortScale = scale{
		name: "short", rounds: 3, tries: 5, budget: 5 * time.Minute, bound: 8 * time.Minute,
		slice: 600 * time.Millisecond, box: time.Second, long: 3 * time.Second, loadBox: 6 * time.Second,
		ingest: 333_333, big: 1_000_000, small: 10_000, hot: 1_000_000, coldReads: 25, pairs: 60,
		idle: 11 * time.Second, tail: 12 << 20, mergeBytes: 4 << 20,
	}
	fullScale = scale{
		name: "full", rounds: 5, tries: 7, budget: 60 * time.Minute, bound: 75 * time.Minute,
		slice: time.Second, box: 3 * time.Second, long: 20 * time.Second, loadBox: 20 * time.Second,
		ingest: 10_000_000, big: 10_000_000, small: 10_000, hot: 1_000_000, coldReads: 50, pairs: 200,
		idle: 11 * time.Second, tail: 12 << 20,
	}
	tinyScale = scale{ // of the tests
		name: "tiny", rounds: 1, tries: 1, budget: time.Minute, bound: time.Minute,
		slice: 20 * time.Millisecond, box: 50 * time.Millisecond, long: 50 * time.Millisecond, loadBox: 50 * time.Millisecond,
		ingest: 3_000, big: 20_000, small: 1_000, hot: 2_000, coldReads: 2, pairs: 6,
		tail: 128 << 10, indexBytes: 512 << 10, mergeBytes: 64 << 10,
	}
)

// String says what a reader must know of the scale.
func (s scale) String() string {
	return fmt.Sprintf("The %s run: at least %d rounds of each workload are wanted, at most %d made; a turn takes %v; gesta ingests %s events a round; "+
		"the large store has %s events, the small one %s. A rival's ingest ends after %v (Pebble's by 16 writers after %v), and it gets as many events into its large store as it can in about %v (which is not "+
		"measured), at most as many as gesta.", s.name, s.rounds, s.tries, s.slice, count(s.ingest), count(s.big), count(s.small), s.box, s.long, s.loadBox)
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
