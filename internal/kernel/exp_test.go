package kernel

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestExp compares the functions of this package with those of package math: an ulp apart, and the
// same where they are special.
func TestExp(t *testing.T) {
	rng := rand.New(rand.NewPCG(70, 71))
	x := []float64{
		0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 709.7, 709.8, -708, -745, -745.2, -746, 1e-300, 5e-324, 1e300,
		0.625, math.Nextafter(0.625, 0), 44, 43.999, -0.625, 22, 1e-9,
	}
	for range 20_000 {
		x = append(x, 750*(2*rng.Float64()-1), rng.NormFloat64())
	}
	for _, v := range x {
		want := math.Exp(v)
		if math.Abs(v) < 800 {
			// math.Exp overflows at 709.5 on amd64, which e^x does at 709.8
			want = exponential(v, 0)
		}
		if got := exp(v); !within(got, want, 1) {
			t.Fatalf("exp(%v) = %v, want %v", v, got, want)
		}
		if got, want := tanh(v), math.Tanh(v); !within(got, want, 2) {
			t.Fatalf("tanh(%v) = %v, want %v", v, got, want)
		}
	}
	for range 20_000 {
		z, w := complex(x[rng.IntN(len(x))], x[rng.IntN(len(x))]), complex(rng.NormFloat64(), rng.NormFloat64())
		if math.Abs(real(z)) > 709 || math.Abs(imag(z)) > 709 {
			continue
		}
		for name, pair := range map[string][2]complex128{
			"exp": {expComplex(z), cmplx.Exp(z)}, "sin": {sinComplex(z), cmplx.Sin(z)}, "cos": {cosComplex(z), cmplx.Cos(z)},
			"pow": {powComplex(w, w*2), cmplx.Pow(w, w*2)},
		} {
			if !closeParts(real(pair[0]), real(pair[1])) || !closeParts(imag(pair[0]), imag(pair[1])) {
				t.Fatalf("%s(%v) = %v, want %v", name, z, pair[0], pair[1])
			}
		}
	}
}

// within reports whether two numbers are so many units in the last place apart at most.
func within(a, b, ulps float64) bool {
	if a == b || a != a && b != b {
		return true
	}
	unit := math.Nextafter(math.Abs(b), math.Inf(1)) - math.Abs(b)
	return math.Abs(a-b) <= ulps*unit
}

func closeParts(a, b float64) bool { return within(a, b, 16) || math.Abs(a-b) < 1e-14 }
