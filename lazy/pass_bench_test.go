package lazy

import (
	"fmt"
	"os"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// BenchmarkPass measures one pass over a warm file of 256 MiB, beside the same
// kernel over as much anonymous memory on one core.
func BenchmarkPass(b *testing.B) {
	const size = 256 << 20
	dir := b.TempDir()
	for _, c := range []struct {
		name  string
		dt    mmapnpy.DType
		shape []int64
		over  Over
	}{
		{"f8/sum/all", mmapnpy.Float64, []int64{64, 64, 64, 128}, OverAll()},
		{"u2/sum/signal", mmapnpy.Uint16, []int64{64, 128, 128, 128}, OverSignal()},
		{"u2/sum/navigation", mmapnpy.Uint16, []int64{64, 128, 128, 128}, OverNavigation()},
		{"f4/mean/first", mmapnpy.Float32, []int64{64, 64, 128, 128}, OverAxes(0)},
	} {
		path := writeFile(b, dir, c.dt, c.shape, false, make([]byte, size))
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", c.name, workers), func(b *testing.B) {
				a, err := Open(path, NavigationAxes(0, 1), Workers(workers))
				if err != nil {
					b.Fatal(err)
				}
				defer a.Close()
				b.SetBytes(size)
				for b.Loop() {
					r := NewSum(c.over)
					if c.name == "f4/mean/first" {
						r = NewMean(c.over)
					}
					if _, err := Run(b.Context(), a, r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		if err := os.Remove(path); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("memory/f8/cores=1", func(b *testing.B) {
		x := make([]float64, size/8)
		var hi, lo [1]float64
		b.SetBytes(size)
		for b.Loop() {
			kernel.SumFloatRows(hi[:], lo[:], x, len(x))
		}
	})
}
