//go:build interop

package interop

import (
	"fmt"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/dataset"
)

// batchedArray is an array of a batch, as NumPy has it.
type batchedArray struct {
	Descr string  `json:"descr"`
	Shape []int64 `json:"shape"`
	CRC   uint32  `json:"crc"`
}

// TestBatches compares batches with those of Keras generators that do the same, batch by batch and
// bit by bit: of files of both byte and storage orders, stored and deflated, of unequal lengths.
func TestBatches(t *testing.T) {
	dir := t.TempDir()
	type batchCase struct {
		Name    string           `json:"name"`
		Batches [][]batchedArray `json:"batches"`
	}
	parts, wholes := filepath.Join(dir, "part*.npz"), filepath.Join(dir, "whole*.npz")
	window := func(w dataset.Window) dataset.Config {
		return dataset.Config{Inputs: dataset.Columns("x1"), Targets: dataset.Columns("y"), Window: w}
	}
	configs := map[string]dataset.Config{
		"plain":  {Inputs: dataset.Columns("x1", "x2"), Targets: dataset.Columns("y")},
		"joined": {Inputs: dataset.Columns("x1", "x2"), Targets: dataset.Columns("y"), Join: true},
		"computed": {Inputs: []dataset.Column{
			{Key: "x1", Scale: 1. / 65535, Mean: []float64{0.1, 0.2, 0.3, 0.4}, Std: []float64{0.7}},
			{Key: "x2", Channels: []int64{1, 0, 1}, DType: "f8"},
		}},
		"windows": window(dataset.Window{Length: 3}),
		"steps":   window(dataset.Window{Length: 3, Stride: 2, Targets: dataset.TargetSteps}),
		"next":    window(dataset.Window{Length: 2, Ahead: 1}),
		"across":  window(dataset.Window{Length: 6, Stride: 4, Across: true}),
		"files": {
			Files: []string{wholes}, Inputs: dataset.Columns("x"), Targets: dataset.Columns("y"), FilePerSample: true,
		},
		"one-hot": {Inputs: []dataset.Column{{Key: "y", Classes: 6}}},
	}
	for _, want := range readLines[batchCase](t, python(t, "batches.py", dir)) {
		c, ok := configs[want.Name]
		if !ok {
			t.Fatalf("unknown case %q", want.Name)
		}
		delete(configs, want.Name)
		if c.Files == nil {
			c.Files = []string{parts}
		}
		c.Batch, c.Workers = 4, 2
		d, err := dataset.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for b, err := range d.Batches(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", want.Name, err)
			}
			var got []batchedArray
			for _, a := range slices.Concat(b.Inputs, b.Targets) {
				got = append(got, batchedArray{strings.Trim(a.DType.Descr(), "'"), a.Shape, crc32.ChecksumIEEE(a.Data)})
			}
			if n++; n > len(want.Batches) || fmt.Sprint(got) != fmt.Sprint(want.Batches[n-1]) {
				t.Fatalf("%s: batch %d is %v, want %v", want.Name, n-1, got, want.Batches[min(n, len(want.Batches))-1])
			}
		}
		if n != len(want.Batches) {
			t.Errorf("%s: %d batches, want %d", want.Name, n, len(want.Batches))
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(configs) > 0 {
		t.Errorf("%d cases were not compared", len(configs))
	}
}
