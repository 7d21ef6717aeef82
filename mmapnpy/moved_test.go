package mmapnpy

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// packedStar is one record of [('name', 'S8'), ('mag', '<f4'), ('pos', '<f8', (2,))], which NumPy
// packs into 28 bytes.
func packedStar(name string, mag float32, x, y float64) []byte {
	b := make([]byte, 8, 28)
	copy(b, name)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(mag))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(y))
}

// TestPackedRecords reads records that NumPy has packed as Go structs, with and without padding of
// their own.
func TestPackedRecords(t *testing.T) {
	type star struct {
		Name [8]byte
		Mag  float32
		_    [4]byte
		Pos  [2]float64
	}
	type shuffled struct {
		Position [2]float64 `npy:"pos"`
		Mag      float32
		Name     [8]byte
	}
	dt := headerDType(t, "[('name', 'S8'), ('mag', '<f4'), ('pos', '<f8', (2,))]")
	b := cBuffer(dt, slices.Concat(packedStar("Vega", 0.03, 1, 2), packedStar("Sirius", -1.46, 3, 4)), 2)
	v, err := ViewOf[star](b)
	if nativeOrder != '<' {
		if !errors.Is(err, ErrByteOrder) {
			t.Errorf("big-endian: %v", err)
		}
		return
	}
	if err != nil || v.InPlace() {
		t.Fatalf("%v, in place: %v", err, v.InPlace())
	}
	if s := v.At(1); string(s.Name[:6]) != "Sirius" || s.Mag != -1.46 || s.Pos != [2]float64{3, 4} {
		t.Errorf("At(1) = %+v", s)
	}
	if _, ok := v.Slice(); ok {
		t.Error("a slice of what lies elsewhere")
	}
	want := []star{v.At(0), v.At(1)}
	if got := slices.Collect(v.All()); !slices.Equal(got, want) {
		t.Errorf("All() = %+v", got)
	}
	if got, err := CopyOf[star](b); err != nil || !slices.Equal(got, want) {
		t.Errorf("CopyOf = %+v, %v", got, err)
	}
	other, err := CopyOf[shuffled](b)
	if err != nil || other[1].Position != [2]float64{3, 4} || other[0].Mag != 0.03 {
		t.Errorf("in another order: %+v, %v", other, err)
	}
	s := want[0]
	s.Pos[1], s.Mag = 9, 7
	v.Set(s, 0)
	if got := v.At(0); got != s || v.At(1) != want[1] {
		t.Errorf("after Set: %+v", got)
	}
}

// TestPackedInside reads records in records, in subarrays, of foreign byte order, with booleans
// that are neither 0 nor 1.
func TestPackedInside(t *testing.T) {
	type pair struct {
		On bool
		V  int32
	}
	type outer struct {
		ID uint8
		In [2]pair
	}
	raw := []byte{7, 2, 0, 0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFE}
	dt := headerDType(t, "[('id', 'u1'), ('in', [('on', '?'), ('v', '>i4')], (2,))]")
	got, err := CopyOf[outer](cBuffer(dt, raw, 1))
	if want := (outer{7, [2]pair{{true, 1}, {false, -2}}}); err != nil || got[0] != want {
		t.Errorf("%+v, %v", got, err)
	}
	type wrong struct {
		ID uint8
		In [2]struct {
			On bool
			V  int64
		}
	}
	_, err = CopyOf[wrong](cBuffer(dt, raw, 1))
	if err == nil || !errors.Is(err, ErrType) {
		t.Fatalf("another type: %v", err)
	}
	for _, word := range []string{"field V", "int64 of 8 bytes", `"v" at byte 1`, "of 4 bytes"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %q", err, word)
		}
	}
}
