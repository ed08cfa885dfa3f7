package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gestadb/gesta/bench/internal/stat"
)

func TestMedian(t *testing.T) {
	tests := []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	}
	for _, tt := range tests {
		before := slices.Clone(tt.values)
		if got := stat.Median(tt.values); got != tt.want {
			t.Errorf("median of %v = %v; want %v", tt.values, got, tt.want)
		}
		if !slices.Equal(before, tt.values) {
			t.Errorf("%v became %v", before, tt.values)
		}
	}
	if got := stat.Median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v", got)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{0, 10, 20, 30, 40}
	for q, want := range map[float64]float64{0: 0, 0.25: 10, 0.9: 36, 1: 40} {
		if got := stat.Quantile(values, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v = %v; want %v", q, got, want)
		}
	}
}

func TestSpread(t *testing.T) {
	want := stat.Spread{Median: 2, Min: 1, Max: 7, N: 3}
	if got := stat.SpreadOf([]float64{2, 7, 1}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	if got := stat.SpreadOf(nil); got != (stat.Spread{}) {
		t.Errorf("spread of nothing = %+v", got)
	}
}

// TestQuiet throws away what is off to either side, and not what is at the border.
func TestQuiet(t *testing.T) {
	got := stat.Quiet([]float64{100, 130, 131, 70, 69, 100, 100}, stat.Tolerance)
	if want := []bool{true, true, false, true, false, true, true}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}

// TestMedianInterval holds the intervals against the tables of the sign test.
func TestMedianInterval(t *testing.T) {
	for n, left := range map[int]int{1: 0, 5: 0, 6: 0, 8: 0, 9: 1, 10: 1, 11: 1, 12: 2, 20: 5, 25: 7, 100: 39} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i)
		}
		low, high := stat.MedianInterval(values)
		if low != float64(left) || high != float64(n-1-left) {
			t.Errorf("of %d values: [%v, %v]; want %d left out at each end", n, low, high, left)
		}
	}
}

// TestMedianIntervalCovers draws samples of a skewed population whose median is ln 2.
func TestMedianIntervalCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	const draws = 2000
	covered := 0
	for range draws {
		values := make([]float64, 40)
		for i := range values {
			values[i] = random.ExpFloat64()
		}
		if low, high := stat.MedianInterval(values); low <= math.Ln2 && math.Ln2 <= high {
			covered++
		}
	}
	if share := float64(covered) / draws; share < 0.94 || share > 0.99 {
		t.Errorf("%v of the intervals contain the median; want 0.95 or a little more", share)
	}
}
