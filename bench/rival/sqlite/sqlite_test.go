package sqlite_test

import (
	"testing"

	"github.com/gestadb/gesta/bench/rival/rivaltest"
	"github.com/gestadb/gesta/bench/rival/sqlite"
)

func TestStore(t *testing.T) {
	for _, maker := range sqlite.Makers {
		t.Run(maker.Name, func(t *testing.T) { rivaltest.Run(t, maker) })
	}
}

func BenchmarkStore(b *testing.B) {
	for _, maker := range sqlite.Makers {
		b.Run(maker.Name, func(b *testing.B) { rivaltest.Bench(b, maker) })
	}
}
