package main

import (
	"archive/zip"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestOutputExtensions gives the verbs that write names of other formats.
func TestOutputExtensions(t *testing.T) {
	in := array(t, []int64{4, 6}, count[float64](24))
	archive := npz(t, nil, entry{"x.npy", read(t, in)}, entry{"notes", []byte("text")})
	for _, name := range []string{"a.jpg", "a.npy.gz"} {
		out := filepath.Join(t.TempDir(), name)
		for _, args := range [][]string{
			{"png", in, "-o", out},
			{"get", in, "-o", out},
			{"convert", in, out},
			{"reduce", in, "--op", "sum", "--over", "0", "-o", out},
			{"run", in, "--op", "sum", "--over", "0", "-o", out},
			{"run", in, "--apply", "negative", "--map-output", out},
			{"repack", archive, "-o", out},
			{"add", out, in},
			{"extract", archive, "x", "-o", out},
			{"recover", in, "-o", out},
			{"recover", archive, "-o", out},
		} {
			fails(t, exitUsage, []string{name}, args...)
		}
		leftovers(t, filepath.Dir(out))
	}
	dir := t.TempDir()
	ok(t, "png", in, "-o", filepath.Join(dir, "A.PNG"))
	ok(t, "png", in, "-o", os.DevNull)
	ok(t, "png", in, "-o", filepath.Join(dir, "picture"))
	ok(t, "repack", archive, "-o", filepath.Join(dir, "model.zip"))
	ok(t, "extract", archive, "notes", "-o", filepath.Join(dir, "notes.txt"))
	// What is another version of a file may be called as that one is.
	keras := filepath.Join(dir, "model.keras")
	if err := os.WriteFile(keras, read(t, archive), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "repack", keras, "-o", filepath.Join(dir, "small.keras"))
	ok(t, "add", keras, in)
}

// TestNoRunDirectory gives the verbs on runs what is none.
func TestNoRunDirectory(t *testing.T) {
	in := array(t, []int64{4}, count[float64](4))
	nothing, empty := filepath.Join(t.TempDir(), "nope.run"), t.TempDir()
	for _, verb := range []string{"status", "resume", "cancel", "verify"} {
		for path, why := range map[string]string{nothing: "does not exist", empty: "no plan.json", in: "it is a file"} {
			fails(t, exitFailure, []string{path + ": not a run directory: ", why}, verb, path)
		}
	}
}

// TestRecordsNeedField takes records for numbers.
func TestRecordsNeedField(t *testing.T) {
	records := file(t, mmapnpy.Header{DType: dtype(t, "[('a', '<f8'), ('b', '<i4', (2,))]"), Shape: []int64{3, 2}}, make([]byte, 3*2*16))
	words := file(t, mmapnpy.Header{DType: dtype(t, "<U2"), Shape: []int64{3, 2}}, make([]byte, 3*2*8))
	out := filepath.Join(t.TempDir(), "out.npy")
	for _, args := range [][]string{
		{"hist"}, {"stats"}, {"png"}, {"reduce", "--op", "sum"}, {"reduce", "--op", "min", "--over", "0"},
		{"run", "--op", "sum", "-o", out}, {"run", "--apply", "sqrt", "--map-output", out}, {"run", "--nav", "0", "--apply", "add=1", "--map-output", out},
	} {
		fails(t, exitFailure, []string{records, "operation not defined for this dtype", "choose a --field"}, append(args, records)...)
		if o := lazynpy(t, append(args, words)...); strings.Contains(o.stderr, "--field") {
			t.Errorf("%q of words: %s", args, o.stderr)
		}
	}
}

// TestArraysOfArchive names no array, and one that is not there: what is listed can be asked for.
func TestArraysOfArchive(t *testing.T) {
	x := npy(t, []int64{2}, []float64{1, 2})
	path := foreignNPZ(t, zip.Store, entry{"x.npy", x}, entry{"README.md", []byte("text")}, entry{"y", x}, entry{"y", x}, entry{"x/", nil})
	for _, args := range [][]string{{"get", path}, {"hist", path}, {"get", path + ":z"}} {
		fails(t, exitFailure, []string{`(it has ["x" "y"])`}, args...)
	}
	fails(t, exitFailure, []string{"README.md"}, "extract", path, "z")
	fails(t, exitFailure, []string{"it has no arrays"}, "get", foreignNPZ(t, zip.Store, entry{"a.txt", []byte("text")}, entry{"b.txt", nil})+":a")
}

// TestErrorsNameNoPackage looks at the texts of errors in the source. One error wraps another, and
// what is told of both names files, operations and members, and is no place for the names of
// packages.
func TestErrorsNameNoPackage(t *testing.T) {
	checked := 0
	for _, root := range []string{"chunk", "distributed", "internal", "lazy", "mmapnpy", "zipseek"} {
		err := filepath.WalkDir(filepath.Join("..", "..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				fn, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || fn.Sel.Name != "New" && fn.Sel.Name != "Errorf" {
					return true
				}
				if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
					checked++
					if s, err := strconv.Unquote(text.Value); err != nil || strings.HasPrefix(s, root+": ") {
						t.Errorf("%s: %s", files.Position(call.Pos()), text.Value)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if checked < 500 {
		t.Errorf("%d texts found", checked)
	}
}

// TestErrorsNameFiles has files whose names are words of the messages about them.
func TestErrorsNameFiles(t *testing.T) {
	path := array(t, []int64{2, 3}, count[int32](6))
	text := file(t, mmapnpy.Header{DType: dtype(t, "U1"), Shape: []int64{1}}, []byte{65, 0, 0, 0})
	t.Chdir(t.TempDir())
	for _, name := range []string{"a", "d", "mean", "bad index", "operation", "numbers", "9"} {
		for _, c := range []struct {
			from string
			want string
			args []string
		}{
			{path, ": bad index: ", []string{"get", name, "[9]"}},
			{path, ": bad index: ", []string{"reduce", "--op", "sum", "--over", "7", name}},
			{path, ": transpose: ", []string{"reduce", "--op", "mean", "--apply", "transpose=0,0", name}},
			{text, ": mean: operation not defined for this dtype: <U1", []string{"reduce", "--op", "mean", name}},
			{text, ": statistics are of numbers: operation not defined for this dtype: <U1", []string{"stats", name}},
			{text, ": mean: operation not defined for this dtype: <U1", []string{"run", "--op", "mean", "-o", "out.npy", name}},
		} {
			if err := os.WriteFile(name, read(t, c.from), 0o600); err != nil {
				t.Fatal(err)
			}
			o := lazynpy(t, c.args...)
			if o.code != exitFailure || !strings.HasPrefix(o.stderr, "lazynpy: "+name+c.want) {
				t.Errorf("%q: exit %d, %s", c.args, o.code, o.stderr)
			}
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if o := lazynpy(t, "get", name); !strings.HasSuffix(o.stderr, " "+name+": no such file or directory\n") {
			t.Errorf("a missing file: %s", o.stderr)
		}
	}
}
