//go:build interop

package interop

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// NumPy's reductions of one file.
type reductionCase struct {
	File    string
	DType   string
	Chunks  string
	Axes    []int
	Results []reductionResult
}

type reductionResult struct {
	Op      string
	DDof    int64
	Bins    int
	Lo, Hi  float64
	Refused bool // NumPy raises: no elements, no minimum
	DType   string
	Shape   []int64
	NumPy   []string
	Exact   []string  // empty where only equality with NumPy counts
	Slack   []float64 // for each of Exact
}

const reductionCases = 300

// reducer is the operation of a case.
func (r reductionResult) reducer(over lazy.Over) (lazy.Reducer, error) {
	switch r.Op {
	case "sum":
		return lazy.NewSum(over), nil
	case "mean":
		return lazy.NewMean(over), nil
	case "min":
		return lazy.NewMin(over), nil
	case "max":
		return lazy.NewMax(over), nil
	case "argmin":
		return lazy.NewArgMin(over), nil
	case "argmax":
		return lazy.NewArgMax(over), nil
	case "var":
		return lazy.NewVar(over, r.DDof), nil
	case "std":
		return lazy.NewStd(over, r.DDof), nil
	case "count_nan":
		return lazy.NewCountNaN(over), nil
	case "count_inf":
		return lazy.NewCountInf(over), nil
	case "count_zero":
		return lazy.NewCountZero(over), nil
	case "histogram":
		return lazy.NewHistogram(over, r.Bins, r.Lo, r.Hi), nil
	}
	return lazy.Reducer{}, fmt.Errorf("unknown operation %q", r.Op)
}

// TestReductionsAgainstNumPy runs every reduction over files of NumPy's, in
// blocks, and compares.
//
// Integers, minima, positions, counts and histograms must be equal to NumPy's.
// Sums, means and deviations of floats may be no further from the exact value than
// NumPy's, and beyond that by one unit in the last place of the result's dtype and
// by a slack, because rounding in another order is luck in one case and bad luck
// in the next. The slack of a sum is one more unit in its last place and eight
// roundings of a number as large as the norm of its terms; the script that computes
// all of them says the rest.
func TestReductionsAgainstNumPy(t *testing.T) {
	s, dir := seed(t), t.TempDir()
	python(t, "reductions.py", strconv.FormatInt(s, 10), strconv.Itoa(reductionCases), dir)
	cases := readLines[reductionCase](t, readFile(t, filepath.Join(dir, "reductions.jsonl")))
	if len(cases) != reductionCases {
		t.Fatalf("%d cases instead of %d", len(cases), reductionCases)
	}
	var deviations distances
	for i, c := range cases {
		t.Run(c.File, func(t *testing.T) {
			c.check(t, dir, i%3, &deviations)
			if t.Failed() {
				t.Logf("seed %d: %s, chunks %s, axes %v", s, c.DType, c.Chunks, c.Axes)
			}
		})
	}
	deviations.compare(t)
}

// distances are those from the exact variances and deviations of floats, in units in the last place
// of the dtype.
type distances struct{ ours, numpy []float64 }

func (d *distances) add(r reductionResult, i int, got string, ulp func(float64) float64) {
	if len(r.Exact) == 0 || r.Op != "var" && r.Op != "std" {
		return
	}
	ours, err1 := strconv.ParseFloat(got, 64)
	numpy, err2 := strconv.ParseFloat(r.NumPy[i], 64)
	exact, err3 := strconv.ParseFloat(r.Exact[i], 64)
	unit := ulp(exact)
	if a, b := math.Abs(ours-exact)/unit, math.Abs(numpy-exact)/unit; errors.Join(err1, err2, err3) == nil && a-a == 0 && b-b == 0 {
		d.ours, d.numpy = append(d.ours, a), append(d.numpy, b)
	}
}

// compare sees that variances are no further from the exact ones than NumPy's, at the median and
// among the worst.
func (d *distances) compare(t *testing.T) {
	slices.Sort(d.ours)
	slices.Sort(d.numpy)
	for _, percent := range []int{50, 90, 99} {
		at := len(d.ours) * percent / 100
		t.Logf("percentile %d of %d: %.2f ulp, NumPy's %.2f", percent, len(d.ours), d.ours[at], d.numpy[at])
		if d.ours[at] > d.numpy[at]+0.5 {
			t.Errorf("the %dth percentile of the error of variances is %v ulp, NumPy's is %v", percent, d.ours[at], d.numpy[at])
		}
	}
}

