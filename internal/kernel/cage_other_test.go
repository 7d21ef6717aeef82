//go:build !linux && !purego

package kernel

import "testing"

// cage is memory; its end is watched on Linux.
type cage struct{ data []byte }

func newCage(_ *testing.T, size int) cage { return cage{make([]byte, size)} }

// put is a copy of b at the end of the cage.
func (c cage) put(b []byte) []byte {
	to := c.data[len(c.data)-len(b):]
	copy(to, b)
	return to
}
