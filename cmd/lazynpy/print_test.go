package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestHead(t *testing.T) {
	vector := array(t, []int64{30}, count[float64](30))
	if got, want := ok(t, "head", "-n", "3", vector), "[0]  0.\n[1]  1.\n[2]  2.\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := ok(t, "head", vector); strings.Count(got, "\n") != 10 {
		t.Errorf("got %d lines", strings.Count(got, "\n"))
	}
	if got, want := ok(t, "head", vector, "-1"), "29.0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	cube := array(t, []int64{2, 2, 12}, count[int16](48))
	want := "[0, 0, :]  [ 0  1  2  3 ...  8  9 10 11]\n" +
		"[0, 1, :]  [12 13 14 15 ... 20 21 22 23]\n" +
		"[1, 0, :]  [24 25 26 27 ... 32 33 34 35]\n"
	if got := ok(t, "head", "-n", "3", cube); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := ok(t, "head", cube, "1, :, ::4"), "[0, :]  [24 28 32]\n[1, :]  [36 40 44]\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := ok(t, "head", cube, "0:0"); got != "" {
		t.Errorf("the head of nothing is %q", got)
	}
}

func TestHeadJSON(t *testing.T) {
	cube := array(t, []int64{2, 2, 3}, count[int16](12))
	want := `{"path":"` + cube + `","index":[0,0],"data":[0,1,2]}` + "\n" +
		`{"path":"` + cube + `","index":[0,1],"data":[3,4,5]}` + "\n"
	if got := ok(t, "head", "--json", "-n", "2", cube); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = `{"path":"` + cube + `","index":[2],"data":8}` + "\n"
	if got := ok(t, "head", "--json", cube, "1, 0"); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant last\n%s", got, want)
	}
	want = `{"path":"` + cube + `","index":[],"data":11}` + "\n"
	if got := ok(t, "head", "--json", cube, "1, 1, 2"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// records is a file of structured elements of every kind.
func records(t *testing.T) string {
	t.Helper()
	type record struct {
		A int32   `npy:"a"`
		_ [4]byte // padding
		F float64 `npy:"f,1"`
		P [2]struct {
			X uint8 `npy:"x"`
			Y bool  `npy:"y"`
		} `npy:"p"`
		_ [4]byte
	}
	r := make([]record, 2)
	r[0].A, r[0].F, r[1].A = 1, 2.5, -1
	r[0].P[1].X, r[1].P[0].Y = 7, true
	return array(t, []int64{2}, r)
}

func TestExportText(t *testing.T) {
	stringFile := file(t, mmapnpy.Header{DType: dtype(t, "S4"), Shape: []int64{3}}, []byte("a,\x00\x00\"b\x00\x00\xffz\n\x00"))
	times := file(t, mmapnpy.Header{DType: dtype(t, "<M8[s]"), Shape: []int64{2}}, kernel.Bytes([]int64{0, -1 << 63}))
	spans := file(t, mmapnpy.Header{DType: dtype(t, "<m8[s]"), Shape: []int64{2}}, kernel.Bytes([]int64{5, -1 << 63}))
	special := array(t, []int64{2, 2}, []float64{nan(), 1 / zero(), -1 / zero(), 1e-7})
	complexes := array(t, []int64{2}, []complex64{1 + 2i, complex(0.1, -0.5)})
	void := file(t, mmapnpy.Header{DType: dtype(t, "V2"), Shape: []int64{1}}, []byte{0xAB, 1})
	cube := array(t, []int64{1, 2, 2}, count[int32](4))
	for _, c := range []struct{ name, path, slice, csv, json string }{
		{"1-D", array(t, []int64{3}, []int32{1, -2, 3}), "", "1\n-2\n3\n", "[1,-2,3]\n"},
		{"2-D", array(t, []int64{2, 3}, count[int16](6)), "", "0,1,2\n3,4,5\n", "[[0,1,2],\n[3,4,5]]\n"},
		{"0-D", array(t, nil, []float64{0.1}), "", "0.1\n", "0.1\n"},
		{"3-D", cube, "0", "0,1\n2,3\n", "[[0,1],\n[2,3]]\n"},
		{"cube", cube, "", "", "[[[0,1],\n[2,3]]]\n"},
		{"slice", array(t, []int64{5}, count[float64](5)), "::-2", "4\n2\n0\n", "[4,2,0]\n"},
		{"none", array(t, []int64{0, 3}, []int32{}), "", "", "[]\n"},
		{"float32", array(t, []int64{2}, []float32{0.1, 1e30}), "", "0.1\n1e+30\n", "[0.1,1e+30]\n"},
		{"special", special, "", "nan,inf\n-inf,1e-07\n", "[[null,null],\n[null,1e-07]]\n"},
		{"bool", file(t, mmapnpy.Header{DType: mmapnpy.Bool, Shape: []int64{2}}, []byte{0, 2}), "", "False\nTrue\n", "[false,true]\n"},
		{"complex", complexes, "", "1+2j\n0.1-0.5j\n", "[[1,2],[0.1,-0.5]]\n"},
		{"string", stringFile, "", "\"a,\"\n\"\"\"b\"\n\"\\xffz\n\"\n", `["a,","\"b","\\xffz\n"]` + "\n"},
		{"datetime", times, "", "1970-01-01T00:00:00\nNaT\n", `["1970-01-01T00:00:00",null]` + "\n"},
		{"timedelta", spans, "", "5\nNaT\n", "[5,null]\n"},
		{"void", void, "", "ab01\n", "[\"ab01\"]\n"},
		{"record", records(t), "",
			"a,\"f,1\",p[0].x,p[0].y,p[1].x,p[1].y\n1,2.5,0,False,7,False\n-1,0,0,True,0,False\n",
			`[{"a":1,"f,1":2.5,"p":[{"x":0,"y":false},{"x":7,"y":false}]},{"a":-1,"f,1":0,"p":[{"x":0,"y":true},{"x":0,"y":false}]}]` + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.csv != "" {
				out := filepath.Join(dir, "out.csv")
				ok(t, "get", c.path, c.slice, "-o", out)
				if got := string(read(t, out)); got != c.csv {
					t.Errorf("CSV\n%s\nwant\n%s", got, c.csv)
				}
			}
			if got := ok(t, "get", c.path, c.slice, "-o", "-", "--format", "json"); got != c.json {
				t.Errorf("JSON\n%s\nwant\n%s", got, c.json)
			}
		})
	}
	fails(t, exitFailure, []string{cube, "two dimensions"}, "get", cube, "--format", "csv")
	fails(t, exitFailure, []string{"one dimension"}, "get", records(t), "newaxis", "--format", "csv")
}

