package main

import (
	"math"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{Median: 3, Min: 3, Max: 3}},
		{[]float64{5, 1, 3}, Spread{Median: 3, Min: 1, Max: 5}},
		{[]float64{4, 1, 2, 8}, Spread{Median: 3, Min: 1, Max: 8}},
	} {
		if got := spread(c.values); got != c.want {
			t.Errorf("spread(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestSpreadLeavesItsArgument(t *testing.T) {
	values := []float64{2, 1}
	spread(values)
	if values[0] != 2 {
		t.Error("spread sorted its argument, and with it the order of the rounds")
	}
}

// A slow minute in the middle moves both medians but no ratio.
func TestPairedRatio(t *testing.T) {
	peer, ours := []float64{10, 20, 10}, []float64{1, 2, 1}
	if got, want := pairedRatio(peer, ours), (Spread{Median: 10, Min: 10, Max: 10}); got != want {
		t.Errorf("pairedRatio = %v, want %v", got, want)
	}
	if got := pairedRatio(peer, []float64{0}); got != (Spread{}) || math.IsInf(got.Max, 0) {
		t.Errorf("ratio to a time of zero is %v", got)
	}
}
