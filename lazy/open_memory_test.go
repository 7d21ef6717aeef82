package lazy

import (
	"errors"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// mustSlice shows a slice as an array.
func mustSlice[T any](t testing.TB, s []T, shape ...int64) *Array {
	t.Helper()
	a, err := FromSlice(s, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// values reads all elements of an array in C order.
func valuesOf[T any](t testing.TB, a *Array) []T {
	t.Helper()
	r, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Copy[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestArraysInMemory(t *testing.T) {
	a := mustSlice(t, []int16{1, 2, 3, 4, 5, 6}, 2, 3)
	if got := a.String(); got != "(2, 3) int16 C-order, 1 block of (2, 3), 12 B" {
		t.Errorf("String: %s", got)
	}
	b, err := a.Slice("::-1, ::2")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf[int16](t, b), []int16{4, 6, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
	sum, err := Sum(t.Context(), b, OverAxes(0))
	if err != nil {
		t.Fatal(err)
	}
	again, err := FromResult(sum)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf[int64](t, again), []int64{5, 9}; !slices.Equal(got, want) {
		t.Errorf("sums %v instead of %v", got, want)
	}
	if name, reason := a.Backend(); name != "memory" || reason == "" {
		t.Errorf("back end %q, %q", name, reason)
	}
	if a.Name() != "array in memory" || a.Path() != "" || a.Key() != "" || a.Close() != nil {
		t.Errorf("name %q, path %q, key %q", a.Name(), a.Path(), a.Key())
	}
	if h := a.Header(); !h.DType.Equal(mmapnpy.Int16) || !slices.Equal(h.Shape, []int64{2, 3}) {
		t.Errorf("header %v", h)
	}
}

func TestArraysInMemoryAreChecked(t *testing.T) {
	if _, err := FromSlice([]int16{1, 2, 3}, 2, 2); err == nil {
		t.Error("a shape that does not fit was taken")
	}
	if _, err := FromSlice([]string{"a"}); err == nil {
		t.Error("a slice of strings was taken")
	}
	b := mmapnpy.Buffer{Data: make([]byte, 8), DType: mmapnpy.Int16, Shape: []int64{5}, Strides: []int64{2}}
	if _, err := FromBuffer(b); err == nil {
		t.Error("elements beyond the buffer were taken")
	}
	object, err := mmapnpy.ParseDType("O")
	if err != nil {
		t.Fatal(err)
	}
	b = mmapnpy.Buffer{Data: make([]byte, 8), DType: object, Shape: []int64{1}, Strides: []int64{8}}
	if _, err := FromBuffer(b); !errors.Is(err, mmapnpy.ErrObject) {
		t.Errorf("objects: %v", err)
	}
}
