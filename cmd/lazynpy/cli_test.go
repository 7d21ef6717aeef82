package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// outcome is what one command line gave.
type outcome struct {
	code           int
	stdout, stderr string
}

func lazynpy(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// ok runs a command that must succeed, and returns its standard output.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	o := lazynpy(t, args...)
	if o.code != exitOK {
		t.Fatalf("lazynpy %q: exit %d\n%s%s", args, o.code, o.stdout, o.stderr)
	}
	return o.stdout
}

// fails runs a command that must fail with one line that holds the given words.
func fails(t *testing.T, code int, words []string, args ...string) {
	t.Helper()
	o := lazynpy(t, args...)
	if o.code != code {
		t.Errorf("lazynpy %q: exit %d, want %d\n%s", args, o.code, code, o.stderr)
	}
	if !strings.HasPrefix(o.stderr, "lazynpy: ") || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("lazynpy %q: error is not one line of ours: %q", args, o.stderr)
	}
	for _, w := range words {
		if !strings.Contains(o.stderr, w) {
			t.Errorf("lazynpy %q: error %q does not mention %q", args, o.stderr, w)
		}
	}
}

// array writes a file of elements of T in a new directory.
func array[T any](t *testing.T, shape []int64, elements []T) string {
	t.Helper()
	dtype, err := mmapnpy.DTypeOf[T]()
	if err != nil {
		t.Fatal(err)
	}
	return file(t, mmapnpy.Header{DType: dtype, Shape: shape}, kernel.Bytes(elements))
}

// file writes a header and whatever follows it in a new directory.
func file(t *testing.T, h mmapnpy.Header, data []byte) string {
	t.Helper()
	head, err := mmapnpy.EncodeHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	return rawFile(t, append(head, data...))
}

