package main

import (
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// TestCountsAreExactInFloat32 checks what the comparison with contenders that compute in float32
// rests on.
func TestCountsAreExactInFloat32(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counts.npy")
	if err := writeCounts(path, []int64{3, 5, 7, 9}); err != nil {
		t.Fatal(err)
	}
	a, err := lazy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Len() != 3*5*7*9 {
		t.Errorf("%d elements", a.Len())
	}
	results, err := lazy.Run(t.Context(), a, lazy.NewMin(lazy.OverAll()), lazy.NewMax(lazy.OverAll()), lazy.NewMean(lazy.OverAll()))
	if err != nil {
		t.Fatal(err)
	}
	if lo, hi := results[0].Float64(), results[1].Float64(); lo < 0 || hi > 8 || lo == hi {
		t.Errorf("counts from %v to %v", lo, hi)
	}
	if mean := results[2].Float64(); mean < 3.5 || mean > 4.5 {
		t.Errorf("mean %v", mean)
	}
	// The largest sums of the suite, were all counts the largest.
	if patternSide*patternSide*8 >= 1<<24 || imageBytes/patternBytes*8 >= 1<<24 || patternSide*patternSide*8*64 > 1<<24 {
		t.Error("sums are not exact in float32")
	}
}

// TestMasks checks that the rings are what we are told instead: disjoint, one after the other, a
// disk first.
func TestMasks(t *testing.T) {
	b := &Bench{dir: t.TempDir()}
	for _, kind := range []string{"disks and rings", "float weights"} {
		f, err := b.masks(kind, maskCount)
		if err != nil {
			t.Fatal(err)
		}
		a, err := lazy.Open(f.path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		results, err := lazy.Run(t.Context(), a, lazy.NewMax(lazy.OverAll()), lazy.NewSum(lazy.OverAxes(0)))
		if err != nil {
			t.Fatal(err)
		}
		if largest := results[0].Float64(); largest > 1 {
			t.Errorf("%s: weights up to %v", kind, largest)
		}
		if kind == "float weights" {
			continue
		}
		together, err := lazy.View[float64](results[1])
		if err != nil {
			t.Fatal(err)
		}
		for y := range int64(patternSide) {
			for x := range int64(patternSide) {
				inside := (y-64)*(y-64)+(x-64)*(x-64) <= 64*64
				if v := together.At(y, x); (v != 1) == inside {
					t.Fatalf("pixel %d, %d is in %v masks", y, x, v)
				}
			}
		}
	}
}
