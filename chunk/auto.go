package chunk

import (
	"math"
	"slices"
)

// This file gives the numbers of dask.array.core.auto_chunks (BSD-3-Clause,
// https://github.com/dask/dask). It works in float64, in the same order of
// operations, because the sizes are truncated floats: one unit in the last place
// can decide between 511 and 512. The conversions float64(x*y) keep compilers
// from fusing a product into a following sum.

// auto finds the chunks of the axes left open.
func (c *cutter) auto(o NormalizeOptions) error {
	previous, err := c.previousAxes(o.Previous)
	if err != nil || len(c.open) == 0 {
		return err
	}
	switch {
	case o.ItemSize == 0:
		return c.spec.errorf("elements of 0 bytes give no size to cut by")
	case c.limit == 0:
		c.limit = DefaultLimit
	}
	perBlock := float64(c.limit) / float64(o.ItemSize)
	if previous != nil {
		return c.autoFrom(previous, perBlock)
	}
	return c.autoCubic(perBlock)
}

// checkFixed refuses to divide by the fixed axes where Python would raise
// ZeroDivisionError or OverflowError.
func (c *cutter) checkFixed() error {
	switch {
	case math.IsInf(c.fixed, 0):
		return c.spec.errorf("no size to cut by: the other sizes are too large")
	case !(c.fixed > 0):
		return c.spec.errorf("no size to cut by: another axis has length 0")
	}
	return nil
}

// autoCubic cuts all open axes to one size, as far as they are long enough.
func (c *cutter) autoCubic(perBlock float64) error {
	for len(c.open) > 0 {
		if err := c.checkFixed(); err != nil {
			return err
		}
		size := root(perBlock/c.fixed, len(c.open))
		short := func(d int) bool { return float64(c.shape[d]) < size }
		if !slices.ContainsFunc(c.open, short) {
			for _, d := range c.open {
				c.axes[d].setRegular(c.shape[d], truncate(size, c.shape[d]))
			}
			return nil
		}
		for _, d := range c.open {
			if short(d) {
				c.axes[d].setRegular(c.shape[d], c.shape[d])
				c.fixed *= float64(c.shape[d])
			}
		}
		c.open = slices.DeleteFunc(c.open, short)
	}
	return nil
}

// truncate is x without its fraction, at least 1 and at most the length of an
// axis (or 1 for an empty one).
func truncate(x float64, length int64) int64 {
	if x >= float64(length) {
		return max(length, 1)
	}
	return max(int64(x), 1)
}

// root is x ** (1/n) for x > 0, rounded correctly but for one case in
// some 10^15. glibc's pow, which Python calls, errs by no more than 0.51 units in
// the last place, which comes to the same integers; math.Pow errs by several, and
// may land on the other side of one.
//
// 1/n is itself rounded, up by delta, so what is wanted is not the true root but
// the root times exp(delta*ln(x)). An approximation r of the root is improved by
// a step of Newton's method in twice the precision. Both corrections are tiny,
// so float64 holds them well, and they are added to r last.
func root(x float64, n int) float64 {
	if n == 1 {
		return x
	}
	exponent := 1 / float64(n)
	r := math.Pow(x, exponent)
	if x < 1e-290 || x > 1e290 {
		return r // far from any size, and powers would lose digits
	}
	hi, lo := r, 0.0 // r**k, as a sum
	for range n - 1 {
		p := float64(hi * r)
		lo = math.FMA(lo, r, math.FMA(hi, r, -p))
		hi = p
	}
	newton := r * (((x - hi) - lo) / hi) / float64(n)
	delta := math.FMA(exponent, float64(n), -1) / float64(n)
	return r + (newton + float64(r*delta*math.Log(x)))
}
