package kernel

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSwapBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 25))
	for _, width := range []int{1, 2, 3, 4, 6, 8, 12, 16, 32} {
		for _, n := range []int{0, 1, 2, 3, 5, 8, 100} {
			for off := range 3 {
				src := make([]byte, off+n*width+width/2)
				for i := range src {
					src[i] = byte(rng.Uint32())
				}
				src = src[off:]
				want := bytes.Clone(src)
				for i := range n {
					slices.Reverse(want[i*width : (i+1)*width])
				}
				dst := bytes.Clone(src) // what is no whole element stays
				SwapBytes(dst, src, width)
				if !bytes.Equal(dst, want) {
					t.Fatalf("width %d, %d elements: got % x, want % x", width, n, dst, want)
				}
				SwapBytes(src, src, width)
				if !bytes.Equal(src, want) {
					t.Fatalf("width %d, %d elements, in place: got % x, want % x", width, n, src, want)
				}
			}
		}
	}
}
