package mmapnpy

import (
	"strings"
	"testing"
	"unsafe"
)

func descrOf[T any](t *testing.T) string {
	t.Helper()
	d, err := DTypeOf[T]()
	if err != nil {
		t.Fatal(err)
	}
	var zero T
	if d.ItemSize() != int64(unsafe.Sizeof(zero)) || !d.Native() {
		t.Errorf("%T: %d bytes, native %v", zero, d.ItemSize(), d.Native())
	}
	return strings.ReplaceAll(d.Descr(), "'"+string(rune(nativeOrder)), "'=")
}

func TestDTypeOf(t *testing.T) {
	type named float32
	type point struct {
		X, Y named `npy:""`
	}
	type pixel struct {
		Kind  uint8 `npy:"kind"`
		_     uint8
		Where point       `npy:"where"`
		Gain  [2][3]int16 `npy:"gain"`
		Z     complex64
		Time  uint64
	}
	for got, want := range map[string]string{
		descrOf[bool](t): "'|b1'", descrOf[int8](t): "'|i1'", descrOf[uint16](t): "'=u2'", descrOf[int32](t): "'=i4'", descrOf[uint64](t): "'=u8'",
		descrOf[named](t): "'=f4'", descrOf[float64](t): "'=f8'", descrOf[complex64](t): "'=c8'", descrOf[complex128](t): "'=c16'",
		descrOf[[5]byte](t): "('|u1', (5,))", descrOf[[2][3]int16](t): "('=i2', (2, 3))", descrOf[[0]int32](t): "('=i4', (0,))",
		descrOf[struct{}](t): "[]", descrOf[point](t): "[('X', '=f4'), ('Y', '=f4')]", descrOf[[2]point](t): "([('X', '=f4'), ('Y', '=f4')], (2,))",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	want := "[('kind', '|u1'), ('', '|V3'), ('where', [('X', '=f4'), ('Y', '=f4')]), ('gain', '=i2', (2, 3)), ('Z', '=c8'), "
	pad := unsafe.Offsetof(pixel{}.Time) - unsafe.Offsetof(pixel{}.Z) - 8
	if pad > 0 {
		want += "('', '|V4'), "
	}
	if got := descrOf[pixel](t); got != want+"('Time', '=u8')]" {
		t.Errorf("%s, want %s", got, want)
	}
	if d, err := DTypeOf[int](); err != nil || d.ItemSize() != int64(unsafe.Sizeof(int(0))) {
		t.Errorf("int: %v, %v", d, err)
	}
}

func TestDTypeOfErrors(t *testing.T) {
	for name, f := range map[string]func() (DType, error){
		"string":     DTypeOf[string],
		"slice":      DTypeOf[[]int8],
		"pointer":    DTypeOf[*int8],
		"any":        DTypeOf[any],
		"uintptr":    DTypeOf[uintptr],
		"unexported": DTypeOf[struct{ x int8 }],
		"inner":      DTypeOf[struct{ X [2]string }],
		"twice": DTypeOf[struct {
			X int8 `npy:"a"`
			Y int8 `npy:"a"`
		}],
	} {
		if d, err := f(); err == nil {
			t.Errorf("%s: %s", name, d.Descr())
		}
	}
}
