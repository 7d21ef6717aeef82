package lazy_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// countingScan writes a scan of 4 × 5 positions with frames of 8 × 8 pixels.
func countingScan() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "lazynpy")
	if err != nil {
		slog.Error(err.Error())
	}
	counts := make([]uint16, 4*5*8*8)
	for i := range counts {
		counts[i] = uint16(i % 61)
	}
	path = filepath.Join(dir, "scan.npy")
	b, err := mmapnpy.BufferOf(counts, 4, 5, 8, 8)
	if err == nil {
		err = mmapnpy.Save(path, b)
	}
	if err != nil {
		slog.Error(err.Error())
	}
	return path, func() { _ = os.RemoveAll(dir) }
}

// Detector counts become calibrated ones when they are read; nothing is written.
func ExampleArray_Correct() {
	path, remove := countingScan()
	defer remove()
	scan, err := lazy.Open(path, lazy.NavigationAxes(0, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer scan.Close()

	dark := make([]float32, 8*8) // measured with the beam off
	for i := range dark {
		dark[i] = 2
	}
	frame, err := lazy.FromSlice(dark, 8, 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	corrected, err := scan.Correct(lazy.Correction{Dark: frame, Gain: 0.5, DeadPixels: [][]int64{{3, 4}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(corrected)
	image, err := lazy.Sum(context.Background(), corrected, lazy.OverSignal())
	fmt.Println(image, err)
	// Output:
	// (4, 5, 8, 8) float32 lazy, 1 block of (4, 5, 8, 8), 5 KiB
	// (4, 5) float32 <nil>
}

// Counts above a threshold, and how many there are in every frame.
func ExampleWhere() {
	path, remove := countingScan()
	defer remove()
	scan, err := lazy.Open(path, lazy.NavigationAxes(0, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer scan.Close()
	bright, err := lazy.Greater(scan, 50)
	if err != nil {
		fmt.Println(err)
		return
	}
	events, err := lazy.Where(bright, scan, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	total, err := lazy.Sum(ctx, events, lazy.OverAll())
	if err != nil {
		fmt.Println(err)
		return
	}
	count, err := lazy.Sum(ctx, bright, lazy.OverAll())
	fmt.Println(events.DType(), total, count, err)
	// Output: uint16 11595 209 <nil>
}

// A function of your own, applied to every element when it is read.
func ExampleMap() {
	a, err := lazy.FromSlice([]int16{1, 2, 3, 4}, 2, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	halves, err := lazy.Map(a, func(dst []float64, src []int16) {
		for i, v := range src {
			dst[i] = float64(v) / 2
		}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sums, err := lazy.Sum(context.Background(), halves, lazy.OverAxes(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := lazy.Copy[float64](sums)
	fmt.Println(v, err)
	// Output: [2 3] <nil>
}

// A median of three along an axis: neighbours are read directly, whatever the blocks are.
func ExampleMapOverlap() {
	a, err := lazy.FromSlice([]float32{1, 9, 2, 3, 8, 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	median := func(dst, src mmapnpy.NDArray[float32]) error {
		for i := int64(1); i < src.Len()-1; i++ {
			x, y, z := src.At(i-1), src.At(i), src.At(i+1)
			dst.Set(max(min(x, y), min(max(x, y), z)), i)
		}
		return nil
	}
	smooth, err := lazy.MapOverlap(a, []int64{1}, lazy.Nearest(), median)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := smooth.Load(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := lazy.Copy[float32](r)
	fmt.Println(v, err)
	// Output: [1 2 3 3 4 4] <nil>
}

// The position of the brightest pixel of every frame.
func ExampleMapSignal() {
	path, remove := countingScan()
	defer remove()
	scan, err := lazy.Open(path, lazy.NavigationAxes(0, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer scan.Close()
	peaks, err := lazy.MapSignal(scan, []int64{2}, func(dst []int32, frame []uint16) error {
		best := 0
		for i, v := range frame {
			if v > frame[best] {
				best = i
			}
		}
		dst[0], dst[1] = int32(best/8), int32(best%8)
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	first, err := peaks.Slice("0, :3")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := first.Load(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := lazy.Copy[int32](r)
	fmt.Println(peaks.Shape(), v, err)
	// Output: [4 5 2] [7 4 7 1 6 6] <nil>
}

// Two by two scan positions and four by four pixels become one.
func ExampleArray_BinSum() {
	path, remove := countingScan()
	defer remove()
	scan, err := lazy.Open(path, lazy.NavigationAxes(0, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer scan.Close()
	cropped, err := scan.Slice(":, :4")
	if err != nil {
		fmt.Println(err)
		return
	}
	binned, err := cropped.BinSum(2, 2, 4, 4)
	fmt.Println(binned, err)
	// Output: (2, 2, 2, 2) uint64 lazy, 1 block of (2, 2, 2, 2), 128 B <nil>
}
