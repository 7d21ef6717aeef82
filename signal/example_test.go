package signal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/signal"
)

// scan saves a small scan of 4 by 5 positions with frames of 2 by 3, and returns its path.
func scan(dir string) string {
	values := make([]uint16, 4*5*2*3)
	for i := range values {
		values[i] = uint16(i)
	}
	a, err := lazy.FromSlice(values, 4, 5, 2, 3)
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "scan.npy")
	if err := a.Save(context.Background(), path); err != nil {
		panic(err)
	}
	return path
}

// Calibrate data that are there: the array stays as it is, and gets a sidecar.
func ExampleWriteSidecar() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := scan(dir)

	s, err := signal.Read(path, signal.With(lazy.NavigationAxes(0, 1)))
	if err != nil {
		panic(err)
	}
	defer s.Close()
	s.Axes[0].Name, s.Axes[0].Units, s.Axes[0].Scale = "y", "nm", 0.5
	s.Axes[1].Name, s.Axes[1].Units, s.Axes[1].Scale = "x", "nm", 0.5
	if err := signal.WriteSidecar(path, s); err != nil {
		panic(err)
	}

	again, err := signal.Read(path) // which knows its navigation axes now
	if err != nil {
		panic(err)
	}
	defer again.Close()
	fmt.Println(again, again.Axes[0].Name, again.Axes[0].Value(3), again.Axes[0].Units)
	// Output: (5, 4|3, 2) uint16 y 1.5 nm
}

// Slice by calibrated values, in HyperSpy's order, and reduce what is left to a calibrated image.
func ExampleSignal_Inav() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	s, err := signal.Read(scan(dir), signal.With(lazy.NavigationAxes(0, 1)))
	if err != nil {
		panic(err)
	}
	defer s.Close()
	s.Axes[1].Name, s.Axes[1].Scale = "x", 0.5
	part, err := s.Inav("1.0:2.0, :2") // x from 1 to 2, the first two rows
	if err != nil {
		panic(err)
	}
	sums, err := part.Reduce(ctx, lazy.NewSum(lazy.OverSignal()))
	if err != nil {
		panic(err)
	}
	image := filepath.Join(dir, "image.npy")
	if err := signal.Write(ctx, image, sums[0]); err != nil { // and image.npy.signal.json
		panic(err)
	}
	fmt.Println(sums[0], sums[0].Axes[1].Offset)
	// Output: (2, 2|) uint64 1
}
