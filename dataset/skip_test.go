package dataset

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// TestSkipLabels: a label that is no class masks its sample and no other, wherever in a batch it
// lies, also when the scratch memory still has it from a batch before.
func TestSkipLabels(t *testing.T) {
	labels := []int64{0, 9, 1, 2, 0, 1, 9, 9, 2, 1, 0, 2}
	y, err := lazy.FromSlice(labels)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "y.npy")
	if err := y.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	for _, window := range []Window{{}, {Length: 3, Edge: EdgeStart}, {Length: 3, Edge: EdgeEnd}} {
		for batch := 1; batch <= len(labels); batch++ {
			d := opened(t, Config{Files: []string{path}, Inputs: []Column{{Classes: 3}}, Batch: batch, Last: Pad, OnError: SkipErrors, Window: window, Workers: 1})
			for b, err := range d.Batches(t.Context()) {
				if err != nil {
					t.Fatalf("%+v: batches of %d: %v", window, batch, err)
				}
				x, err := Values[float32](b.Inputs[0])
				if err != nil {
					t.Fatal(err)
				}
				n := int(max(window.Length, 1))
				for i, s := range b.Samples {
					want, good := make([]float32, 3*n), s >= 0
					first := int(s)
					if window.Edge == EdgeStart && window.on() {
						first -= n - 1
					}
					for k := range n {
						if at := first + k; s >= 0 && 0 <= at && at < len(labels) {
							if labels[at] > 2 {
								good = false
							} else {
								want[3*k+int(labels[at])] = 1
							}
						}
					}
					if !good {
						clear(want)
					}
					// Nothing is masked in a batch without a mask.
					if real := len(b.Mask) == 0 || b.Mask[i]; real != good {
						t.Errorf("%+v: batches of %d: sample %d is real: %v", window, batch, s, real)
					}
					if got := x[3*n*i : 3*n*(i+1)]; !slices.Equal(got, want) && (good || s < 0) {
						t.Errorf("%+v: batches of %d: sample %d: %v, want %v", window, batch, s, got, want)
					}
				}
			}
		}
	}
}

// TestRefusals has lines that say what to do about data sets that cannot be.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	two, err := lazy.FromSlice([]int64{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	archive, plain := filepath.Join(dir, "xy.npz"), filepath.Join(dir, "y.npy")
	if err := lazy.SaveArchive(t.Context(), archive, []lazy.Entry{{Key: "x", Array: two}, {Key: "y", Array: two}}); err != nil {
		t.Fatal(err)
	}
	if err := two.Save(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Config{Files: []string{archive}, Inputs: Columns(""), Batch: 1})
	if !errors.Is(err, lazy.ErrNoKey) || !strings.HasSuffix(err.Error(), `it has several arrays, ["x" "y"]; inputs and targets are named by their keys`) {
		t.Errorf("no key: %v", err)
	}
	_, err = opened(t, Config{Files: []string{plain}, Inputs: Columns(""), Batch: 1}).At(t.Context(), -1)
	if err == nil || err.Error() != "there is no batch -1: they are counted from 0" {
		t.Errorf("batch -1: %v", err)
	}
}
