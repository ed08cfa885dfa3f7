package nats_test

import (
	"testing"

	"github.com/gestadb/gesta/bench/rival/nats"
	"github.com/gestadb/gesta/bench/rival/rivaltest"
)

func TestStore(t *testing.T) { rivaltest.Run(t, nats.Maker) }

func BenchmarkStore(b *testing.B) { rivaltest.Bench(b, nats.Maker) }
