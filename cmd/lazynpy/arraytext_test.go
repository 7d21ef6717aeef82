package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
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
	format, _ := dtype(t, "f16").LongDouble()
	for _, c := range cases {
		if strings.Contains(c.Descr, "float128") || strings.Contains(c.Descr, "complex256") || strings.Contains(c.Descr, "f16") {
			if format != mmapnpy.X87 {
				continue // the file is that of an x87
			}
		}
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
	path := reinterpreted(t, array(t, []int64{2}, []uint16{0x3DCC, 0x7F80}), b16.Descr())
	if got, want := ok(t, "get", path, "--format", "csv"), "0.0996\ninf\n"; got != want {
		t.Errorf("bfloat16 is %q, want %q", got, want)
	}
}

// reinterpreted changes the dtype of a file to one of the same size.
func reinterpreted(t *testing.T, path, descr string) string {
	t.Helper()
	b := read(t, path)
	return rawFile(t, []byte(strings.Replace(string(b), "'<u2'", descr, 1)))
}
