// Sequence yields batches of several inputs and targets from .npz files, as a Keras Sequence over
// np.load does, but shuffled, and without loading a file to learn its length. After each batch it
// saves where it is, so that a run that was stopped goes on with the next batch.
//
//	go run ./examples/training/sequence 'train/*.npz' state.json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/lazynpy/lazynpy/dataset"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sequence FILES STATE.json")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Stdout, os.Args[1], os.Args[2], 0); err != nil {
		fmt.Fprintln(os.Stderr, "sequence:", err)
		os.Exit(1)
	}
}

// run trains until the end of the second epoch, or for some batches only if most is not 0.
func run(ctx context.Context, out io.Writer, files, statePath string, most int) error {
	state, err := load(statePath)
	if err != nil {
		return err
	}
	d, err := dataset.Open(ctx, dataset.Config{
		Files:   []string{files},
		Inputs:  dataset.Columns("x1", "x2"),
		Targets: dataset.Columns("y"),
		Order:   dataset.Shuffle(),
		Seed:    1,
		Batch:   4,
		Epochs:  2,
		Resume:  state,
	})
	if err != nil {
		return err
	}
	defer d.Close()
	for b, err := range d.Batches(ctx) {
		if err != nil {
			return err
		}
		y, err := dataset.Values[int64](b.Targets[0])
		if err != nil {
			return err
		}
		// Here b.Inputs and b.Targets go to the model.
		fmt.Fprintf(out, "epoch %d, batch %d: x1 %v, x2 %v, y %v\n", b.Epoch, b.Step, b.Inputs[0].Shape, b.Inputs[1].Shape, y)
		if err := save(statePath, d, b.Step+1); err != nil {
			return err
		}
		if most--; most == 0 {
			break
		}
	}
	return nil
}

// load reads a state, if there is one.
func load(path string) (*dataset.State, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return dataset.ParseState(text)
}

// save writes where the batch with a number comes next. A training program keeps it in its
// checkpoint.
func save(path string, d *dataset.Dataset, step int64) error {
	s, err := d.State(step)
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