func (c reductionCase) check(t *testing.T, dir string, workers int, deviations *distances) {
	a, err := lazy.Open(filepath.Join(dir, c.File), lazy.Chunks(c.Chunks), lazy.Workers(workers))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	over := lazy.OverAxes(c.Axes...)
	var reducers []lazy.Reducer
	var want []reductionResult
	for _, r := range c.Results {
		reducer, err := r.reducer(over)
		if err != nil {
			t.Fatal(err)
		}
		if _, long := a.DType().LongDouble(); long && r.Op == "histogram" {
			if _, err := lazy.Run(t.Context(), a, reducer); !errors.Is(err, lazy.ErrDType) {
				t.Errorf("histogram of long doubles: %v", err)
			}
			continue
		}
		if !r.Refused {
			reducers, want = append(reducers, reducer), append(want, r)
			continue
		}
		if _, err := lazy.Run(t.Context(), a, reducer); !errors.Is(err, lazy.ErrEmpty) {
			t.Errorf("%s over no elements: %v", r.Op, err)
		}
	}
	got, err := lazy.Run(t.Context(), a, reducers...) // all of them in one pass
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range want {
		r.compare(t, got[i], deviations)
	}
}

func (r reductionResult) compare(t *testing.T, got *lazy.Result, deviations *distances) {
	if !slices.Equal(got.Shape(), r.Shape) {
		t.Errorf("%s: shape %v instead of %v", r.Op, got.Shape(), r.Shape)
		return
	}
	want, err := mmapnpy.ParseDType(r.DType)
	if err != nil {
		t.Fatal(err)
	}
	// NumPy was asked about long doubles cast to float64. Results are long doubles here, and so are
	// compared rounded.
	if _, long := got.DType().LongDouble(); long {
		array, err := lazy.FromResult(got)
		if err == nil {
			array, err = array.AsType(want)
		}
		if err == nil {
			got, err = array.Load(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if want = want.WithByteOrder('='); !got.DType().Equal(want) {
		t.Errorf("%s: dtype %s instead of %s", r.Op, got.DType(), want)
		return
	}
	values, err := texts(got.Buffer())
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != len(r.NumPy) {
		t.Errorf("%s: %d numbers instead of %d", r.Op, len(values), len(r.NumPy))
		return
	}
	ulp := ulpOf(want)
	for i, v := range values {
		deviations.add(r, i, v, ulp)
		if err := r.judge(i, v, ulp); err != nil {
			t.Errorf("%s: number %d: %v", r.Op, i, err)
			return
		}
	}
}

// ulpOf returns the distance of v to the next float of a dtype's precision.
func ulpOf(t mmapnpy.DType) func(v float64) float64 {
	size := t.ItemSize()
	if t.Kind() == mmapnpy.KindComplex {
		size /= 2
	}
	digits := map[int64]int{2: 11, 4: 24, 8: 53}[size]
	smallest := map[int64]int{2: -24, 4: -149, 8: -1074}[size]
	return func(v float64) float64 {
		if v == 0 {
			return math.Ldexp(1, smallest)
		}
		_, exponent := math.Frexp(v)
		return math.Ldexp(1, max(exponent-digits, smallest))
	}
}

// judge compares number i of the result with NumPy's and, where there is one, the
// exact one.
func (r reductionResult) judge(i int, got string, ulp func(float64) float64) error {
	if sameText(got, r.NumPy[i]) {
		return nil
	}
	if len(r.Exact) == 0 {
		return fmt.Errorf("%s instead of %s", got, r.NumPy[i])
	}
	if sameText(got, r.Exact[i]) {
		return nil
	}
	ours, err1 := strconv.ParseFloat(got, 64)
	numpy, err2 := strconv.ParseFloat(r.NumPy[i], 64)
	exact, err3 := strconv.ParseFloat(r.Exact[i], 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	allowed := math.Abs(numpy-exact) + ulp(exact) + r.Slack[i]
	if math.IsNaN(allowed) || math.IsInf(allowed, 0) {
		// NumPy overflowed on the way; any number is at least as good.
		allowed = math.MaxFloat64
	}
	if distance := math.Abs(ours - exact); !(distance <= allowed) {
		return fmt.Errorf("%v is %g away from the exact %v; NumPy's %v and the rule allow %g", ours, distance, exact, numpy, allowed)
	}
	return nil
}