func rawFile(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func dtype(t *testing.T, s string) mmapnpy.DType {
	t.Helper()
	d, err := mmapnpy.ParseDType(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// count is 0, 1, … n-1.
func count[T int16 | int32 | int64 | uint16 | float64](n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T(i)
	}
	return s
}

// field decodes one line of JSON.
func decode(t *testing.T, line string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	if d.More() || strings.Count(line, "\n") != 1 {
		t.Fatalf("not one object on one line: %q", line)
	}
	return v
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// leftovers fails if a directory has files other than the given ones.
func leftovers(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%s holds %q, want %q", dir, names, want)
	}
}

func TestUsageErrors(t *testing.T) {
	path := array(t, []int64{3}, []int32{1, 2, 3})
	for _, args := range [][]string{
		{"nonsense"},
		{"--nonsense"},
		{"info"},
		{"info", "--nonsense", path},
		{"plan", path, "extra"},
		{"stats", "--memory", "lots", path},
		{"stats", "--workers", "-1", path},
		{"stats", "--chunks", "{", path},
		{"stats", "--backend", "telepathy", path},
		{"stats", "--checksums", "sometimes", path},
		{"stats", "--nav", "x", path},
		{"stats", path, "1:2:0"},
		{"get", path, "[1"},
		{"get", path, "-o", "out.xlsx"},
		{"get", path, "-o", path},
		{"head", "-n", "-1", path},
		{"plan", "-n", "-1", path},
		{"plan", "--field", "x", path},
		{"hist", "--bins", "0", path},
		{"hist", "--range", "1", path},
		{"reduce", path},
		{"reduce", "--op", "median", path},
		{"reduce", "--op", "sum", "--over", "everything", path},
		{"reduce", "--op", "sum,mean", path, "-o", "out.npy"},
		{"reduce", "--op", "sum", path, "-o", path},
		{"checksum", "--slice", "a", path},
		{"png", "--cmap", "jet", path},
		{"png", "--percentile", "5,101", path},
		{"png", "--range", "1,1", path},
		{"png", "--range", "0,1", "--log", path},
		{"convert", path},
		{"convert", "--dtype", "f9", path, "out.npy"},
		{"convert", "--order", "X", path, "out.npy"},
		{"convert", "--byteorder", "middle", path, "out.npy"},
		{"convert", path, path},
		{"convert", path, "out"},
		{"convert", "--format", "npz", path, "-"},
		{"convert", "--key", "x", path, "out.npy"},
		{"ls"},
		{"index"},
		{"index", "--span", "1", path},
		{"repack"},
		{"repack", path, "-o", "-"},
		{"repack", path, "--only", "x"},
		{"repack", path, "--store", "--deflate", "-o", "out.npz"},
		{"repack", path, "--align", "48", "-o", "out.npz"},
		{"repack", path, "--chunk", "1GiB", "-o", "out.npz"},
		{"extract"},
		{"extract", path, "-o", "out"},
		{"add", path},
		{"add", path, "="},
		{"add", "--deflate=10", "out.npz", path},
		{"add", "--deflate", "9", "out.npz", path},
		{"validate", "--no-crc=maybe", path},
		{"demo", "--size", "1kB"},
		{"demo", "extra"},
	} {
		fails(t, exitUsage, nil, args...)
	}
}

func TestFailuresNameTheFile(t *testing.T) {
	dir := t.TempDir()
	path := array(t, []int64{2, 3}, count[int32](6))
	short := filepath.Join(dir, "short.npy")
	if err := os.WriteFile(short, read(t, path)[:140], 0o666); err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(dir, "junk.npy")
	if err := os.WriteFile(junk, []byte("not an array, but long enough to be one"), 0o666); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.npy")
	for _, bad := range []string{missing, short, junk, dir} {
		for _, verb := range []string{"info", "head", "get", "stats", "hist", "plan", "checksum", "png"} {
			fails(t, exitFailure, []string{bad}, verb, bad)
		}
		fails(t, exitFailure, []string{bad}, "reduce", "--op", "sum", bad)
		fails(t, exitFailure, []string{bad}, "convert", bad, filepath.Join(dir, "out.npy"))
	}
	for _, args := range [][]string{
		{"get", path, "5"},
		{"get", path, "0, 0, 0"},
		{"get", path, "--field", "x"},
		{"stats", "--nav", "2", path},
		{"stats", "--nav", "0,0", path},
		{"stats", "--memory", "1MiB", path},
		{"stats", "--workers", "5000", path},
		{"plan", "--chunks", "(1, 2, 3)", path},
		{"reduce", "--op", "sum", "--over", "7", path},
		{"png", path, "0"},
		{"hist", "--range", "2,1", path},
		{"convert", "--dtype", "S3", path, filepath.Join(dir, "out.npy")},
	} {
		fails(t, exitFailure, []string{path}, args...)
	}
	leftovers(t, dir, "short.npy", "junk.npy")
}

func TestFailedOutputLeavesNothing(t *testing.T) {
	path := array(t, []int64{2, 2, 2}, count[int32](8))
	dir := t.TempDir()
	out := filepath.Join(dir, "out.csv")
	if err := os.WriteFile(out, []byte("as it was"), 0o640); err != nil {
		t.Fatal(err)
	}
	fails(t, exitFailure, []string{path, "two dimensions"}, "get", path, "-o", out)
	if got := string(read(t, out)); got != "as it was" {
		t.Errorf("output is %q after a failure", got)
	}
	leftovers(t, dir, "out.csv")
	fails(t, exitFailure, []string{"nowhere"}, "get", path, "-o", filepath.Join(dir, "nowhere", "out.npy"))

	ok(t, "get", path, "0", "-o", out)
	if got := string(read(t, out)); got != "0,1\n2,3\n" {
		t.Errorf("output is %q", got)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions of the output became %v, %v", info.Mode(), err)
	}
	leftovers(t, dir, "out.csv")
}

func TestInterrupted(t *testing.T) {
	path := array(t, []int64{1000}, count[float64](1000))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"stats", path}, {"hist", path}, {"checksum", path}, {"get", path}, {"demo", "--size", "1MiB", "--out", t.TempDir()},
		{"get", path, "-o", filepath.Join(t.TempDir(), "out.npy")},
	} {
		var stdout, stderr bytes.Buffer
		code := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
		if code != exitInterrupted || stderr.String() != "lazynpy: interrupted\n" {
			t.Errorf("%q: exit %d, %q", args, code, stderr.String())
		}
	}
}

func TestSeveralFiles(t *testing.T) {
	good := array(t, []int64{3}, []int32{1, 2, 3})
	bad := filepath.Join(t.TempDir(), "missing.npy")
	for _, verb := range []string{"info", "checksum", "validate"} {
		o := lazynpy(t, verb, bad, good)
		if o.code != exitFailure || !strings.Contains(o.stdout, good) || !strings.Contains(o.stderr, bad) {
			t.Errorf("%s: exit %d, %q, %q", verb, o.code, o.stdout, o.stderr)
		}
	}
}

