package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// headerText is a .npy file of format 1.0 with this descr and shape, and the given data.
func headerText(t *testing.T, descr, shape, data string) string {
	t.Helper()
	text := "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }\n"
	return rawFile(t, []byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(text)), byte(len(text) >> 8)})+text+data))
}

func TestNestedSubarrayField(t *testing.T) {
	path := headerText(t, "[('c', ('<i2', (3,)), (2,))]", "(1,)", "\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00")
	if got, want := ok(t, "get", path), "[([[1, 2, 3], [4, 5, 6]],)]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ok(t, "get", "--json", "--field", "c", path); !strings.Contains(got, `"shape":[1,2,3],"data":[[[1,2,3],[4,5,6]]]`) {
		t.Errorf("got %s", got)
	}
	if got := ok(t, "stats", "--field", "c", path); !strings.Contains(got, "21") {
		t.Errorf("stats: %s", got)
	}
	out := filepath.Join(t.TempDir(), "o.npy")
	ok(t, "convert", "--field", "c", "--dtype", "f4", path, out)
	if got, want := ok(t, "get", out), "[[[1. 2. 3.]\n  [4. 5. 6.]]]\n"; got != want {
		t.Errorf("converted: %q, want %q", got, want)
	}
	if got, want := ok(t, "get", path, "--format", "csv"), "c[0][0],c[0][1],c[0][2],c[1][0],c[1][1],c[1][2]\n1,2,3,4,5,6\n"; got != want {
		t.Errorf("csv: %q, want %q", got, want)
	}
}
