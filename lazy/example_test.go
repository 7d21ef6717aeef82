package lazy_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// scan writes a (2, 3, 4, 4) array of the numbers 0 to 95 and returns its path.
func scan() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	b := mmapnpy.Buffer{DType: mmapnpy.Uint8, Data: make([]byte, 96), Shape: []int64{2, 3, 4, 4}, Strides: []int64{48, 16, 4, 1}}
	for i := range b.Data {
		b.Data[i] = byte(i)
	}
	path = filepath.Join(dir, "scan.npy")
	if err := mmapnpy.Save(path, b); err != nil {
		panic(err)
	}
	return path, func() { _ = os.RemoveAll(dir) }
}

func Example() {
	path, remove := scan()
	defer remove()
	ctx := context.Background()

	a, err := lazy.Open(path, lazy.NavigationAxes(0, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	fmt.Println(a)

	bright, err := lazy.Sum(ctx, a, lazy.OverSignal())
	if err != nil {
		fmt.Println(err)
		return
	}
	image, err := lazy.View[uint64](bright)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(image.Shape(), image.At(1, 2))
	// Output:
	// (2, 3, 4, 4) uint8 C-order, 1 block of (2, 3, 4, 4), 96 B
	// [2 3] 1400
}

func ExampleRun() {
	path, remove := scan()
	defer remove()
	a, err := lazy.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()

	// Three reductions in one pass over the file.
	r, err := lazy.Run(context.Background(), a,
		lazy.NewMean(lazy.OverAll()), lazy.NewArgMax(lazy.OverAll()), lazy.NewMax(lazy.OverAxes(1, 2, 3)))
	if err != nil {
		fmt.Println(err)
		return
	}
	peaks, err := lazy.Copy[uint8](r[2])
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r[0], r[1], peaks)
	// Output: 47.5 95 [47 95]
}

func ExampleArray_Blocks() {
	path, remove := scan()
	defer remove()
	a, err := lazy.Open(path, lazy.Chunks("(1, 2, -1, -1)"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()

	for b, err := range a.Blocks(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		v, err := lazy.View[uint8](b)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Index, b.Region, v.At(0, 0, 0, 0))
	}
	// Output:
	// 0 [0:1, 0:2, 0:4, 0:4] 0
	// 1 [0:1, 2:3, 0:4, 0:4] 32
	// 2 [1:2, 0:2, 0:4, 0:4] 48
	// 3 [1:2, 2:3, 0:4, 0:4] 80
}

func ExampleArray_Slice() {
	path, remove := scan()
	defer remove()
	a, err := lazy.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()

	part, err := a.Slice("-1, ::2, ..., 0")
	if err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := part.Load(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := lazy.Copy[uint8](loaded)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(part.Shape(), x)
	// Output: [2 4] [48 52 56 60 80 84 88 92]
}
