package main

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestRun(t *testing.T) {
	stars := []Star{
		{Name: [8]byte{'V', 'e', 'g', 'a'}, Mag: 0.03, Pos: [2]float64{279.235, 38.784}},
		{Name: [8]byte{'M', 'i', 'z', 'a', 'r'}, Mag: 2.23, Pos: [2]float64{200.981, 54.925}},
	}
	name, err := mmapnpy.ParseDType("S8")
	if err != nil {
		t.Fatal(err)
	}
	pos, err := mmapnpy.SubarrayOf(mmapnpy.Float64, 2)
	if err != nil {
		t.Fatal(err)
	}
	fields := []mmapnpy.Field{
		{Name: "name", DType: name, Offset: 0},
		{Name: "mag", DType: mmapnpy.Float32, Offset: 8},
		{Name: "pos", DType: pos, Offset: 16},
	}
	aligned, err := mmapnpy.StructAt(32, fields...)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := mmapnpy.StructOf(fields...) // NumPy's default
	if err != nil {
		t.Fatal(err)
	}
	data, err := binary.Append(nil, binary.NativeEndian, stars)
	if err != nil {
		t.Fatal(err)
	}
	for _, dt := range []mmapnpy.DType{aligned, packed} {
		elements := data
		if dt.ItemSize() == 28 {
			elements = slices.Concat(data[:12], data[16:44], data[48:])
		}
		check(t, mmapnpy.Buffer{Data: elements, DType: dt, Shape: []int64{2}, Strides: []int64{dt.ItemSize()}})
	}
}

// check runs the example on a file of these stars.
func check(t *testing.T, stars mmapnpy.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stars.npy")
	if err := mmapnpy.Save(path, stars); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(&out, path); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "Vega") || strings.Contains(got, "Mizar") || !strings.Contains(got, "0.03 at 279.235 +38.784") {
		t.Errorf("printed %q of %s", got, stars.DType)
	}
}
