// Archive writes two arrays into a compressed .npz archive that NumPy reads, and then looks into
// the middle of one of them without inflating what lies before.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: archive NEW.npz")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, path string) error {
	if err := write(ctx, path); err != nil {
		return err
	}
	z, err := lazy.OpenArchive(path)
	if err != nil {
		return err
	}
	defer z.Close()
	for a, err := range z.All() {
		if err != nil {
			return err
		}
		_, how := a.Backend()
		fmt.Fprintf(w, "%s: %v (%s)\n", a.Key(), a, how)
	}

	images, err := z.Array("images", lazy.NavigationAxes(0))
	if err != nil {
		return err
	}
	one, err := images.Slice("5000") // one image: inflates 256 KiB of 36 MB
	if err != nil {
		return err
	}
	sum, err := lazy.Sum(ctx, one, lazy.OverAll())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "sum of image 5000: %v\n", sum)
	return nil
}

// write makes an archive of 12,000 images of 50 x 60 pixels and their labels.
func write(ctx context.Context, path string) error {
	const n, height, width = 12_000, 50, 60
	pixels := make([]uint8, n*height*width)
	labels := make([]int64, n)
	for i := range pixels {
		pixels[i] = uint8(i / 3000 % 7 * (i % 5))
	}
	for i := range labels {
		labels[i] = int64(i % 7)
	}
	images, err := mmapnpy.BufferOf(pixels, n, height, width)
	if err != nil {
		return err
	}
	classes, err := mmapnpy.BufferOf(labels)
	if err != nil {
		return err
	}
	return lazy.SaveArchive(ctx, path, []lazy.Entry{
		{Key: "images", Array: lazy.Values(images)},
		{Key: "labels", Array: lazy.Values(classes)},
	}, lazy.Compressed(0))
}
