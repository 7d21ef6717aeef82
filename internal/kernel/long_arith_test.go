package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestLongArithmeticRoundsOnce compares operations on long doubles of both formats with
// [big.Float], which rounds the exact result once.
func TestLongArithmeticRoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 113))
	for _, e := range []Elem{X87, Quad} {
		digits := uint(64)
		if e == Quad {
			digits = 113
		}
		random := func() []byte {
			w := wide{hi: r.Uint64() | 1<<63, lo: r.Uint64(), exp: r.IntN(260) - 250, neg: r.IntN(2) == 0, class: finite}
			switch r.IntN(5) { // ends at which sums and products carry, and ties
			case 0:
				w.hi, w.lo = 1<<63, 0
			case 1:
				w.hi, w.lo = math.MaxUint64, math.MaxUint64-(1<<15-1)
			case 2:
				w.hi, w.lo = 1<<63, 1<<15
			}
			b := make([]byte, 16)
			writeLong(b, e, w)
			return b
		}
		exact := func(b []byte) *big.Float {
			w := readLong(b, e)
			f := new(big.Float).SetMantExp(new(big.Float).SetInt(w.mantissa()), w.exp)
			if w.neg {
				f.Neg(f)
			}
			return f
		}
		operations := map[BinaryOp]func(z, x, y *big.Float) *big.Float{
			Add: (*big.Float).Add, Subtract: (*big.Float).Sub, Multiply: (*big.Float).Mul, Divide: (*big.Float).Quo,
		}
		got := make([]byte, 16)
		for range 20_000 {
			a, b := random(), random()
			for op, f := range operations {
				Binary(op, e, got, a, b)
				want := f(new(big.Float).SetPrec(digits), exact(a), exact(b))
				if w := readLong(got, e); want.Sign() == 0 && w.class == zero {
					continue
				}
				if exact(got).Cmp(want) != 0 {
					t.Fatalf("%v of %v: % x and % x: %v instead of %v", op, e, a, b, exact(got).Text('p', 0), want.Text('p', 0))
				}
			}
			if r.IntN(20) > 0 {
				continue
			}
			Unary(Absolute, e, a, a)
			Unary(Sqrt, e, got, a)
			if want := new(big.Float).SetPrec(digits).Sqrt(exact(a)); exact(got).Cmp(want) != 0 {
				t.Fatalf("root of % x in %v: %v instead of %v", a, e, exact(got).Text('p', 0), want.Text('p', 0))
			}
		}
	}
}
