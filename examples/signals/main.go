// Signals calibrates a scan that a detector left as a bare .npy file, makes a virtual bright-field
// image of a part of it that is named in nanometres, and saves the image with its own calibration.
//
//	go run ./examples/signals SCAN.npy IMAGE.npy
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/signal"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: signals SCAN.npy IMAGE.npy")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "signals:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, scan, image string) error {
	s, err := signal.Read(scan, signal.With(lazy.NavigationAxes(0, 1)))
	if err != nil {
		return err
	}
	defer s.Close()
	if len(s.Axes) != 4 {
		return fmt.Errorf("%s has %d axes; a scan has four: y, x, ky and kx", scan, len(s.Axes))
	}
	for d, name := range []string{"y", "x", "ky", "kx"} {
		s.Axes[d].Name = name
	}
	s.Axes[0].Units, s.Axes[0].Scale = "nm", 0.5 // from one scan position to the next
	s.Axes[1].Units, s.Axes[1].Scale = "nm", 0.5
	if err := signal.WriteSidecar(scan, s); err != nil { // the elements stay as they are
		return err
	}

	part, err := s.Inav("1.0:3.0, :2.0") // x from 1 to 3 nm, y to 2 nm
	if err != nil {
		return err
	}
	bright, err := part.Reduce(ctx, lazy.NewSum(lazy.OverSignal()))
	if err != nil {
		return err
	}
	if err := signal.Write(ctx, image, bright[0]); err != nil {
		return err
	}

	read, err := signal.Read(image) // the image knows where it is
	if err != nil {
		return err
	}
	defer read.Close()
	fmt.Fprintln(w, read)
	for d, ax := range read.Axes {
		size := read.Data.Shape()[d]
		fmt.Fprintf(w, "%s: %d positions from %v to %v %s\n", ax.Name, size, ax.Value(0), ax.Value(size-1), ax.Units)
	}
	return nil
}
