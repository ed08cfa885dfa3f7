package bbolt_test

import (
	"testing"

	"github.com/gestadb/gesta/bench/rival/bbolt"
	"github.com/gestadb/gesta/bench/rival/rivaltest"
)

func TestStore(t *testing.T) { rivaltest.Run(t, bbolt.Maker) }

func BenchmarkStore(b *testing.B) { rivaltest.Bench(b, bbolt.Maker) }
