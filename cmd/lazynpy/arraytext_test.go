package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// TestPrintsAsNumPy compares with what print gave in NumPy; see testdata/print.py.
func TestPrintsAsNumPy(t *testing.T) {
	var cases []struct {
		Descr string
		NPY   []byte
		Print string
	}
	if err := json.Unmarshal(read(t, "testdata/print.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 80 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		path := rawFile(t, c.NPY)
		if got := strings.TrimSuffix(ok(t, "get", path), "\n"); got != c.Print {
			t.Errorf("%s: got\n%s\nwant\n%s", c.Descr, got, c.Print)
		}
	}
}

func TestShortest(t *testing.T) {
	half, b16 := dtype(t, "f2"), dtype(t, "bfloat16")
	for _, c := range []struct {
		bits uint16
		want float64
	}{{0x2E66, 0.1}, {0x3C00, 1}, {0x7BFF, 65500}, {0x0001, 6e-8}, {0x3555, 0.3333}} {
		path := array(t, nil, []uint16{c.bits})
		got := ok(t, "get", reinterpreted(t, path, half.Descr()), "--json")
		if v, _ := decode(t, got)["data"].(json.Number).Float64(); v != c.want {
			t.Errorf("half %#x is %v, want %v", c.bits, v, c.want)
		}
	}
	e, _ := b16.Elem()
	if got := shortest(float64(math.Float32frombits(0x3DCC<<16)), e); got != 0.0996 {
		t.Errorf("bfloat16 0x3DCC is %v", got)
	}
	if got := shortest(math.Inf(1), e); !math.IsInf(got, 1) {
		t.Errorf("infinity became %v", got)
	}
}

// reinterpreted changes the dtype of a file to one of the same size.
func reinterpreted(t *testing.T, path, descr string) string {
	t.Helper()
	b := read(t, path)
	return rawFile(t, []byte(strings.Replace(string(b), "'<u2'", descr, 1)))
}