func TestNegativeSlices(t *testing.T) {
	path := array(t, []int64{2, 3}, count[int32](6))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"get", path, "-1"}, "[3 4 5]\n"},
		{[]string{"get", "-1", "--format", "raw"}, ""}, // -1 is a file that is not there
		{[]string{"get", path, "-1:, -1"}, "[5]\n"},
		{[]string{"get", "--nav", "-1", path, "-2"}, "[0 1 2]\n"},
		{[]string{"get", "--", path, "-1, 0"}, "3\n"},
		{[]string{"reduce", "--op", "sum", "--over", "-1", path}, "[ 3 12]\n"},
	} {
		o := lazynpy(t, c.args...)
		if o.stdout != c.want || (o.code == exitOK) != (c.want != "") {
			t.Errorf("%q: exit %d, %q, %s", c.args, o.code, o.stdout, o.stderr)
		}
	}
	if v := decode(t, ok(t, "stats", "--json", path, "-1")); v["slice"] != "-1" {
		t.Errorf("slice is %q", v["slice"])
	}
}

// TestHostileFiles runs every verb on files that are broken in every known way.
func TestHostileFiles(t *testing.T) {
	files, err := filepath.Glob("../../testdata/torture/*.npy")
	if err != nil || len(files) < 200 {
		t.Fatalf("%d torture files, %v", len(files), err)
	}
	for _, path := range files {
		for _, args := range [][]string{
			{"info"}, {"info", "--lenient", "--json"}, {"head", "-n", "2"}, {"get"}, {"get", "--json"}, {"get", "--format", "csv"},
			{"stats"}, {"hist", "--bins", "3"}, {"plan", "-n", "2"}, {"reduce", "--op", "max,mean,argmin,count_nan", "--over", "0"},
			{"checksum"}, {"validate", "--json"}, {"png"}, {"convert", "--format", "raw", "-"},
		} {
			at := 1
			if args[0] == "convert" {
				at = len(args) - 1
			}
			o := lazynpy(t, slices.Insert(slices.Clone(args), at, path)...)
			if o.code != exitOK && o.code != exitFailure || strings.Count(o.stderr, "\n") > 1 || strings.Contains(o.stderr, "internal error") {
				t.Errorf("%q of %s: exit %d, %s", args, path, o.code, o.stderr)
			}
			if o.stderr != "" && !strings.Contains(o.stderr, path) {
				t.Errorf("%q of %s: error %q does not name the file", args, path, o.stderr)
			}
		}
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	var stderr bytes.Buffer
	c := &cli{stderr: &stderr}
	c.complain(errors.Join(errors.New("first\nsecond"), errors.New("third")))
	if got := stderr.String(); got != "lazynpy: first; second; third\n" {
		t.Errorf("got %q", got)
	}
}

func TestHelpVersionCompletion(t *testing.T) {
	if help := ok(t); !strings.Contains(help, "validate") || !strings.Contains(help, "--chunks") {
		t.Errorf("help lacks verbs or flags:\n%s", help)
	}
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if got := ok(t, args...); !strings.HasPrefix(got, "lazynpy ") || strings.Count(got, "\n") != 1 {
			t.Errorf("%q gave %q", args, got)
		}
	}
	for _, name := range []string{"lazynpy\n===", "Go, its runtime", "klauspost/compress", "edsrzf/mmap-go", "Apache License"} {
		if !strings.Contains(ok(t, "version", "--licenses"), name) {
			t.Errorf("version --licenses lacks %q", name)
		}
	}
	v := decode(t, ok(t, "version", "--json"))
	for _, name := range []string{"version", "go", "os", "arch"} {
		if v[name] == "" {
			t.Errorf("version --json lacks %s", name)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := ok(t, "completion", shell); !strings.Contains(got, "lazynpy") {
			t.Errorf("completion %s is empty", shell)
		}
	}
	if got := ok(t, "__complete", "val"); !strings.HasPrefix(got, "validate") {
		t.Errorf("completion of val is %q", got)
	}
}

// TestVerbsHaveGroups finds each verb in a group of the help, but for those that are about the
// program itself.
func TestVerbsHaveGroups(t *testing.T) {
	for _, verb := range newRootCommand(&cli{}).Commands() {
		if verb.GroupID == "" && verb.Name() != "demo" && verb.Name() != "version" {
			t.Errorf("%s is in no group", verb.Name())
		}
	}
	help := ok(t, "--help")
	look, archives := strings.Index(help, "\nLook:\n"), strings.Index(help, "\nArchives:\n")
	if info, ls := strings.Index(help, "\n  info "), strings.Index(help, "\n  ls "); look < 0 || info < look || archives < info || ls < archives {
		t.Errorf("help:\n%s", help)
	}
}

// TestOptionsRegisterTheirFlags keeps what a verb accepts in one place of its file: the method
// register of its options.
func TestOptionsRegisterTheirFlags(t *testing.T) {
	files, err := filepath.Glob("cmd_*.go")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		if got := regexp.MustCompile(`\.Flags\(\)\.\w*Var\w*\(`).Find(read(t, path)); got != nil {
			t.Errorf("%s: %s", path, got)
		}
	}
}
