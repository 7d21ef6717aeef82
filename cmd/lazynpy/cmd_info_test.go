package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestInfoTable(t *testing.T) {
	path := array(t, []int64{4, 5}, count[uint16](20))
	got := ok(t, "info", "--nav", "0", "--backend", "pread", path)
	for _, want := range []string{
		path + "\n",
		"  dtype     uint16  '<u2'\n",
		"  shape     (4, 5)\n",
		"  order     C\n",
		"  elements  20\n",
		"  size      40 B  (40 bytes)\n",
		"  data at   128\n",
		"  format    1.0\n",
		"  read by   pread: asked for\n",
		"  axes      navigation 0; signal 1\n",
		"  plan      1 block of (4, 5), 40 B\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestInfoJSON(t *testing.T) {
	record, err := mmapnpy.StructOf(mmapnpy.Field{Name: "a", DType: mmapnpy.Int8}, mmapnpy.Field{Name: "b", DType: dtype(t, ">f8")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		header mmapnpy.Header
		data   int
		want   map[string]any
	}{
		{mmapnpy.Header{DType: dtype(t, "<f4"), Shape: []int64{2, 3}, FortranOrder: true}, 24, map[string]any{
			"version": "1.0", "descr": "<f4", "shape": []any{num(2), num(3)}, "fortran_order": true, "order": "F",
			"itemsize": num(4), "nbytes": num(24), "mappable": true, "data_offset": num(128)}},
		{mmapnpy.Header{DType: record}, 9, map[string]any{
			"version": "1.0", "descr": "[('a', '|i1'), ('b', '>f8')]", "shape": []any{}, "fortran_order": false, "order": "C",
			"itemsize": num(9), "nbytes": num(9), "mappable": true, "data_offset": num(128)}},
		{mmapnpy.Header{DType: mmapnpy.Bool, Shape: []int64{0}, Version: [2]uint8{3, 0}}, 0, map[string]any{
			"version": "3.0", "descr": "|b1", "shape": []any{num(0)}, "fortran_order": false, "order": "C",
			"itemsize": num(1), "nbytes": num(0), "mappable": true, "data_offset": num(128)}},
	} {
		path := file(t, c.header, make([]byte, c.data))
		c.want["path"], c.want["member"], c.want["warnings"], c.want["archive"] = path, nil, []any{}, nil
		got := decode(t, ok(t, "info", "--json", "--backend", "pread", path))
		if r, ok := got["reading"].(map[string]any); !ok || r["backend"] != "pread" || r["reason"] != "asked for" || r["remote"] != false {
			t.Errorf("reading is %v", got["reading"])
		}
		delete(got, "reading")
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("got  %v\nwant %v", got, c.want)
		}
	}
}

func num(n int64) json.Number {
	b, _ := json.Marshal(n)
	return json.Number(b)
}

func TestInfoObjects(t *testing.T) {
	path := file(t, mmapnpy.Header{DType: dtype(t, "O"), Shape: []int64{3}}, []byte("pickle"))
	got := ok(t, "info", path)
	if !strings.Contains(got, "object") || !strings.Contains(got, "cannot be read") || !strings.Contains(got, "allow_pickle") {
		t.Errorf("objects are described as\n%s", got)
	}
	v := decode(t, ok(t, "info", "--json", path))
	if v["mappable"] != false || v["descr"] != "|O" || len(v["warnings"].([]any)) == 0 {
		t.Errorf("objects are described as %v", v)
	}
	fails(t, exitFailure, []string{path, "object"}, "head", path)
}

func TestInfoLenient(t *testing.T) {
	b := read(t, array(t, []int64{3}, []int32{1, 2, 3}))
	path := rawFile(t, []byte(strings.Replace(string(b), "(3,), }", "(3), } ", 1)))
	fails(t, exitFailure, []string{path, "shape"}, "info", path)
	v := decode(t, ok(t, "info", "--lenient", "--json", path))
	if len(v["warnings"].([]any)) == 0 {
		t.Errorf("a salvaged header has no warnings: %v", v)
	}
}
