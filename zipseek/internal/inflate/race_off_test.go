//go:build !race

package inflate

// every is which part of the samples is tested: all of them.
const every = 1
