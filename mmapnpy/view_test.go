package mmapnpy

import (
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

func TestViewReadsInPlace(t *testing.T) {
	want := []float32{0, 1, 2, 3, 4, 5}
	for _, backend := range []string{"mmap", "pread", "copy"} {
		f := openTemp(t, saveTemp(t, cBuffer(Float32, kernel.Bytes(want), 2, 3)), WithBackend(backend))
		v, err := View[float32](f)
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := v.Slice(); !ok || v.Order() != 'C' || !slices.Equal(x, want) {
			t.Errorf("%s: Slice() = %v, %v", backend, x, ok)
		}
		if got := v.At(1, 2); got != 5 {
			t.Errorf("%s: At(1, 2) = %v", backend, got)
		}
		if got := slices.Collect(v.All()); !slices.Equal(got, want) {
			t.Errorf("%s: All() = %v", backend, got)
		}
	}
}

func TestViewOfFortranOrder(t *testing.T) {
	raw := kernel.Bytes([]int16{1, 4, 2, 5, 3, 6}) // [[1 2 3] [4 5 6]]
	b := Buffer{Data: raw, DType: Int16, Shape: []int64{2, 3}, Strides: []int64{2, 4}}
	f := openTemp(t, saveTemp(t, b))
	if !f.Header().FortranOrder {
		t.Fatal("an array in Fortran order was not saved as such")
	}
	v, err := View[int16](f)
	if err != nil {
		t.Fatal(err)
	}
	if x, ok := v.Slice(); !ok || v.Order() != 'F' && kernel.Shares() || x[1] != 4 && kernel.Shares() {
		t.Errorf("Slice() = %v, %v in order %c", x, ok, v.Order())
	}
	if got := slices.Collect(v.All()); !slices.Equal(got, []int16{1, 2, 3, 4, 5, 6}) {
		t.Errorf("All() = %v", got)
	}
	if v.At(1, 0) != 4 || v.At(0, 2) != 3 {
		t.Errorf("At(1, 0) = %d, At(0, 2) = %d", v.At(1, 0), v.At(0, 2))
	}
}

func TestStridedView(t *testing.T) {
	b := cBuffer(Uint16, kernel.Bytes([]uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), 3, 4)
	part := Buffer{Data: b.Data, Offset: 22, DType: Uint16, Shape: []int64{3, 2}, Strides: []int64{-8, -4}} // [::-1, ::-2]
	v, err := ViewOf[uint16](part)
	if err != nil {
		t.Fatal(err)
	}
	want := []uint16{11, 9, 7, 5, 3, 1}
	if got := slices.Collect(v.All()); !slices.Equal(got, want) {
		t.Errorf("All() = %v", got)
	}
	if got, err := CopyOf[uint16](part); err != nil || !slices.Equal(got, want) {
		t.Errorf("CopyOf = %v, %v", got, err)
	}
	if v.At(2, 1) != 1 {
		t.Errorf("At(2, 1) = %d", v.At(2, 1))
	}
}

