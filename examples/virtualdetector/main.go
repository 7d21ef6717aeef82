// Virtualdetector computes the usual images of a 4D-STEM scan in one pass: bright field, annular
// dark field, the two components of the center of mass, and the radial profile of every frame.
//
//	go run ./examples/virtualdetector scan.npy 64 64 20 outdir
//
// The numbers are the centre of the diffraction patterns (y and x) and the radius of their
// bright disk, in pixels.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/lazynpy/lazynpy/lazy"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "virtualdetector:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 5 {
		return errors.New("usage: virtualdetector SCAN.npy CY CX RADIUS OUTDIR")
	}
	var number [3]float64 // cy, cx, r
	for i := range number {
		var err error
		if number[i], err = strconv.ParseFloat(args[1+i], 64); err != nil {
			return err
		}
	}
	return detect(ctx, args[0], number[0], number[1], number[2], args[4])
}

func detect(ctx context.Context, scan string, cy, cx, r float64, dir string) error {
	a, err := lazy.Open(scan, lazy.SignalAxes(-2, -1)) // frames are the last two axes
	if err != nil {
		return err
	}
	defer a.Close()
	fmt.Println(a)

	results, err := lazy.Run(ctx, a,
		lazy.NewMasks(lazy.Disk(cy, cx, r), lazy.Ring(cy, cx, r, 3*r)),
		lazy.NewCenterOfMass(lazy.CenterOfMass{Center: []float64{cy, cx}, Radius: 2 * r, Regression: lazy.SubtractMean}),
		lazy.NewRadialProfile(cy, cx, 0))
	if err != nil {
		return err
	}
	for i, name := range []string{"detectors.npy", "com.npy", "profile.npy"} {
		fmt.Println(name, results[i])
		if err := results[i].Save(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
