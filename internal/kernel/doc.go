// Package kernel has the inner loops: sums, extremes and where they are, moments,
// counts and histograms of slices of numbers; element-wise arithmetic and
// comparisons; conversion between element types and byte orders; and copies between
// strided and packed memory.
//
// # Contract
//
// Lifetime: kernels keep nothing. [Slice] and [Bytes] are views of what they are
// given and live no longer than that.
//
// Concurrency: there is no shared state, [Bins] included; calls that write to
// different memory may run at the same time.
//
// Errors: only [NewBins] has some. [Binary] and [Unary] panic where there is no loop,
// which their operations tell beforehand. All other arguments are the caller's to get
// right; slices too short for the geometry panic, and nothing beyond a slice is
// ever read or written.
//
// Memory: nothing is allocated, but by [NewBins] and once for each Bins that
// counts elements of 8 or 16 bits; and by Slice and Bytes where they copy.
//
// Determinism: results depend on the elements and the geometry alone: not on
// addresses, machines or build tags, to the last bit. (What is read from a NaN
// beyond its being one is not a result.) Only functions that [Unary] takes from
// package math, and complex powers, are as exact as that package is on a machine.
//
// # Rows and columns
//
// The reductions come in two patterns. x has whole rows of m elements each. A
// function named Rows folds every row into one output, acc[i] for row i; a
// function named Cols folds all rows into one, acc[j] for column j. Outputs are
// folded into, so that an array can come in pieces; what has seen nothing is
// zero, or the identity that the function names. Both patterns are fast for a
// few elements to a row and for millions: see narrow.go.
//
// # How they are fast
//
// Most of it is Go that the compiler specialises for every element type, and
// checks no index of within loops. Floats are summed with enough accumulators to
// hide the latency of an addition, narrow integers several to a 64-bit word, and
// rows are read in few long streams. On amd64 processors with AVX2 the loops that
// gain half as much again, or more, are assembly, which package asm below writes:
// lanes of vectors are the accumulators of the Go code, so that no float is added
// in another order. With the tag purego there is no assembly, no word holds several
// elements and nothing is unsafe; tests compare the two.
package kernel
