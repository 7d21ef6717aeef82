package main

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
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
	dt, err := mmapnpy.StructAt(32,
		mmapnpy.Field{Name: "name", DType: name, Offset: 0},
		mmapnpy.Field{Name: "mag", DType: mmapnpy.Float32, Offset: 8},
		mmapnpy.Field{Name: "pos", DType: pos, Offset: 16})
	if err != nil {
		t.Fatal(err)
	}
	data, err := binary.Append(nil, binary.NativeEndian, stars)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stars.npy")
	if err := mmapnpy.Save(path, mmapnpy.Buffer{Data: data, DType: dt, Shape: []int64{2}, Strides: []int64{32}}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(&out, path); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "Vega") || strings.Contains(got, "Mizar") || !strings.Contains(got, "0.03 at 279.235 +38.784") {
		t.Errorf("printed %q", got)
	}
}
