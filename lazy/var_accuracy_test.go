package lazy

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
)

// exactVariance is the variance of values without any rounding but the last.
func exactVariance(x []float64) float64 {
	// enough for the values of these tests
	wide := func() *big.Float { return new(big.Float).SetPrec(1000) }
	sum, squares := wide(), wide()
	for _, v := range x {
		f := wide().SetFloat64(v)
		sum.Add(sum, f)
		squares.Add(squares, f.Mul(f, f))
	}
	n := wide().SetInt64(int64(len(x)))
	squares.Mul(squares, n).Sub(squares, sum.Mul(sum, sum))
	v, _ := squares.Quo(squares, n.Mul(n, n)).Float64()
	return v
}

// TestVarianceIsAccurate compares variances with rational arithmetic, of values that are near zero
// and far from it, that drift and jump, over all axes and over each, in one task and in many. NumPy
// in the last place for the same values.
func TestVarianceIsAccurate(t *testing.T) {
	var rng *rand.Rand
	shape := []int64{40, 6, 50}
	n := int(product(shape))
	makers := map[string]func(i int) float64{
		"uniform":     func(int) float64 { return rng.Float64() },
		"normal":      func(int) float64 { return rng.NormFloat64() },
		"far":         func(int) float64 { return 1e9 + rng.NormFloat64() },
		"farther":     func(int) float64 { return -1e15 + 8*math.Round(100*rng.NormFloat64()) },
		"exponential": func(int) float64 { return math.Exp(20 * rng.NormFloat64()) },
		"drift":       func(i int) float64 { return 1e5 + float64(i) + rng.Float64() },
		"jump":        func(i int) float64 { return float64(i/(n/3))*1e8 + rng.Float64() },
		"first":       func(i int) float64 { return 1e7/float64(1+i*i) + 1e-3*rng.Float64() },
		"rounded":     func(int) float64 { return math.Round(100*rng.NormFloat64()) / 100 },
		"tiny":        func(int) float64 { return 1e-120 * rng.Float64() },
	}
	var ulps []float64
	for name, at := range makers {
		rng = rand.New(rand.NewPCG(60, 61))
		values := make([]float64, n)
		for i := range values {
			values[i] = at(i)
		}
		a, err := FromSlice(values, shape...)
		if err != nil {
			t.Fatal(err)
		}
		exact := map[string][]float64{}
		for _, spec := range []chunk.Spec{chunk.Size(-1), chunk.Size(7)} {
			cut, err := a.Rechunk(spec)
			if err != nil {
				t.Fatal(err)
			}
			for _, axes := range [][]int{nil, {0}, {1}, {2}, {0, 2}, {1, 2}} {
				over := OverAll()
				if axes != nil {
					over = OverAxes(axes...)
				}
				r, err := Var(t.Context(), cut, over)
				if err != nil {
					t.Fatal(err)
				}
				want, ok := exact[fmt.Sprint(axes)]
				if !ok {
					for _, line := range linesOver(values, shape, axes) {
						want = append(want, exactVariance(line))
					}
					exact[fmt.Sprint(axes)] = want
				}
				for i, got := range floats(t, r) {
					want := want[i]
					ulp := math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
					ulps = append(ulps, ulp)
					if !(ulp <= 12) {
						t.Errorf("%s, %v, over %v, output %d: %v, want %v: %v ulp", name, spec, axes, i, got, want, ulp)
						break
					}
				}
			}
		}
	}
	slices.Sort(ulps)
	t.Logf("%d variances: median %.2f, p99 %.2f, largest %.2f ulp", len(ulps), ulps[len(ulps)/2], ulps[len(ulps)*99/100], ulps[len(ulps)-1])
	if p99 := ulps[len(ulps)*99/100]; p99 > 2.5 {
		t.Errorf("the 99th percentile of the error is %.2f ulp", p99)
	}
}

// linesOver are the values of each output of a reduction over axes, or over all for nil.
func linesOver(values []float64, shape []int64, axes []int) [][]float64 {
	var lines [][]float64
	at := map[string]int{}
	i := 0
	eachIndex(shape, func(idx []int64) {
		key := ""
		if axes != nil {
			for d, k := range idx {
				if !slices.Contains(axes, d) {
					key += fmt.Sprint(k, " ")
				}
			}
		}
		k, ok := at[key]
		if !ok {
			k = len(lines)
			at[key] = k
			lines = append(lines, nil)
		}
		lines[k] = append(lines[k], values[i])
		i++
	})
	return lines
}

// TestVarianceOfEqualValues is zero, whatever the value.
func TestVarianceOfEqualValues(t *testing.T) {
	for _, v := range []float64{0.1, 1e9 + 0.3, -7e150, 5e-324, 65535} {
		values := make([]float64, 3*1111)
		for i := range values {
			values[i] = v
		}
		a, err := FromSlice(values, 3, 11, 101)
		if err != nil {
			t.Fatal(err)
		}
		for _, axes := range []Over{OverAll(), OverAxes(0), OverAxes(1), OverAxes(2)} {
			r, err := Var(t.Context(), a, axes)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range floats(t, r) {
				if got != 0 {
					t.Errorf("%v over %v, output %d: variance %v", v, axes, i, got)
					break
				}
			}
		}
	}
}

// TestVarianceFarFromZero has the mean 1e9, the deviation 1 and 10^5 values, and wide integers,
// float32 and complex parts as far.
func TestVarianceFarFromZero(t *testing.T) {
	rng := rand.New(rand.NewPCG(62, 63))
	const n = 100_000
	values, singles, wide, parts := make([]float64, n), make([]float32, n), make([]int64, n), make([]complex128, n)
	var asSingles, asWide, re, im []float64
	for i := range values {
		values[i] = 1e9 + rng.NormFloat64()
		singles[i] = 1e6 + float32(rng.NormFloat64())
		wide[i] = 1<<52 + rng.Int64N(1000)
		parts[i] = complex(1e9+rng.NormFloat64(), -1e9+rng.NormFloat64())
		asSingles, asWide = append(asSingles, float64(singles[i])), append(asWide, float64(wide[i]))
		re, im = append(re, real(parts[i])), append(im, imag(parts[i]))
	}
	for name, test := range map[string]struct {
		a    *Array
		want float64
		most float64
	}{
		"float64": {must[*Array](t)(FromSlice(values)), exactVariance(values), 1e-15},
		"float32": {must[*Array](t)(FromSlice(singles)), exactVariance(asSingles), 6e-8},
		"int64":   {must[*Array](t)(FromSlice(wide)), exactVariance(asWide), 1e-15},
		"complex": {must[*Array](t)(FromSlice(parts)), exactVariance(re) + exactVariance(im), 1e-15},
	} {
		r, err := Var(t.Context(), test.a, OverAll())
		if err != nil {
			t.Fatal(err)
		}
		if got := floats(t, r)[0]; !(math.Abs(got/test.want-1) <= test.most) {
			t.Errorf("%s: %v, want %v: relative error %.2g", name, got, test.want, got/test.want-1)
		}
	}
}
