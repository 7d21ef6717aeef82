package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

func TestStats(t *testing.T) {
	path := array(t, []int64{2, 3}, []float64{3, -1, 0, 4, 0, 6})
	want := `count  6
min    -1.0   at [0, 1]
max    6.0    at [1, 2]
sum    12.0
mean   2.0
std    2.516611478423583
zeros  2  33.3 %
NaN    0
Inf    0
`
	if got := squeeze(ok(t, "stats", path)); got != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want = `{"path":"` + path + `","slice":"1","descr":"<f8","shape":[3],"count":3,"min":0,"max":6,"sum":10,` +
		`"mean":3.3333333333333335,"std":2.494438257849294,"nan":0,"inf":0,"zero":1,"argmin":[1],"argmax":[2]}` + "\n"
	if got := ok(t, "stats", "--json", path, "1"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// squeeze makes one blank of many, so that columns compare by content.
func squeeze(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Join(lines, "\n")
}

func TestStatsKinds(t *testing.T) {
	v := decode(t, ok(t, "stats", "--json", array(t, []int64{3}, []float64{1, nan(), 2})))
	if v["min"] != nil || v["nan"] != num(1) || !reflect.DeepEqual(v["argmin"], []any{num(1)}) {
		t.Errorf("with NaN: %v", v)
	}
	times := file(t, mmapnpy.Header{DType: dtype(t, "<M8[D]"), Shape: []int64{3}}, kernel.Bytes([]int64{5, 3, 4}))
	v = decode(t, ok(t, "stats", "--json", times))
	if v["min"] != "1970-01-04" || v["max"] != "1970-01-06" || v["nan"] != num(0) {
		t.Errorf("datetimes: %v", v)
	}
	v = decode(t, ok(t, "stats", "--json", array(t, []int64{2}, []complex128{1 + 2i, 3})))
	if !reflect.DeepEqual(v["sum"], []any{num(4), num(2)}) {
		t.Errorf("complex numbers: %v", v)
	}
	v = decode(t, ok(t, "stats", "--json", array(t, []int64{0}, []float64{})))
	if v["count"] != num(0) || v["min"] != nil || v["argmax"] != nil || v["sum"] != num(0) {
		t.Errorf("nothing: %v", v)
	}
	v = decode(t, ok(t, "stats", "--json", array(t, nil, []int16{7})))
	if v["max"] != num(7) || !reflect.DeepEqual(v["argmax"], []any{}) {
		t.Errorf("0-d: %v", v)
	}
	text := file(t, mmapnpy.Header{DType: dtype(t, "U1"), Shape: []int64{1}}, []byte{65, 0, 0, 0})
	fails(t, exitFailure, []string{text, "numbers"}, "stats", text)
}

func TestHist(t *testing.T) {
	path := array(t, []int64{10}, []float64{0, 1, 1, 2, 2, 2, 2, 3, 3, 4})
	want := `{"path":"` + path + `","slice":"","count":10,"outside":0,"nan":0,"edges":[0,1,2,3,4],"counts":[1,2,4,3]}` + "\n"
	if got := ok(t, "hist", "--json", "--bins", "4", path); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got := ok(t, "hist", "--bins", "2", "--range", "1,3", path)
	lines := strings.Split(got, "\n")
	if !strings.HasPrefix(lines[0], "[1, 2) 2 ██") || !strings.HasPrefix(lines[1], "[2, 3] 6 ██") || lines[2] != "2 elements outside" {
		t.Errorf("got\n%s", got)
	}
	if a, b := strings.Count(lines[0], "█"), strings.Count(lines[1], "█"); b < 60 || a != b/3 {
		t.Errorf("bars of %d and %d for 2 and 6", a, b)
	}
	infinite := array(t, []int64{2}, []float64{1 / zero(), 1})
	if got := ok(t, "hist", "--json", "--bins", "1", infinite); !strings.Contains(got, `"outside":1,"nan":0,"edges":[0.5,1.5]`) {
		t.Errorf("got %s", got)
	}
	if got := ok(t, "hist", "--json", "--bins", "1", "--range", "0,2", infinite); !strings.Contains(got, `"outside":1`) {
		t.Errorf("got %s", got)
	}
}

func TestBarText(t *testing.T) {
	for _, c := range []struct {
		n, most int64
		width   int
		want    string
	}{{0, 0, 5, ""}, {0, 9, 5, ""}, {9, 9, 3, "███"}, {1, 1 << 40, 3, "▏"}, {1, 2, 3, "█▌"}} {
		if got := barText(c.n, c.most, c.width); got != c.want {
			t.Errorf("barText(%d, %d, %d) = %q, want %q", c.n, c.most, c.width, got, c.want)
		}
	}
}

func TestReduce(t *testing.T) {
	path := array(t, []int64{2, 3, 4}, count[uint16](24))
	if got, want := ok(t, "reduce", "--nav", "0", "--op", "sum", "--over", "signal", path), "[ 66 210]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ok(t, "reduce", "--op", "max,argmin", "--over", "0,-1", path), "max\n[15 19 23]\nargmin\n[0 0 0]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := ok(t, "reduce", "--op", "mean", path), "11.5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := `{"path":"` + path + `","slice":"1","op":"sum","over":"0","descr":"<u8","shape":[4],"data":[48,51,54,57]}` + "\n"
	if got := ok(t, "reduce", "--json", "--op", "sum", "--over", "0", path, "1"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReduceOutput(t *testing.T) {
	dir := t.TempDir()
	path := array(t, []int64{2, 3, 4}, count[uint16](24))
	pattern := filepath.Join(dir, "{op}.npy")
	o := lazynpy(t, "reduce", "--op", "sum,mean", "--over", "0", path, "-o", pattern)
	if o.code != exitOK || o.stdout != "" || strings.Count(o.stderr, "\n") != 2 {
		t.Errorf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}
	if got, want := ok(t, "get", filepath.Join(dir, "mean.npy"), "0"), "[6. 7. 8. 9.]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := ok(t, "reduce", "--json", "--op", "sum", "--over", "0", path, "-o", filepath.Join(dir, "sum.csv"))
	if v := decode(t, got); v["output"] != filepath.Join(dir, "sum.csv") || v["data"] != nil {
		t.Errorf("got %v", v)
	}
	if got, want := string(read(t, filepath.Join(dir, "sum.csv"))), "12,14,16,18\n20,22,24,26\n28,30,32,34\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	ok(t, "reduce", "--op", "sum", "--over", "0", path, "-o", filepath.Join(dir, "sum.png"))
	if img := decodePNG(t, read(t, filepath.Join(dir, "sum.png"))); img.Bounds().Dx() != 4 || img.Bounds().Dy() != 3 {
		t.Errorf("image of %v", img.Bounds())
	}
	fails(t, exitFailure, []string{path, "dimensions"}, "reduce", "--op", "sum", path, "-o", filepath.Join(dir, "bad.png"))
	leftovers(t, dir, "mean.npy", "sum.npy", "sum.csv", "sum.png")
}

func TestPlan(t *testing.T) {
	path := array(t, []int64{4, 6, 8}, count[int32](4*6*8))
	got := ok(t, "plan", "--nav", "0", "--chunks", "(2, -1, 4)", path)
	for _, want := range []string{
		"(4, 6, 8) int32 C-order, 4 blocks of (2, 6, 4), 192 B",
		"0 4 navigation 2 2",
		"2 8 signal 2 4",
		"1 [0:2, 0:6, 4:8] 192 B 144 12 of 16 B",
	} {
		if !strings.Contains(squeeze(got), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	v := decode(t, ok(t, "plan", "--json", "-n", "1", "--chunks", "(3, -1, -1)", path))
	want := map[string]any{
		"path": path, "shape": []any{num(4), num(6), num(8)}, "descr": "<i4", "navigation": []any{}, "signal": []any{num(0), num(1), num(2)},
		"chunks": "(3, -1, -1)", "num_blocks": num(2), "block_shape": []any{num(3), num(6), num(8)}, "block_bytes": num(576),
		"block_runs": num(1), "grid": []any{num(2), num(1), num(1)},
		"blocks": []any{map[string]any{"block": num(0), "start": []any{num(0), num(0), num(0)}, "shape": []any{num(3), num(6), num(8)},
			"bytes": num(576), "offset": num(128), "runs": num(1), "run": num(576)}},
	}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("got  %v\nwant %v", v, want)
	}
	if got := ok(t, "plan", "-n", "1", "--chunks", "(1, -1, -1)", path); !strings.Contains(got, "3 more") {
		t.Errorf("got\n%s", got)
	}
	ok(t, "plan", array(t, []int64{0, 3}, []int32{}))
	ok(t, "plan", array(t, nil, []int32{1}))
}
