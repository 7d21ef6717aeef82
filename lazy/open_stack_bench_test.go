package lazy

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// BenchmarkStack opens a scan of many files, and sums it, beside the same elements in one file.
func BenchmarkStack(b *testing.B) {
	const files, side = 1000, 128
	dir := b.TempDir()
	for i := range files {
		saveFrame(b, filepath.Join(dir, fmt.Sprintf("%d.npy", i)), 0, little(), false, side, side)
	}
	stack := mustStack(b, dir)
	one := filepath.Join(b.TempDir(), "one.npy")
	if err := stack.Save(b.Context(), one); err != nil {
		b.Fatal(err)
	}
	order := make([]int64, files)
	for i := range order {
		order[i] = int64(i * 7 % files)
	}
	taken, err := stack.Take(order, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			a, err := OpenStack(dir)
			if err != nil {
				b.Fatal(err)
			}
			if err := a.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	sum := func(a *Array) func(b *testing.B) {
		return func(b *testing.B) {
			b.SetBytes(a.NBytes())
			for b.Loop() {
				if _, err := Sum(b.Context(), a, OverAll()); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("sum/one", sum(mustOpen(b, one)))
	b.Run("sum/stack", sum(stack))
	b.Run("sum/stack/taken", sum(taken))
	leaves := make([]*Array, files)
	for i := range leaves {
		if leaves[i], err = FromSlice(make([]int16, side*side), side, side); err != nil {
			b.Fatal(err)
		}
	}
	memory, err := Stack(0, leaves...)
	if err != nil {
		b.Fatal(err)
	}
	flat, err := FromBuffer(mmapnpy.Buffer{Data: make([]byte, 2*files*side*side), DType: mmapnpy.Int16,
		Shape: []int64{files, side, side}, Strides: []int64{2 * side * side, 2 * side, 2}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sum/memory", sum(flat))
	b.Run("sum/memory/stack", sum(memory))
}
