// Manyfiles treats a scan of 10,000 files, one for each scan position, as one array: it makes a
// virtual image of all of them, one pixel per file, and saves the brightest frame.
//
//	go run ./examples/manyfiles 'scan/*.npy' 100x100 image.npy brightest.npy
//
// Opening reads headers only, and few files are open at a time.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/lazynpy/lazynpy/lazy"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: manyfiles PATTERN ROWSxCOLUMNS IMAGE.npy BRIGHTEST.npy")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "manyfiles:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, pattern, scan, image, brightest string) error {
	var rows, columns int64
	if _, err := fmt.Sscanf(scan, "%dx%d", &rows, &columns); err != nil {
		return fmt.Errorf("scan %q is not of the form 100x100: %w", scan, err)
	}
	frames, err := lazy.OpenStack(pattern)
	if err != nil {
		return err
	}
	defer frames.Close()
	fmt.Println(frames)

	// The files were numbered row by row; for any other order there is AtPositions.
	shape := append([]int64{rows, columns}, frames.Shape()[1:]...)
	a, err := frames.Reshape(shape...)
	if err != nil {
		return err
	}
	sum, err := lazy.Sum(ctx, a, lazy.OverSignal())
	if err != nil {
		return err
	}
	if err := sum.Save(image); err != nil {
		return err
	}

	pixels, err := lazy.FromResult(sum)
	if err != nil {
		return err
	}
	peak, err := lazy.ArgMax(ctx, pixels, lazy.OverAll())
	if err != nil {
		return err
	}
	at, err := lazy.Copy[int64](peak)
	if err != nil {
		return err
	}
	frame, err := frames.Index(lazy.At(at[0])) // reads that one file
	if err != nil {
		return err
	}
	return frame.Save(ctx, brightest)
}
