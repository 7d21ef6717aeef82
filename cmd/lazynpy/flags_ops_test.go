package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// operands are inputs for every operation, and the files that the examples of operations name, in
// the current directory.
func operands(t *testing.T) (floats, integers, records string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	move := func(from, to string) string {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, to)
	}
	const frame = 16 * 18
	for _, name := range []string{"flat.npy", "background.npy", "dark.npy", "gain.npy"} {
		move(array(t, []int64{16, 18}, noise(frame)), name)
	}
	move(array(t, []int64{4, 3}, []bool{true, false, true, true, false, false, true, true, false, true, true, false}), "mask.npy")
	floats = move(array(t, []int64{4, 3, 16, 18}, noise(12*frame)), "floats.npy")
	integers = move(array(t, []int64{4, 3, 16, 18}, count[uint16](12*frame)), "integers.npy")
	records = move(file(t, mmapnpy.Header{DType: dtype(t, "[('energy', '<f8'), ('n', '<i4')]"), Shape: []int64{4}}, kernel.Bytes(count[int32](12))), "records.npy")
	return floats, integers, records
}

// example is an operation on an input that it works for.
func example(d ops.Description, floats, integers, records string) (op, input string) {
	op, input = d.Example, floats
	switch {
	case d.Name == "invert", strings.HasPrefix(d.Name, "bitwise_"), strings.HasSuffix(d.Name, "_shift"):
		input = integers
	case d.Name == "field":
		input = records
	case strings.HasPrefix(d.Name, "logical_") && d.Name != "logical_not":
		op = d.Name + "=flat.npy"
	}
	for name, spelled := range map[string]string{
		"transpose": "transpose=1,0,3,2", "squeeze": "squeeze", "reshape": "reshape=12,-1,9", "broadcast_to": "broadcast_to=2,4,3,16,18",
		"at_positions": `at_positions{"positions":[[0,1],[0,0],[2,0],[1,1]],"scan":[3,2]}`, "histogram": "histogram=7,-2,2.5",
		"masks": "masks=disk(8,8,3) ring(8,8,2.5,6) flat.npy", "center_of_mass": "center_of_mass=8,8.5",
		"radial_profile": "radial_profile=8,8,5", "radial_sum": "radial_sum=8,8",
	} {
		if d.Name == name {
			op = spelled
		}
	}
	return op, input
}

// TestOneLanguage computes every operation with run and with the verbs of one machine, which give
// the same bytes, and the same errors where an operation has no meaning.
func TestOneLanguage(t *testing.T) {
	if dir, err := os.MkdirTemp("/dev/shm", "lazynpy"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		t.Setenv("TMPDIR", dir) // where nothing waits for a disk
	}
	floats, integers, records := operands(t)
	for _, d := range ops.Describe() {
		op, input := example(d, floats, integers, records)
		t.Run(d.Name, func(t *testing.T) {
			if d.Kind == ops.MapKind {
				compareMap(t, op, input, records)
			} else {
				compareReducer(t, op, input, records)
			}
		})
	}
}

func compareMap(t *testing.T, op, input, records string) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	common := []string{"--nav", "0,1", "--chunks", "4KiB", "--apply", op}
	if input == records {
		common = []string{"--apply", op}
	}
	ok(t, append([]string{"run", input, "--map-output", at("run.npy"), "--op", "max", "-o", at("run-max.npy")}, common...)...)
	ok(t, append([]string{"convert", input, at("convert.npy"), "--order", "K", "--sync=false"}, common...)...)
	ok(t, append([]string{"reduce", input, "--op", "max", "-o", at("reduce-max.npy")}, common...)...)
	sameElements(t, at("run.npy"), at("convert.npy"))
	sameFiles(t, at("run-max.npy"), at("reduce-max.npy"))
	got, want := decode(t, ok(t, append([]string{"stats", "--json", input}, common...)...)), decode(t, ok(t, "stats", "--json", at("run.npy")))
	for _, key := range []string{"descr", "shape", "max", "argmin"} { // sums depend on the cut
		if !equalJSON(got[key], want[key]) {
			t.Errorf("stats: %s of the map is %v and of the output %v", key, got[key], want[key])
		}
	}
	wrong := []string{"--apply", op, records}
	if input == records {
		wrong[2] = filepath.Join(filepath.Dir(records), "flat.npy")
	}
	sameFailure(t, append([]string{"run", "--map-output", at("x.npy")}, wrong...), append([]string{"convert"}, append(wrong, at("x.npy"))...),
		append([]string{"reduce", "--op", "max"}, wrong...), append([]string{"stats"}, wrong...), append([]string{"hist"}, wrong...))
}

func compareReducer(t *testing.T, op, input, records string) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	common := []string{"--nav", "0,1", "--chunks", "4KiB", "--apply", "multiply=1.5", "--op", op, input}
	ok(t, append([]string{"run", "-o", at("run.npy")}, common...)...)
	ok(t, append([]string{"reduce", "-o", at("reduce.npy")}, common...)...)
	sameFiles(t, at("run.npy"), at("reduce.npy"))
	for _, over := range []string{"signal", "navigation", "0,-1"} {
		if op, err := ops.Parse(op); err != nil {
			t.Fatal(err)
		} else if _, err := op.WithOver(over); err != nil {
			continue
		}
		ok(t, append([]string{"run", "--over", over, "-o", at(over + ".npy")}, common...)...)
		ok(t, append([]string{"reduce", "--over", over, "-o", at("reduce.npy")}, common...)...)
		sameFiles(t, at(over+".npy"), at("reduce.npy"))
	}
	for _, ext := range []string{".json", ".raw"} {
		ok(t, append([]string{"reduce", "-o", at("as" + ext)}, common...)...)
		ok(t, "get", at("run.npy"), "-o", at("want"+ext))
		sameFiles(t, at("want"+ext), at("as"+ext))
	}
	sameFailure(t, []string{"run", "-o", at("x.npy"), "--op", op, records}, []string{"reduce", "-o", at("x.npy"), "--op", op, records},
		[]string{"reduce", "--op", op, records})
}

