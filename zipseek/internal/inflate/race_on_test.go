//go:build race

package inflate

// every is which part of the samples is tested: the race detector makes all of them take minutes.
const every = 20
