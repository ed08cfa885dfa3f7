package postgres_test

import (
	"errors"
	"os"
	"testing"

	"github.com/gestadb/gesta/bench/rival/postgres"
	"github.com/gestadb/gesta/bench/rival/rivaltest"
)

// needServer skips the test if no server is installed, but where nobody would see that; any other trouble is the test's to find.
func needServer(tb testing.TB) {
	tb.Helper()
	store, err := postgres.Maker.Open(tb.TempDir(), false)
	if errors.Is(err, postgres.ErrMissing) && os.Getenv("CI") == "" {
		tb.Skipf("PostgreSQL is not tested here: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if err := store.Close(); err != nil {
		tb.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	needServer(t)
	rivaltest.Run(t, postgres.Maker)
}

func BenchmarkStore(b *testing.B) {
	needServer(b)
	rivaltest.Bench(b, postgres.Maker)
}
