// Package stat has the statistics of the report: medians, spreads, the rule by which rounds are thrown away, and the
// confidence interval of a median.
package stat

import (
	"math"
	"slices"
)

// Median returns the middle of the values, the mean of the two in the middle for an even number, NaN for none.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Quantile returns the value below which the share q of the values lies, q from 0 to 1, interpolated between
// neighbours; NaN for no values. The values are not changed.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// Spread is a median with the least and the greatest of its values.
type Spread struct {
	Median, Min, Max float64
	N                int
}

// SpreadOf returns the spread of the values; that of none has N 0.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	return Spread{Median: Median(values), Min: slices.Min(values), Max: slices.Max(values), N: len(values)}
}

// Tolerance is how far the probe of a round may be from the median of the probes of its workload.
const Tolerance = 0.30

// Quiet says for each probe whether it is within the tolerance of their median: a round is thrown away when the
// probe before it is not.
func Quiet(probes []float64, tolerance float64) []bool {
	median := Median(probes)
	quiet := make([]bool, len(probes))
	for i, p := range probes {
		quiet[i] = math.Abs(p-median) <= tolerance*median
	}
	return quiet
}

// MedianInterval returns an interval that contains the median of the population, of which the values are a sample, with at
// least 95 % confidence, whatever the distribution: the order statistics that the binomial distribution gives. With
// less than six values no such interval exists, and it returns the least and the greatest.
func MedianInterval(values []float64) (low, high float64) {
	n := len(values)
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	k := 0 // how many values may be left out at each end
	for below := 0.0; k < n/2; k++ {
		if below += binomialHalf(n, k); 2*below > 0.05 {
			break
		}
	}
	k = max(k-1, 0)
	return sorted[k], sorted[n-1-k]
}

// binomialHalf returns the probability of k heads in n throws of a fair coin.
func binomialHalf(n, k int) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	heads, _ := math.Lgamma(float64(k + 1))
	tails, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(all - heads - tails - float64(n)*math.Ln2)
}
