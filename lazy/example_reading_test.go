package lazy_test

import (
	"context"
	"fmt"

	"github.com/lazynpy/lazynpy/lazy"
)

// The way of reading is chosen for the file, and can be named. It does not change results.
func ExampleBackend() {
	path, remove := scan()
	defer remove()

	a, err := lazy.Open(path, lazy.Backend("pread"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	backend, reason := a.Backend()
	sum, err := lazy.Sum(context.Background(), a, lazy.OverAll())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s (%s): %v\n", backend, reason, sum.Float64())
	// Output: pread (asked for): 4560
}

// Pieces here and there profit from the page cache, also where the file is larger than memory.
func ExampleRandomAccess() {
	path, remove := scan()
	defer remove()

	a, err := lazy.Open(path, lazy.RandomAccess())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	frame, err := a.Slice("1, 2")
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := lazy.Sum(context.Background(), frame, lazy.OverAll())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(frame.Shape(), sum.Float64())
	// Output: [4 4] 1400
}
