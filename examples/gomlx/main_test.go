package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/lazynpy/lazynpy/dataset"
	"github.com/lazynpy/lazynpy/lazy"
)

var _ train.Dataset = Batches{}

// writeImages writes deflated archives of noisy images of ten classes.
func writeImages(t *testing.T, files, samples int) string {
	t.Helper()
	const pixels = 8 * 8
	r := rand.New(rand.NewPCG(1, 2))
	ideal := make([][pixels]uint8, classes)
	for i := range ideal {
		for j := range ideal[i] {
			ideal[i][j] = uint8(r.IntN(2) * 160)
		}
	}
	dir := t.TempDir()
	for f := range files {
		x, y := make([]uint8, 0, samples*pixels), make([]int64, samples)
		for i := range samples {
			y[i] = r.Int64N(classes)
			for _, v := range ideal[y[i]] {
				x = append(x, v+uint8(r.IntN(96)))
			}
		}
		images, err := lazy.FromSlice(x, int64(samples), 8, 8)
		if err != nil {
			t.Fatal(err)
		}
		labels, err := lazy.FromSlice(y)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("part%d.npz", f))
		entries := lazy.Entries(map[string]*lazy.Array{"x": images, "y": labels})
		if err := lazy.SaveArchive(t.Context(), path, entries, lazy.Compressed(6)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "*.npz")
}

func TestTrains(t *testing.T) {
	accuracy, err := run(t.Context(), io.Discard, []string{writeImages(t, 3, 400)}, 200)
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.95 {
		t.Errorf("accuracy %.3f", accuracy)
	}
}

// TestTensors compares the tensors with the batches that they are copies of.
func TestTensors(t *testing.T) {
	backend, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	d, err := open(t.Context(), backend, "images", dataset.Config{Files: []string{writeImages(t, 2, 50)}, Order: dataset.Shuffle(), Batch: 16, Epochs: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	step := int64(0)
	for got, err := range d.Iter() {
		if err != nil {
			t.Fatal(err)
		}
		want, err := d.At(t.Context(), step)
		if err != nil {
			t.Fatal(err)
		}
		for i, tensor := range append(got.Inputs, got.Labels...) {
			array := append(want.Inputs, want.Targets...)[i]
			if s := fmt.Sprint(tensor.Shape().Dimensions); s != fmt.Sprint(array.Shape) {
				t.Errorf("step %d, array %d: shape %s for %v", step, i, s, array.Shape)
			}
			err := tensor.ConstBytes(func(data []byte) {
				if string(data) != string(array.Data) {
					t.Errorf("step %d, array %d: other elements", step, i)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := got.Finalize(); err != nil {
			t.Fatal(err)
		}
		step++
	}
	if step != 2*d.Steps() {
		t.Errorf("%d steps", step)
	}
}
