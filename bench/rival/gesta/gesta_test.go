package gesta_test

import (
	"testing"

	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/bench/rival/rivaltest"
)

func TestGesta(t *testing.T) { rivaltest.Run(t, gesta.Maker) }
