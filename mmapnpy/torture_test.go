package mmapnpy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const tortureDir = "../testdata/torture"

// readTSV returns the rows of a table without its head.
func readTSV(t testing.TB, path string, columns int) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(data)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(row) != columns {
			t.Fatalf("%s: %d columns in %q", path, len(row), line)
		}
		rows = append(rows, row)
	}
	return rows[1:]
}

// bareDescr is the descr of d, without quotes if d is plain.
func bareDescr(d DType) string { return strings.Trim(d.Descr(), "'") }

func shapeString(shape []int64) string { return string(appendShape(nil, shape)) }

// verdict is what becomes of one file of the torture table.
type verdict struct{ result, dtype, shape, order string }

// Where this package does not follow NumPy's verdict, and why.
var tortureDeviations = map[string]verdict{
	// The order of a void is kept: it is how bfloat16 is recognised.
	"169_descr_V2.npy": {"OK", "<V2", "(2,)", "C"},
	"170_descr_V2.npy": {"OK", ">V2", "(2,)", "C"},
	// 33 to 64 dimensions are possible since NumPy 2.
	"064_hdr_shape_33_dims.npy": {"OK", "<f8", "(" + strings.Repeat("1, ", 32) + "1)", "C"},
	// A subarray appends its dimensions, as in open_memmap.
	"209_descr_2_i4.npy":   {"OK", "<i4", "(2, 2)", "C"},
	"210_descr_2_3_f8.npy": {"OK", "<f8", "(2, 2, 3)", "C"},
	"229_descr_f8_2.npy":   {"OK", "<f8", "(2, 2)", "C"},
	"230_descr_f8_2.npy":   {"OK", "<f8", "(2, 2)", "C"},
	"232_descr_f8_0.npy":   {"OK", "<f8", "(2, 0)", "C"},
	"234_descr_f8_2_3.npy": {"OK", "<f8", "(2, 2)", "C"},
}

func TestTorture(t *testing.T) {
	used := 0
	for _, row := range readTSV(t, filepath.Join(tortureDir, "EXPECT.tsv"), 7) {
		name := row[0]
		t.Run(name, func(t *testing.T) {
			want := verdict{result: row[2]}
			if want.result == "OK" {
				want = verdict{row[2], row[3], row[4], row[5]}
			}
			if d, ok := tortureDeviations[name]; ok {
				if d == want {
					t.Fatal("listed as a deviation, but it is not one")
				}
				want = d
				used++
			}
			objects := strings.HasPrefix(row[4], "Object arrays cannot be loaded")
			data, err := os.ReadFile(filepath.Join(tortureDir, name))
			if err != nil {
				t.Fatal(err)
			}
			h, err := ReadHeader(bytes.NewReader(data), int64(len(data)), name)
			switch {
			case objects:
				checkObjects(t, h, err)
			case want.result == "ERR":
				checkFormatError(t, err, name)
			case err != nil:
				t.Fatal(err)
			default:
				got := verdict{"OK", bareDescr(h.DType), shapeString(h.Shape), "C"}
				if h.FortranOrder {
					got.order = "F"
				}
				if got != want {
					t.Errorf("got  %q\nwant %q", got, want)
				}
				if warned := len(h.Warnings) > 0; warned != (row[6] == "warn") {
					t.Errorf("warnings %q, want %q", h.Warnings, row[6])
				}
				if err := h.CheckReadable(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if used != len(tortureDeviations) {
		t.Errorf("%d of %d deviations are in the table", used, len(tortureDeviations))
	}
}

func checkObjects(t *testing.T, h Header, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("objects cannot be inspected: %v", err)
	}
	err = h.CheckReadable()
	if !h.DType.HasObject() || !errors.Is(err, ErrObject) {
		t.Errorf("%v is readable: %v", h.DType, err)
	}
	if !strings.Contains(err.Error(), "allow_pickle=True") {
		t.Errorf("error does not say what to do: %v", err)
	}
}

// checkFormatError wants one line about the named file.
func checkFormatError(t *testing.T, err error, name string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if f, ok := errors.AsType[*FormatError](err); !ok || f.Path != name || f.Field == "" {
		t.Errorf("not a FormatError with path and field: %#v", err)
	}
	if !errors.Is(err, ErrFormat) {
		t.Errorf("does not match ErrFormat: %v", err)
	}
	if msg := err.Error(); strings.ContainsAny(msg, "\n\r") || !strings.HasPrefix(msg, name+": ") || len(msg) > 300 {
		t.Errorf("not a short line that starts with the file's name: %q", msg)
	}
}

// TestTortureCut cuts every file at every length: the result is an error or a header whose data are
// all there.
func TestTortureCut(t *testing.T) {
	for _, path := range tortureFiles(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := range min(len(data), 400) {
			h, err := ReadHeader(bytes.NewReader(data[:n]), int64(n), "cut.npy")
			if err != nil {
				checkFormatError(t, err, "cut.npy")
			} else if !h.DType.HasObject() && h.DataOffset+h.NBytes() > int64(n) {
				t.Errorf("%s cut to %d bytes: data end at %d", path, n, h.DataOffset+h.NBytes())
			}
		}
	}
}

func tortureFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(tortureDir, "*.npy"))
	if err != nil || len(files) < 200 {
		t.Fatalf("%d torture files: %v", len(files), err)
	}
	slices.Sort(files)
	return files
}