func zero() float64 { return 0 }
func nan() float64  { return zero() / zero() }

func TestExportFields(t *testing.T) {
	path := records(t)
	if got, want := ok(t, "get", "--field", "p", "--field", "x", path), "[[0 7]\n [0 0]]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ok(t, "get", "--field", "f,1", path, "0"), "2.5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	fails(t, exitFailure, []string{path, "--field"}, "stats", path)
}

func TestGetJSON(t *testing.T) {
	path := array(t, []int64{2, 3}, count[int16](6))
	want := `{"path":"` + path + `","slice":"1:, ::2","descr":"<i2","shape":[1,2],"data":[[3,5]]}` + "\n"
	if got := ok(t, "get", "--json", path, "1:, ::2"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestElementsWithoutBytes is about files that claim more elements than anyone could
// look at.
func TestElementsWithoutBytes(t *testing.T) {
	huge := file(t, mmapnpy.Header{DType: dtype(t, "V0"), Shape: []int64{1 << 62}}, nil)
	for _, args := range [][]string{{"info"}, {"head"}, {"get"}, {"checksum"}, {"validate"}, {"plan"}, {"get", "--format", "raw"}} {
		ok(t, append(args, huge)...)
	}
	fails(t, exitFailure, []string{huge, "too many"}, "get", "--format", "csv", huge)
	fails(t, exitFailure, []string{huge, "too many"}, "get", "--format", "json", huge)
	few := file(t, mmapnpy.Header{DType: dtype(t, "S0"), Shape: []int64{2}}, nil)
	if got := ok(t, "get", "--format", "json", few); got != `["",""]`+"\n" {
		t.Errorf("got %q", got)
	}
}

// TestExportLarge crosses the boundaries of the pieces in which an array is read.
func TestExportLarge(t *testing.T) {
	const rows, cols = 3001, 701
	path := array(t, []int64{rows, cols}, count[float64](rows*cols))
	out := filepath.Join(t.TempDir(), "out")
	ok(t, "get", path, ":, ::-1", "-o", out+".raw")
	ok(t, "get", path, ":, ::-1", "-o", out+".csv")
	ok(t, "get", path, ":, ::-1", "-o", out+".json")
	values := kernel.Slice[float64](read(t, out+".raw"))
	if len(values) != rows*cols || values[0] != cols-1 || values[len(values)-1] != (rows-1)*cols {
		t.Fatalf("raw export has %d values, from %v to %v", len(values), values[0], values[len(values)-1])
	}
	lines := strings.Split(strings.TrimSuffix(string(read(t, out+".csv")), "\n"), "\n")
	if len(lines) != rows || lines[0][:12] != "700,699,698," || strings.Count(lines[1500], ",") != cols-1 {
		t.Errorf("CSV export has %d lines, the first %.12q", len(lines), lines[0])
	}
	text := string(read(t, out+".json"))
	if !strings.HasPrefix(text, "[[700,699,") || !strings.HasSuffix(text, "2103000]]\n") || strings.Count(text, "]") != rows+1 {
		t.Errorf("JSON export begins %.12q and ends %q", text, text[len(text)-12:])
	}
}

func TestGetNPY(t *testing.T) {
	path := array(t, []int64{4, 6}, count[uint16](24))
	out := filepath.Join(t.TempDir(), "part.npy")
	ok(t, "get", path, "1:3, ::-3", "-o", out)
	if got, want := ok(t, "get", out), "[[11  8]\n [17 14]]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if stdout := ok(t, "get", path, "1:3, ::-3", "-o", "-"); stdout != string(read(t, out)) {
		t.Error("standard output and file differ")
	}
	if got := ok(t, "get", path, "0, :2", "--format", "raw"); got != "\x00\x00\x01\x00" {
		t.Errorf("raw is %q", got)
	}
	ok(t, "get", path, "-o", os.DevNull, "--format", "npy")
}

func TestChecksum(t *testing.T) {
	data := kernel.Bytes(count[int32](12))
	c := array(t, []int64{3, 4}, count[int32](12))
	f := filepath.Join(t.TempDir(), "f.npy")
	ok(t, "convert", "--order", "F", c, f)
	sum := sha256.Sum256(data)
	want := hex.EncodeToString(sum[:])
	if got := ok(t, "checksum", c, f); got != want+"  "+c+"\n"+want+"  "+f+"\n" {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	part := sha256.Sum256(data[16:32])
	want = hex.EncodeToString(part[:])
	if got := ok(t, "checksum", "--slice", "1", f); got != want+"  "+f+"[1]\n" {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	v := decode(t, ok(t, "checksum", "--json", "--slice", "1", f))
	if v["sha256"] != want || v["descr"] != "<i4" || v["slice"] != "1" || v["path"] != f {
		t.Errorf("got %v", v)
	}
}

func TestConvert(t *testing.T) {
	dir := t.TempDir()
	path := array(t, []int64{2, 3}, count[float64](6))
	out := filepath.Join(dir, "out.npy")
	for _, c := range []struct {
		args         []string
		descr, order string
		data         []byte
	}{
		{nil, "<f8", "C", kernel.Bytes(count[float64](6))},
		{[]string{"--dtype", "int16"}, "<i2", "C", kernel.Bytes(count[int16](6))},
		{[]string{"--dtype", ">i2"}, ">i2", "C", []byte{0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5}},
		{[]string{"--dtype", "i2", "--byteorder", "big"}, ">i2", "C", []byte{0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5}},
		{[]string{"--dtype", "u1", "--order", "F"}, "|u1", "F", []byte{0, 3, 1, 4, 2, 5}},
		{[]string{"--byteorder", "native"}, "<f8", "C", kernel.Bytes(count[float64](6))},
	} {
		ok(t, append([]string{"convert", path, out}, c.args...)...)
		v := decode(t, ok(t, "info", "--json", out))
		if v["descr"] != c.descr || v["order"] != c.order {
			t.Errorf("%q: descr %v, order %v", c.args, v["descr"], v["order"])
		}
		if got := read(t, out); !bytes.Equal(got[128:], c.data) {
			t.Errorf("%q: data %v, want %v", c.args, got[128:], c.data)
		}
	}
	ok(t, "convert", path, filepath.Join(dir, "out.csv"))
	if got := string(read(t, filepath.Join(dir, "out.csv"))); got != "0,1,2\n3,4,5\n" {
		t.Errorf("CSV is %q", got)
	}
	row := array(t, []int64{1, 3}, count[float64](3))
	ok(t, "convert", "--order", "F", row, out)
	if v := decode(t, ok(t, "info", "--json", out)); v["order"] != "C" {
		t.Error("an array in both orders is not marked C")
	}
	leftovers(t, dir, "out.npy", "out.csv")
}
