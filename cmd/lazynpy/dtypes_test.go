package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/termtext"
	"github.com/lazynpy/lazynpy/mmapnpy"
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

// TestSuggestsFlags checks that an error about a file that another flag could read says so.
func TestSuggestsFlags(t *testing.T) {
	metadata := headerText(t, "('<i2', {'k': <class 'bytes'>})", "(1,)", "\x07\x00")
	for _, verb := range []string{"info", "get", "stats", "head"} {
		fails(t, exitFailure, []string{metadata, "--lenient"}, verb, metadata)
	}
	if got, want := ok(t, "get", "--lenient", metadata), "[7]\n"; got != want {
		t.Errorf("got %q", got)
	}
	objects := headerText(t, "[('t', ('|O', {'vlen': dtype('float64')}))]", "(1,)", "pickle")
	fails(t, exitFailure, []string{objects, "--lenient"}, "info", objects)
	if got := ok(t, "info", "--lenient", objects); !strings.Contains(got, "metadata") {
		t.Errorf("info: %s", got)
	}
	float8 := headerText(t, "'float8_e5m2'", "(2,)", "\x01\xff")
	if got, want := ok(t, "get", "--lenient", float8), "[b'\\x01' b'\\xFF']\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPartialAndRecover reads the whole rows of files that were cut off, and saves them.
func TestPartialAndRecover(t *testing.T) {
	cut := headerText(t, "'<i2'", "(4, 3)", "\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00\x08")
	before := string(read(t, cut))
	for _, verb := range []string{"info", "get", "stats", "head", "checksum"} {
		fails(t, exitFailure, []string{cut, "--partial"}, verb, cut)
	}
	rows := "[[1 2 3]\n [4 5 6]]\n"
	if got := ok(t, "get", "--partial", cut); got != rows {
		t.Errorf("got %q", got)
	}
	if got := ok(t, "info", "--partial", cut); !strings.Contains(got, "(4, 3) is read as (2, 3)") {
		t.Errorf("info: %s", got)
	}
	if got := ok(t, "reduce", "--partial", "--op", "sum", "--over", "0", cut); !strings.Contains(got, "[5 7 9]") {
		t.Errorf("reduce: %s", got)
	}
	if o := lazynpy(t, "validate", cut); o.code != exitFailure || !strings.Contains(o.stdout, "--partial") {
		t.Errorf("validate: %d %s", o.code, o.stdout)
	}
	fails(t, exitUsage, []string{"--partial"}, "validate", "--partial", cut)

	out := filepath.Join(t.TempDir(), "o.npy")
	for _, args := range [][]string{{}, {"-o", out, "--in-place"}, {"--dry-run", "-o", out}, {"-o", "-"}, {"-o", cut}} {
		fails(t, exitUsage, nil, append([]string{"recover", cut}, args...)...)
	}
	if o := lazynpy(t, "recover", "--dry-run", cut); o.code != exitOK || !strings.Contains(o.stderr, "(2, 3)") {
		t.Errorf("dry run: %+v", o)
	}
	v := decode(t, ok(t, "recover", "--json", cut, "-o", out))
	if v["output"] != out || v["changed"] != true || v["cut"].(interface{ String() string }).String() != "3" {
		t.Errorf("recover: %v", v)
	}
	if got := ok(t, "get", out); got != rows {
		t.Errorf("recovered %q", got)
	}
	if string(read(t, cut)) != before {
		t.Error("the broken file has changed")
	}
	ok(t, "recover", "--in-place", cut)
	if got := ok(t, "get", cut); got != rows {
		t.Errorf("mended in place: %q", got)
	}
	// More bytes than the header promises, as a writer that died before it rewrote the header
	// leaves them.
	longer := headerText(t, "'<i2'", "(1, 3)", "\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00")
	ok(t, "recover", longer, "-o", out)
	if got := ok(t, "get", out); got != rows {
		t.Errorf("of a file that goes on: %q", got)
	}
	fortran := array(t, []int64{2, 3}, []int16{1, 4, 2, 5, 3, 6})
	text := strings.Replace(string(read(t, fortran)), "False", "True ", 1)
	if err := os.WriteFile(fortran, []byte(text[:len(text)-3]), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "recover", fortran, "-o", out)
	if got, want := ok(t, "get", out), "[[1 2]\n [4 5]]\n"; got != want {
		t.Errorf("Fortran order: %q, want %q", got, want)
	}
	fails(t, exitFailure, []string{"header"}, "recover", rawFile(t, []byte(before[:40])), "-o", out)
	fails(t, exitFailure, []string{"data"}, "recover", headerText(t, "'<f8'", "()", "1234"), "-o", out)
}

func TestDTypeLiteralFlag(t *testing.T) {
	path := headerText(t, "[('a', '<i2'), ('b', '|S2')]", "(1,)", "\x07\x00xy")
	for line := range strings.Lines(ok(t, "info", path)) {
		if text, found := strings.CutPrefix(strings.TrimSpace(line), "dtype"); found {
			literal, _, _ := strings.Cut(strings.TrimSpace(text), "  ")
			out := filepath.Join(t.TempDir(), "o.npy")
			ok(t, "convert", "--dtype", literal, path, out)
			if got, want := ok(t, "get", out), "[(7, b'xy')]\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return
		}
	}
	t.Error("info shows no dtype")
}

// TestPicturesOfWhatIsMissing draws and counts data that have no finite range, or one beyond
// float64.
func TestPicturesOfWhatIsMissing(t *testing.T) {
	n, inf := nan(), 1/zero()
	out := filepath.Join(t.TempDir(), "o.png")
	for _, c := range []struct {
		name   string
		values []float64
		args   []string
		note   string
	}{
		{"all NaN", []float64{n, n, n, n}, nil, "4 of 4 pixels are NaN"},
		{"some NaN", []float64{1, n, 2, inf}, nil, "1 of 4 pixels are NaN"},
		{"all negative", []float64{-1, -2, -3, -4}, []string{"--log"}, "4 of 4 pixels are not positive"},
		{"all NaN, logarithmic", []float64{n, n, n, n}, []string{"--log"}, "4 of 4 pixels are NaN"},
		{"extremes", []float64{1e308, -1e308, 0, 5e307}, nil, ""},
		{"extremes, logarithmic", []float64{1e308, 1e-308, 1, 5e-324}, []string{"--log"}, ""},
	} {
		path := array(t, []int64{2, 2}, c.values)
		o := lazynpy(t, append([]string{"png", path, "-o", out, "--percentile", "0,100"}, c.args...)...)
		if o.code != exitOK || !strings.Contains(o.stderr, c.note) {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{[]float64{n, n}, `"outside":2,"nan":2,"edges":[0,0.5,1],"counts":[0,0]`},
		{[]float64{1, n, 3, inf, -inf, 2}, `"outside":3,"nan":1,"edges":[1,2,3],"counts":[1,2]`},
		{[]float64{1e308, -1e308, 0}, `"outside":0,"nan":0,"edges":[-1e+308,0,1e+308],"counts":[1,2]`},
	} {
		got := ok(t, "hist", "--json", "--bins", "2", array(t, []int64{int64(len(c.values))}, c.values))
		if !strings.Contains(got, c.want) {
			t.Errorf("hist of %v: %s, want %s", c.values, got, c.want)
		}
	}
	if got := ok(t, "hist", "--bins", "2", array(t, []int64{3}, []float64{1, n, 2})); !strings.Contains(got, "1 elements outside, 1 of them NaN") {
		t.Errorf("hist: %s", got)
	}
}

// TestNothingForTerminalsToObey prints names and strings with C1 controls and marks of direction,
// and long ones.
func TestNothingForTerminalsToObey(t *testing.T) {
	const evil = "a\u009b31m\u202eb\u2066\U000e0041\x7f"
	text := "{'descr': [('" + evil + "', '<U3')], 'fortran_order': False, 'shape': (1,), }\n"
	head := "\x93NUMPY\x03\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8), 0, 0}) + text
	path := rawFile(t, []byte(head+"\x9b\x00\x00\x00\x2e\x20\x00\x00x\x00\x00\x00"))
	for _, args := range [][]string{{"get", "--json"}, {"head", "--json"}, {"info", "--json"}, {"plan", "--json"}} {
		got := ok(t, append(args, path)...)
		if strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && termtext.Obeyed(r) }) {
			t.Errorf("%v: %q", args, got)
		}
		if v := decode(t, got); args[0] == "get" && v["data"].([]any)[0].(map[string]any)[evil] != "\u009b\u202ex" {
			t.Errorf("get: %v", v)
		}
	}
	o := lazynpy(t, "stats", path)
	if strings.ContainsFunc(o.stderr, func(r rune) bool { return r != '\n' && termtext.Obeyed(r) }) || !strings.Contains(o.stderr, `\x9b`) && !strings.Contains(o.stderr, "u202e") {
		t.Errorf("stats: %q", o.stderr)
	}
	var fields strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&fields, "('a_rather_long_name_%d', '<i4'), ", i)
	}
	text = "{'descr': [" + fields.String() + "], 'fortran_order': False, 'shape': (0,), }\n"
	head = "\x93NUMPY\x02\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8), byte(len(text) >> 16), 0})
	long := rawFile(t, []byte(head+text))
	if o := lazynpy(t, "stats", long); len(o.stderr) > 3000 || !strings.Contains(o.stderr, "--field") || !strings.Contains(o.stderr, " bytes) ... ") {
		t.Errorf("stats: %d bytes: %.300q", len(o.stderr), o.stderr)
	}
}

func TestStatsOfLongDoubles(t *testing.T) {
	if format, _ := dtype(t, "f16").LongDouble(); format != mmapnpy.X87 {
		return // the numbers are those of an x87: 2^63 and 2^63 + 1
	}
	pad := "\x3e\x40\x00\x00\x00\x00\x00\x00"
	path := headerText(t, "'<f16'", "(2,)", "\x00\x00\x00\x00\x00\x00\x00\x80"+pad+"\x01\x00\x00\x00\x00\x00\x00\x80"+pad)
	got := ok(t, "stats", path)
	if !strings.Contains(got, "9.223372036854775808e+18") || !strings.Contains(got, "9.223372036854775809e+18") || !strings.Contains(got, "1.8446744073709551616e+19") {
		t.Errorf("stats:\n%s", got)
	}
}
