package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/distributed"
	"github.com/lazynpy/lazynpy/mmapnpy"
	"github.com/lazynpy/lazynpy/ops"
)

// noise is floats whose sums depend on the order of adding.
func noise(n int) []float64 {
	rng := rand.New(rand.NewPCG(3, 4))
	s := make([]float64, n)
	for i := range s {
		s[i] = rng.NormFloat64()
	}
	return s
}

// withoutID replaces what is different on each machine: directories, and the name of the plan.
func withoutID(text string, dirs ...string) string {
	for i, dir := range dirs {
		text = strings.ReplaceAll(text, dir, "DIR"+string(rune('0'+i)))
	}
	return regexp.MustCompile(`lazynpy-[0-9a-f]{12}`).ReplaceAllString(text, "NAME")
}

func TestRunReduces(t *testing.T) {
	path, dir := array(t, []int64{6, 5, 4}, noise(120)), t.TempDir()
	t.Chdir(dir)
	o := lazynpy(t, "run", "--nav", "0", "--chunks", "(1, -1, -1)", "--op", "sum, mean", "--op", "std=1", "--over", "signal", path, "-o", "{op}.npy")
	want := "sum.npy: sum of " + path + ", (6,) float64\nmean.npy: mean of " + path + ", (6,) float64\nstd.npy: std of " + path + ", (6,) float64\n"
	if o.code != exitOK || o.stdout != "" || o.stderr != want {
		t.Fatalf("exit %d, %q, %q", o.code, o.stdout, o.stderr)
	}
	ok(t, "reduce", "--nav", "0", "--chunks", "(1, -1, -1)", "--op", "sum,mean", "--over", "signal", path, "-o", "want-{op}.npy")
	for _, op := range []string{"sum", "mean"} {
		if got, want := read(t, op+".npy"), read(t, "want-"+op+".npy"); !bytes.Equal(got, want) {
			t.Errorf("%s is other than that of reduce", op)
		}
	}
	leftovers(t, dir, "sum.npy", "mean.npy", "std.npy", "sum.npy.run", "want-sum.npy", "want-mean.npy")

	o = lazynpy(t, "run", "--nav", "0", "--chunks", "(1, -1, -1)", "--op", "sum,mean", "--op", "std=1", "--over", "signal", path, "-o", "{op}.npy")
	if o.code != exitOK || !strings.Contains(o.stderr, "complete already") || !strings.Contains(o.stderr, want) {
		t.Errorf("the second time: exit %d, %q", o.code, o.stderr)
	}
	fails(t, exitFailure, []string{"another plan"}, "run", "--op", "min", path, "-o", "min.npy", "--run-dir", "sum.npy.run")
	if err := os.Remove("std.npy"); err != nil {
		t.Fatal(err)
	}
	before := read(t, "mean.npy")
	if o = lazynpy(t, "status", "sum.npy"); !strings.Contains(o.stdout, "std.npy: it is gone") {
		t.Errorf("status without an output: exit %d, %q", o.code, o.stdout)
	}
	fails(t, exitFailure, []string{"not what was published", "std.npy"}, "verify", "sum.npy.run")
	if o = lazynpy(t, "resume", "sum.npy"); o.code != exitOK || !strings.Contains(o.stderr, "it is made again") || !strings.Contains(o.stderr, want) {
		t.Errorf("without an output: exit %d, %q", o.code, o.stderr)
	}
	if !bytes.Equal(read(t, "mean.npy"), before) {
		t.Error("the outputs are others")
	}
	ok(t, "verify", "sum.npy")
	if err := os.WriteFile("mean.npy", read(t, "std.npy"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := read(t, "std.npy")
	for _, args := range [][]string{{"verify", "sum.npy"}, {"resume", "sum.npy"},
		{"run", "--nav", "0", "--chunks", "(1, -1, -1)", "--op", "sum,mean", "--op", "std=1", "--over", "signal", path, "-o", "{op}.npy"}} {
		fails(t, exitFailure, []string{"not what was published: ", "mean.npy: its CRC-32C was"}, args...)
	}
	if !bytes.Equal(read(t, "mean.npy"), other) {
		t.Error("what is in the place of an output was replaced")
	}
}

func TestRunJSON(t *testing.T) {
	path, dir := array(t, []int64{4, 3}, count[uint16](12)), t.TempDir()
	got := ok(t, "run", "--json", "--apply", "multiply=2.0", "--apply", "astype=f4", "--op", "max", "--over", "0", path,
		"-o", filepath.Join(dir, "max.npy"), "--map-output", filepath.Join(dir, "half.npy"), "--run-dir", filepath.Join(dir, "r"))
	ops := `{"name":"multiply","params":{"operand":2.0}},{"name":"astype","params":{"dtype":"<f4"}}`
	want := `{"path":"DIR0","plan":"NAME","run_dir":"DIR1/r","engine":"pool","state":"done","job":"","verified":false,"attempts":1,"duplicates":0,` +
		`"outputs":[{"output":"DIR1/max.npy","ops":[` + ops + `,{"name":"max","params":{"over":"0"}}],"descr":"<f4","shape":[3]},` +
		`{"output":"DIR1/half.npy","ops":[` + ops + `],"descr":"<f4","shape":[4,3]}]}` + "\n"
	if got = withoutID(got, path, dir); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := ok(t, "get", filepath.Join(dir, "half.npy"), "-1"), "[18. 20. 22.]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	leftovers(t, dir, "max.npy", "half.npy", "r")
}

// TestRunEngines gets the same bytes from processes as from goroutines.
func TestRunEngines(t *testing.T) {
	path, dir := array(t, []int64{16, 8, 8}, noise(1024)), t.TempDir()
	for _, engine := range [][]string{{"pool", "--workers", "2", "--memory", "64MiB"}, {"proc", "--processes", "2"}} {
		out := filepath.Join(dir, engine[0])
		ok(t, append([]string{"run", path, "--chunks", "(1, -1, -1)", "--portion", "512", "--tasks", "4", "--apply", "square", "--write", "sync",
			"--op", "sum", "-o", out + "-sum.npy", "--map-output", out + "-map.npy", "--run-dir", out, "--engine"}, engine...)...)
		s, err := distributed.StatusOf(t.Context(), out)
		if err != nil || s.State != "done" || s.Portions != 16 || len(s.Attempts) == 0 || s.Attempts[0].Engine != engine[0] {
			t.Errorf("%s: status %+v, %v", engine[0], s, err)
		}
	}
	for _, end := range []string{"-sum.npy", "-map.npy"} {
		if !bytes.Equal(read(t, filepath.Join(dir, "pool"+end)), read(t, filepath.Join(dir, "proc"+end))) {
			t.Errorf("%s differs between engines", end)
		}
	}
}

// nested is a record of an int16 and a record of an int16.
func nested(t *testing.T) mmapnpy.DType {
	t.Helper()
	inner, err := mmapnpy.StructOf(mmapnpy.Field{Name: "c", DType: dtype(t, "<i2")})
	if err != nil {
		t.Fatal(err)
	}
	outer, err := mmapnpy.StructOf(mmapnpy.Field{Name: "a", DType: dtype(t, "<i2")}, mmapnpy.Field{Name: "b", DType: inner})
	if err != nil {
		t.Fatal(err)
	}
	return outer
}

func TestRunSources(t *testing.T) {
	dir := t.TempDir()
	raw := filepath.Join(dir, "a.raw")
	if err := os.WriteFile(raw, []byte("xx\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00"), 0o666); err != nil {
		t.Fatal(err)
	}
	table := file(t, mmapnpy.Header{DType: nested(t), Shape: []int64{2}}, []byte{1, 0, 2, 0, 3, 0, 4, 0})
	frames := array(t, []int64{3, 2}, []int32{1, 2, 3, 4, 5, 6})
	places := array(t, []int64{3, 2}, []int32{0, 1, 1, 0, 1, 1})
	for i, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--dtype", "<u2", "--offset", "2", "--shape", "2,3", "--order", "F", "--over", "0", raw}, "[ 3  7 11]\n"},
		{[]string{"--key", "a", table}, "4\n"},
		{[]string{"--field", "b", "--field", "c", table}, "6\n"},
		{[]string{"--positions", places, "--scan", "2,2", "--over", "signal", frames}, "[[ 0  3]\n [ 7 11]]\n"},
		{[]string{"--positions", places, "--over", "navigation", frames}, "[ 9 12]\n"},
	} {
		out := filepath.Join(dir, string(rune('a'+i))+".npy")
		ok(t, append([]string{"run", "--op", "sum", "-o", out}, c.args...)...)
		if got := ok(t, "get", out); got != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
	fails(t, exitFailure, []string{"a.npy: positions: want integers"}, "run", "--positions", array(t, []int64{3}, []float64{0, 1, 2}), "--map-output", filepath.Join(dir, "x.npy"), frames)
	fails(t, exitFailure, []string{"missing.npy"}, "run", "--op", "sum", "-o", filepath.Join(dir, "x.npy"), filepath.Join(dir, "missing.npy"))
	fails(t, exitFailure, []string{frames}, "run", "--op", "sum", "--over", "7", "-o", filepath.Join(dir, "x.npy"), frames)
}

func TestRunUsage(t *testing.T) {
	path, out := array(t, []int64{3}, []int32{1, 2, 3}), filepath.Join(t.TempDir(), "out.npy")
	good := []string{"run", path, "-o", out, "--op", "sum"}
	for _, c := range []struct {
		word string
		args []string
	}{
		{"missing argument", []string{"run"}},
		{"unexpected argument", []string{"run", path, path, "--op", "sum", "-o", out}},
		{"unexpected argument", []string{"run", "--op", "list", path}},
		{"nothing to compute", []string{"run", path}},
		{"-o is missing", []string{"run", path, "--op", "sum"}},
		{"-o is for", []string{"run", path, "-o", out, "--map-output", out}},
		{"two results", append(good, "--map-output", out)},
		{"{op}", append(good, "--op", "mean")},
		{"two results", []string{"run", path, "-o", "{op}.npy", "--op", "sum,sum"}},
		{".npy", []string{"run", path, "-o", "sum.png", "--op", "sum"}},
		{"the output is the input", []string{"run", path, "-o", path, "--op", "sum"}},
		{"no operation", []string{"run", path, "-o", out, "--op", "median"}},
		{"--apply", []string{"run", path, "-o", out, "--op", "sqrt"}},
		{"an --op each", []string{"run", path, "-o", "{op}.npy", "--op", "sum,std=1"}},
		{"--op", append(good, "--apply", "sum")},
		{"no operation", append(good, "--apply", "sqqqrt")},
		{"everything", append(good, "--over", "everything")},
		{"--over", []string{"run", path, "-o", out, "--op", "masks=disk(1,1,1)", "--over", "signal"}},
		{"--dtype", append(good, "--offset", "2")},
		{"--dtype", append(good, "--shape", "2")},
		{"--order", append(good, "--dtype", "u1", "--order", "X")},
		{"--offset", append(good, "--dtype", "u1", "--offset", "-2")},
		{"--key", append(good, "--key", "a", "--field", "a")},
		{"--positions", append(good, "--scan", "2,2")},
		{"--tasks", append(good, "--tasks", "-1")},
		{"--portion", append(good, "--portion", "some")},
		{"--write", append(good, "--write", "sync")},
		{"--write", []string{"run", path, "--map-output", out, "--write", "later"}},
		{"--backend", append(good, "--backend", "mmap")},
		{"--lenient", append(good, "--lenient")},
		{"--checksums", append(good, "--checksums", "never")},
		{"--engine", append(good, "--engine", "mainframe")},
		{"--memory", append(good, "--engine", "proc", "--memory", "64MiB")},
		{"--workers", append(good, "--engine", "slurm", "--workers", "2")},
		{"--processes", append(good, "--processes", "2")},
		{"--processes", append(good, "--engine", "proc", "--processes", "-2")},
		{"--partition", append(good, "--partition", "short")},
		{"--detach", append(good, "--detach")},
		{"--wait=false", append(good, "--engine", "proc", "--wait=false")},
		{"exclude", append(good, "--engine", "slurm", "--wait", "--detach")},
		{"--print", append(good, "--print")},
		{"--print", append(good, "--engine", "slurm", "--print", "--detach")},
		{"JSON", append(good, "--engine", "slurm", "--print", "--json")},
		{"--cpus", append(good, "--engine", "slurm", "--cpus", "many")},
		{"Ranks", append(good, "--engine", "slurm", "--ranks", "-1")},
		{"--image", append(good, "--engine", "kubernetes", "--volume", "host:/data")},
		{"--volume", append(good, "--engine", "kubernetes", "--image", "x")},
		{"volume", append(good, "--engine", "kubernetes", "--image", "x", "--volume", "/data")},
		{"--label", append(good, "--engine", "kubernetes", "--image", "x", "--volume", "host:/data", "--label", "queue")},
		{"--max-running", append(good, "--engine", "kubernetes", "--image", "x", "--volume", "host:/data", "--max-running", "-1")},
		{"--engine", append(good, "--engine", "pbs", "--print")},
		{"missing argument", []string{"resume"}},
		{"--finish", []string{"resume", "--finish", "x"}},
		{"--nav", []string{"resume", "--nav", "0", "x"}},
		{"missing argument", []string{"status"}},
		{"--interval", []string{"status", "--interval", "1s", "x"}},
		{"--interval", []string{"status", "--watch", "--interval", "1ms", "x"}},
		{"--chunks", []string{"status", "--chunks", "1", "x"}},
		{"missing argument", []string{"cancel"}},
		{"--memory", []string{"cancel", "--memory", "64MiB", "x"}},
		{"unexpected argument", []string{"verify", "x", "y"}},
		{"--workers", []string{"verify", "--workers", "2", "x"}},
	} {
		fails(t, exitUsage, []string{c.word}, c.args...)
	}
	for _, verb := range []string{"status", "resume", "cancel", "verify"} {
		fails(t, exitFailure, []string{"nowhere"}, verb, filepath.Join(t.TempDir(), "nowhere"))
	}
	leftovers(t, filepath.Dir(out))
}

func TestRunListsOperations(t *testing.T) {
	text := squeeze(ok(t, "run", "--op", "list"))
	for _, want := range []string{"sqrt --apply sqrt the square root", "std --op std=1 the standard deviation"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	lines := strings.SplitAfter(strings.TrimSpace(ok(t, "run", "--op", "list", "--json")), "\n")
	if len(lines) != len(ops.Describe()) {
		t.Errorf("%d lines for %d operations", len(lines), len(ops.Describe()))
	}
	want := map[string]any{"name": "absolute", "kind": "map", "example": "absolute", "params": nil, "text": "the magnitude, a float for complex numbers"}
	if got := decode(t, lines[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	help := ok(t, "run", "--help")
	for _, name := range append(ops.MapNames(), ops.ReducerNames()...) {
		if !strings.Contains(help, name) {
			t.Errorf("the help does not name %s", name)
		}
	}
}

func TestSetOver(t *testing.T) {
	o := operations{ops: []string{`sum{"over":"0"}`, "mean,max", "radial_sum=1,1"}, over: "signal"}
	if err := o.check("run"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, op := range o.reducers {
		got = append(got, op.String())
	}
	want := []string{`sum{"over":"0"}`, `mean{"over":"signal"}`, `max{"over":"signal"}`, `radial_sum{"cx":1,"cy":1}`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRunInterrupted says how to go on, and it does.
func TestRunInterrupted(t *testing.T) {
	path, out := array(t, []int64{3}, []int32{1, 2, 3}), filepath.Join(t.TempDir(), "my sum.npy")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	code := run(ctx, []string{"run", "--op", "sum", path, "-o", out}, strings.NewReader(""), &bytes.Buffer{}, &stderr)
	if want := "lazynpy: interrupted; to go on: lazynpy resume '" + out + ".run'\n"; code != exitInterrupted || stderr.String() != want {
		t.Fatalf("exit %d, %q, want %q", code, stderr.String(), want)
	}
	ok(t, "resume", out+".run")
	if got := ok(t, "get", out); got != "6\n" {
		t.Errorf("the sum is %q", got)
	}
}

func TestRunGoesOn(t *testing.T) {
	err := goesOn(fmt.Errorf("%w: slurm: 4 workers", distributed.ErrCancelled), "it's here.run")
	if !errors.Is(err, distributed.ErrCancelled) || !strings.HasSuffix(err.Error(), `4 workers; to go on: lazynpy resume 'it'\''s here.run', with --persist also after the next time`) {
		t.Error(err)
	}
	other := errors.New("another")
	if err := goesOn(other, "x"); !errors.Is(err, other) || err.Error() != "another" {
		t.Error(err)
	}
	if err := goesOn(nil, "x"); err != nil {
		t.Error(err)
	}
}
