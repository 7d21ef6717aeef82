package kernel

import (
	"encoding/binary"
	"math"
	"reflect"
	"testing"
)

func TestSlice(t *testing.T) {
	b := make([]byte, 35)
	for i := range b {
		b[i] = byte(i*37 + 1)
	}
	for off := range 3 {
		p := b[off:]
		u := Slice[uint32](p)
		if len(u) != len(p)/4 {
			t.Fatalf("%d bytes: %d elements of 4", len(p), len(u))
		}
		for i, v := range u {
			if want := binary.NativeEndian.Uint32(p[4*i:]); v != want {
				t.Errorf("element %d: got %#x, want %#x", i, v, want)
			}
		}
		if got := Bytes(u); string(got) != string(p[:4*len(u)]) {
			t.Errorf("bytes of them: got % x", got)
		}
		i16, f, c := Slice[int16](p), Slice[float64](p), Slice[complex64](p)
		if i16[3] != int16(binary.NativeEndian.Uint16(p[6:])) ||
			math.Float64bits(f[1]) != binary.NativeEndian.Uint64(p[8:]) ||
			math.Float32bits(imag(c[1])) != binary.NativeEndian.Uint32(p[12:]) {
			t.Errorf("got %v, %v, %v", i16[3], f[1], c[1])
		}
		if Aligned[uint32](p) {
			u[0] = 0
			if p[0] != 0 || p[3] != 0 {
				t.Error("a write to the slice is not one to the bytes")
			}
		}
	}
	if s := Slice[uint64](b[:7]); s != nil {
		t.Errorf("7 bytes: got %v", s)
	}
	if s := Bytes([]uint64(nil)); s != nil {
		t.Errorf("no elements: got %v", s)
	}
}

// TestSliceStruct has what the layouts of memory and of encoding/binary differ in.
func TestSliceStruct(t *testing.T) {
	type inner struct {
		A int8
		B uint16
	}
	type record struct {
		Flag  bool
		Count int32
		In    [2]inner
		Z     complex128
		I     int
		F     float32
		S     int16
	}
	want := []record{
		{true, -5, [2]inner{{-1, 2}, {3, 65535}}, 1 - 2i, -7, 1.5, -300},
		{false, 6, [2]inner{{4, 5}, {6, 7}}, complex(math.Inf(1), 0), 8, -2, 301},
	}
	b := Bytes(want)
	if size := int(reflect.TypeFor[record]().Size()); len(b) != 2*size {
		t.Fatalf("%d bytes, want %d", len(b), 2*size)
	}
	if off := reflect.TypeFor[record]().Field(1).Offset; int32(binary.NativeEndian.Uint32(b[off:])) != -5 {
		t.Errorf("% x", b)
	}
	if got := Slice[record](b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestElem(t *testing.T) {
	for _, e := range allElems {
		parts := 1
		if e.IsComplex() {
			parts = 2
		}
		if e.Size() != parts*e.Part().Size() || e.Size() == 0 || e.String() == Invalid.String() {
			t.Errorf("%v: size %d, part %v", e, e.Size(), e.Part())
		}
	}
	for _, e := range []Elem{Invalid, ComplexQuad + 1, 255} {
		if e.Size() != 0 || e.String() != "invalid" || e.Part() != e {
			t.Errorf("%d: size %d, %v", e, e.Size(), e)
		}
	}
}
