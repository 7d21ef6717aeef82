package lazy

import (
	"context"
	"fmt"
	"math"
)

// Sum runs [NewSum] alone.
func Sum(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewSum(over))
}

// Mean runs [NewMean] alone.
func Mean(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewMean(over))
}

// Min runs [NewMin] alone.
func Min(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewMin(over))
}

// Max runs [NewMax] alone.
func Max(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewMax(over))
}

// ArgMin runs [NewArgMin] alone.
func ArgMin(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewArgMin(over))
}

// ArgMax runs [NewArgMax] alone.
func ArgMax(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewArgMax(over))
}

// Var runs [NewVar] alone, with ddof 0.
func Var(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewVar(over, 0))
}

// Std runs [NewStd] alone, with ddof 0.
func Std(ctx context.Context, a *Array, over Over) (*Result, error) {
	return runOne(ctx, a, NewStd(over, 0))
}

// Histogram runs [NewHistogram] over bins between the smallest and the largest
// element, which it finds in a pass of their own, as np.histogram does. Elements
// that are not finite are an error that matches [ErrRange]; give [NewHistogram] a range to leave
// them out. The bins are the same for all outputs.
func Histogram(ctx context.Context, a *Array, over Over, bins int) (*Result, error) {
	lo, hi := 0.0, 1.0 // NumPy's range for no elements
	if _, err := newPass(a, []Reducer{NewHistogram(over, bins, lo, hi)}); err != nil {
		return nil, err // before the pass for the range
	}
	if a.Len() > 0 {
		ends, err := Run(ctx, a, NewMin(OverAll()), NewMax(OverAll()))
		if err != nil {
			return nil, err
		}
		lo, hi = ends[0].Float64(), ends[1].Float64()
		if !finite(lo) || !finite(hi) {
			return nil, fmt.Errorf("histogram: %w: it is [%v, %v]", ErrRange, lo, hi)
		}
	}
	return runOne(ctx, a, histogramReducer(over, bins, lo, hi, a.Len() > 0))
}

func runOne(ctx context.Context, a *Array, r Reducer) (*Result, error) {
	results, err := Run(ctx, a, r)
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
