package main

import "testing"

func TestParallelSum(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 255, 256, 1000, 4096} {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i & 0xff)
		}
		for _, workers := range []int{1, 2, 3, 16} {
			if got, want := parallelSum(x, workers), expectedSum(n); got != want {
				t.Errorf("sum of %d numbers by %d workers is %v, want %v", n, workers, got, want)
			}
		}
	}
}
