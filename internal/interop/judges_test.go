//go:build interop

package interop

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
)

// judged is what the cases of all judges of operations have.
type judged struct {
	dir      string // where the files are
	Name     string
	Inputs   []string
	Error    string   // why it must be refused; empty if it must not
	Expected string   // a file of the result
	Chunks   []string // two ways to cut the array that is computed
}

func (j *judged) in(dir string) { j.dir = dir }

// judge runs a script that writes files and cases about them.
func judge[T any](t *testing.T, script string, count int, in func(c *T, dir string), args ...string) []T {
	t.Helper()
	dir, s := t.TempDir(), seed(t)
	// HyperSpy and matplotlib keep settings in the home directory: not in that of whoever runs
	// this.
	t.Setenv("HOME", dir)
	t.Setenv("MPLCONFIGDIR", dir)
	python(t, script, append([]string{strconv.FormatInt(s, 10), strconv.Itoa(count), dir}, args...)...)
	cases := readLines[T](t, readFile(t, filepath.Join(dir, "cases.jsonl")))
	if len(cases) < count {
		t.Fatalf("%d cases instead of %d", len(cases), count)
	}
	t.Logf("seed %d, %d cases", s, len(cases))
	for i := range cases {
		in(&cases[i], dir)
	}
	return cases
}

// open opens a file of the case.
func (j *judged) open(t *testing.T, name string, opts ...lazy.Option) *lazy.Array {
	t.Helper()
	a, err := lazy.Open(filepath.Join(j.dir, name), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// load reads a file of the case in native byte order.
func (j *judged) load(t *testing.T, name string) *lazy.Result {
	t.Helper()
	return native(t, j.open(t, name))
}

// native reads an array in native byte order.
func native(t *testing.T, a *lazy.Array) *lazy.Result {
	t.Helper()
	r, err := inNativeOrder(t, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func inNativeOrder(t *testing.T, a *lazy.Array) (*lazy.Result, error) {
	cast, err := a.AsType(a.DType().WithByteOrder('='))
	if err != nil {
		return nil, err
	}
	return cast.Load(t.Context())
}

// everyWay computes something with 1, 2 and 8 workers and with every chunking of the case. All
// results must be the same, bit for bit; unless pooled says that chunks may cut sums of floats
// elsewhere, then only those of one chunking.
func (j *judged) everyWay(t *testing.T, a *lazy.Array, pooled bool, compute func(*lazy.Array) (*lazy.Result, error)) *lazy.Result {
	t.Helper()
	var first *lazy.Result
	for _, chunks := range append([]string{"auto"}, j.Chunks...) {
		var same *lazy.Result
		for _, workers := range []int{1, 2, 8} {
			way := fmt.Sprintf("%d workers, chunks %s", workers, chunks)
			b, err := a.With(lazy.Workers(workers), lazy.Chunks(chunks))
			if err != nil {
				t.Fatalf("%s: %v", way, err)
			}
			r, err := compute(b)
			if err != nil {
				t.Fatalf("%s: %v", way, err)
			}
			if same == nil {
				same = r
			}
			if first == nil {
				first = r
			}
			if !r.Equal(same) || !pooled && !r.Equal(first) {
				t.Fatalf("%s: another result than before", way)
			}
		}
	}
	return first
}

// loaded is everyWay of reading the array itself.
func (j *judged) loaded(t *testing.T, a *lazy.Array) *lazy.Result {
	t.Helper()
	return j.everyWay(t, a, false, func(b *lazy.Array) (*lazy.Result, error) { return inNativeOrder(t, b) })
}

// equal compares a result with the expected file: dtype, shape and elements, where any NaN is as
// good as another, and a number may be so many units in the last place away.
func (j *judged) equal(t *testing.T, got *lazy.Result, ulps int) {
	t.Helper()
	want := j.load(t, j.Expected)
	if !got.DType().WithByteOrder('=').Equal(want.DType()) {
		t.Errorf("dtype %s instead of %s", got.DType(), want.DType())
		return
	}
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("shape %v instead of %v", got.Shape(), want.Shape())
		return
	}
	a, err1 := texts(got.Buffer())
	b, err2 := texts(want.Buffer())
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	group := len(b) / max(1, int(want.Len())) // 2 for complex numbers
	for i, v := range a {
		if v == b[i] || ulps > 0 && sameText(v, b[i]) {
			continue
		}
		if !near(v, b[i], b[i/group*group:(i/group+1)*group], float64(ulps), ulpOf(want.DType())) {
			t.Errorf("element %d of %v: %s instead of %s", i/group, want.Shape(), v, b[i])
			return
		}
	}
}

// near reports whether two numbers are so many units apart, in the last place of the whole that
// they are parts of.
func near(got, want string, whole []string, ulps float64, ulp func(float64) float64) bool {
	x, err1 := strconv.ParseFloat(got, 64)
	y, err2 := strconv.ParseFloat(want, 64)
	norm := 0.0
	for _, part := range whole {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return false
		}
		norm = math.Hypot(norm, v)
	}
	return err1 == nil && err2 == nil && ulps > 0 && math.Abs(x-y) <= ulps*ulp(norm)
}

// close compares the values of a result with those of the expected file, whatever their dtypes are.
// They may differ by so much, relative to the largest of them.
func (j *judged) close(t *testing.T, got *lazy.Result, file string, slack float64) {
	t.Helper()
	want := j.load(t, file)
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("shape %v instead of %v", got.Shape(), want.Shape())
		return
	}
	a, b := numbers(t, got), numbers(t, want)
	scale := 0.0
	for _, v := range b {
		if v = math.Abs(v); v > scale && !math.IsInf(v, 0) {
			scale = v
		}
	}
	for i, v := range a {
		same := v == b[i] || math.IsNaN(v) && math.IsNaN(b[i])
		if !same && !(math.Abs(v-b[i]) <= slack*scale) {
			t.Errorf("element %d of %v: %v instead of %v", i, want.Shape(), v, b[i])
			return
		}
	}
}

// numbers are the elements as float64, the parts of complex ones one after the other.
func numbers(t *testing.T, r *lazy.Result) []float64 {
	t.Helper()
	list, err := texts(r.Buffer())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(list))
	for i, text := range list {
		if out[i], err = strconv.ParseFloat(text, 64); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// path is the path of a file of the case.
func (j *judged) path(name string) string { return filepath.Join(j.dir, filepath.FromSlash(name)) }
