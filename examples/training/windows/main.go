// Windows yields batches of windows of ten time steps with the step that follows as target, from
// files that are one sequence: windows go across their ends.
//
//	go run ./examples/training/windows 'day*.npz'
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/lazynpy/lazynpy/dataset"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: windows FILES")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "windows:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, files string) error {
	d, err := dataset.Open(ctx, dataset.Config{
		Files:   []string{files},
		Inputs:  dataset.Columns("signal"),
		Targets: dataset.Columns("signal"),
		Window:  dataset.Window{Length: 10, Stride: 5, Across: true, Ahead: 1},
		Batch:   8,
		Last:    dataset.Drop,
	})
	if err != nil {
		return err
	}
	defer d.Close()
	for b, err := range d.Batches(ctx) {
		if err != nil {
			return err
		}
		y, err := dataset.Values[float64](b.Targets[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "batch %d: x %v, y %v\n", b.Step, b.Inputs[0].Shape, y)
	}
	return nil
}
