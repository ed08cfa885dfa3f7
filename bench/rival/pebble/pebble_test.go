package pebble_test

import (
	"testing"

	"github.com/gestadb/gesta/bench/rival/pebble"
	"github.com/gestadb/gesta/bench/rival/rivaltest"
)

func TestStore(t *testing.T) { rivaltest.Run(t, pebble.Maker) }

func BenchmarkStore(b *testing.B) { rivaltest.Bench(b, pebble.Maker) }