func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	if !bytes.Equal(read(t, a), read(t, b)) {
		t.Errorf("%s and %s differ:\n%s\n%s", filepath.Base(a), filepath.Base(b), ok(t, "info", a), ok(t, "info", b))
	}
}

// sameElements compares arrays whose headers may differ in length.
func sameElements(t *testing.T, a, b string) {
	t.Helper()
	if x, y := ok(t, "checksum", a), ok(t, "checksum", b); strings.Fields(x)[0] != strings.Fields(y)[0] {
		t.Errorf("%s %s and %s %s differ", filepath.Base(a), x, filepath.Base(b), y)
	}
	x, y := decode(t, ok(t, "info", "--json", a)), decode(t, ok(t, "info", "--json", b))
	for _, key := range []string{"descr", "shape", "fortran_order"} {
		if !equalJSON(x[key], y[key]) {
			t.Errorf("%s: %v and %v", key, x[key], y[key])
		}
	}
}

func equalJSON(a, b any) bool {
	x, xList := a.([]any)
	y, yList := b.([]any)
	if xList && yList {
		return slices.Equal(x, y)
	}
	return xList == yList && a == b
}

// sameFailure expects the error of the first command line, if it has one, of all others.
func sameFailure(t *testing.T, lines ...[]string) {
	t.Helper()
	first := lazynpy(t, lines[0]...)
	for _, args := range lines[1:] {
		if o := lazynpy(t, args...); first.code != exitOK && o != first {
			t.Errorf("%q: exit %d, %sand %q: exit %d, %s", lines[0], first.code, first.stderr, args, o.code, o.stderr)
		}
	}
}

// TestReduceOperations looks at what the tests of one language do not: what is printed, and files.
func TestReduceOperations(t *testing.T) {
	floats, integers, _ := operands(t)
	if got, want := ok(t, "reduce", "--op", "list"), ok(t, "run", "--op", "list"); got != want {
		t.Errorf("reduce lists\n%s", got)
	}
	for _, verb := range []string{"stats", "hist", "convert"} {
		if got, want := ok(t, verb, "--apply", "list"), ok(t, "run", "--op", "list"); got != want {
			t.Errorf("%s lists\n%s", verb, got)
		}
	}
	got := decode(t, ok(t, "reduce", "--json", "--nav", "0,1", "--apply", "astype=u1", "--op", "radial_sum=8,8,3", integers, ":, :, :4, :4"))
	if got["op"] != "radial_sum" || got["over"] != "" || !equalJSON(got["path"], integers) {
		t.Errorf("got %v", got)
	}
	got = decode(t, ok(t, "reduce", "--json", "--apply", "multiply=2", "--op", "std=1", "--over", "0", integers, "::2, 0, 0, 0"))
	params, _ := got["params"].(map[string]any)
	apply, _ := got["apply"].([]any)
	if got["op"] != "std" || got["over"] != "0" || params["ddof"] != num(1) || len(params) != 1 || len(apply) != 1 || got["slice"] != "::2, 0, 0, 0" {
		t.Errorf("got %v", got)
	}
	for _, args := range [][]string{
		{"reduce", "--apply", "subtract=flat.npy", "--op", "sum", floats, "-o", "flat.npy"},
		{"reduce", "--nav", "0,1", "--op", "masks=flat.npy", floats, "-o", "flat.npy"},
		{"convert", "--apply", "subtract=flat.npy", floats, "flat.npy"},
	} {
		before := read(t, "flat.npy")
		fails(t, exitUsage, []string{"flat.npy"}, args...)
		if !bytes.Equal(before, read(t, "flat.npy")) {
			t.Errorf("%q wrote over its operand", args)
		}
	}
	for _, c := range []struct {
		words []string
		args  []string
	}{
		{[]string{`no operation "quantiles"`, "there are", "histogram"}, []string{"--op", "quantiles"}},
		{[]string{`no operation "summ"; close to it: sum`}, []string{"--op", "summ"}},
		{[]string{"--op sqrt", "for --apply"}, []string{"--op", "sqrt"}},
		{[]string{"--apply sum", "for --op"}, []string{"--apply", "sum", "--op", "sum"}},
		{[]string{"parameter ddof"}, []string{"--op", "std=x"}},
		{[]string{"two results", "sum.npy"}, []string{"--op", "sum,sum", "-o", "{op}.npy"}},
		{[]string{"--over is for"}, []string{"--op", "center_of_mass", "--over", "0"}},
		{[]string{"an --op each"}, []string{"--op", "sum,std=1"}},
	} {
		for _, verb := range []string{"reduce", "run"} {
			args := append([]string{verb, floats}, c.args...)
			if verb == "run" && !slices.Contains(args, "-o") {
				args = append(args, "-o", "x.npy")
			}
			fails(t, exitUsage, c.words, args...)
		}
	}
	fails(t, exitFailure, []string{floats, "subtract", "missing.npy"}, "reduce", "--apply", "subtract=missing.npy", "--op", "sum", floats)
	fails(t, exitFailure, []string{floats, "masks", "missing.npy"}, "reduce", "--nav", "0,1", "--op", "masks=missing.npy", floats)
	if got := ok(t, "stats", "--json", "--chunks", "4KiB", floats); !strings.Contains(got, `"count":3456`) {
		t.Errorf("stats of blocks of 4 KiB: %s", got)
	}
}
