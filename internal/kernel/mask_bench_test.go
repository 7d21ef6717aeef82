package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkMasks(b *testing.B) { eachMasks(goRunner(b)) }

func eachMasks(run runner) {
	benchMasks[uint8](run)
	benchMasks[uint16](run)
	benchMasks[int32](run)
	benchMasks[float32](run)
	benchMasks[float64](run)
}

// benchMasks multiplies a tile of frames of 128 × 128 pixels by one mask and by eight.
func benchMasks[T Real](run runner) {
	const side, bytes = 128, 256 << 10
	rng := rand.New(rand.NewPCG(55, 56))
	x := benchData[T](bytes)
	for _, c := range maskCases(rng, side*side, side) {
		switch c.name {
		case "disk", "everything", "rings", "disks", "smooth", "normal", "a disk and centers of mass":
			set := NewMaskSet(c.weights)
			acc := make([]float64, len(x)/(side*side)*set.Len())
			run(fmt.Sprintf("%T/%s/k=%d", x[0], c.name, set.Len()), bytes, func() {
				MultiplyMasks(acc, x, side*side, set, 0)
			})
		}
	}
}
