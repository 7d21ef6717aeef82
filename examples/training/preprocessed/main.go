// Preprocessed yields batches of one input that is made of several: normalised, flipped at random,
// and joined along their last axis, with one-hot targets.
//
//	go run ./examples/training/preprocessed 'train/*.npz'
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/lazynpy/lazynpy/dataset"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: preprocessed FILES")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "preprocessed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, files string) error {
	d, err := dataset.Open(ctx, dataset.Config{
		Files: []string{files},
		Inputs: []dataset.Column{
			{Key: "image", Scale: 1. / 255, Mean: []float64{0.5}, Std: []float64{0.25}},
			{Key: "depth", DType: "f4"},
		},
		Targets:   []dataset.Column{{Key: "label", Classes: 10}},
		Join:      true,
		Transform: flip,
		Order:     dataset.Shuffle(),
		Seed:      1,
		Batch:     4,
		Last:      dataset.Pad,
	})
	if err != nil {
		return err
	}
	defer d.Close()
	for b, err := range d.Batches(ctx) {
		if err != nil {
			return err
		}
		x, y := b.Inputs[0], b.Targets[0]
		fmt.Fprintf(out, "batch %d: x %v %s, y %v %s, %d real samples\n", b.Step, x.Shape, x.DType, y.Shape, y.DType, b.Real())
	}
	return nil
}

// flip turns half of the samples over. Which ones depends on seed, epoch and sample, and not on who
// reads them.
func flip(b *dataset.Batch) (*dataset.Batch, error) {
	x, err := dataset.Values[float32](b.Inputs[0])
	if err != nil {
		return nil, err
	}
	n := len(x) / b.Len()
	for i := range b.Real() {
		if b.Rand(i).Float64() < 0.5 {
			slices.Reverse(x[i*n : (i+1)*n])
		}
	}
	return b, nil
}
