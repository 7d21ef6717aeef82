// Brightfield makes a virtual bright-field image of a 4D scan: the sum of every
// diffraction pattern, one pixel per scan position.
//
//	go run ./examples/brightfield scan.npy image.npy
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/lazynpy/lazynpy/lazy"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: brightfield SCAN.npy IMAGE.npy")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "brightfield:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, scan, image string) error {
	a, err := lazy.Open(scan, lazy.NavigationAxes(0, 1))
	if err != nil {
		return err
	}
	defer a.Close()
	fmt.Println(a)

	sum, err := lazy.Sum(ctx, a, lazy.OverSignal())
	if err != nil {
		return err
	}
	return sum.Save(image)
}
