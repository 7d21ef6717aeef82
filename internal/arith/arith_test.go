package arith

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestAgainstBig compares with numbers of any size, those close to the largest among them.
func TestAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	number := func() int64 {
		switch n := rng.Int64() >> rng.IntN(63); rng.IntN(8) {
		case 0:
			return 0
		case 1:
			return math.MaxInt64 - n>>32
		default:
			return n
		}
	}
	for range 10000 {
		a, b := number(), number()
		x, y := big.NewInt(a), big.NewInt(b)
		product := new(big.Int).Mul(x, y)
		clamped := func(n *big.Int) int64 {
			if !n.IsInt64() {
				return math.MaxInt64
			}
			return n.Int64()
		}
		if got, ok := Mul(a, b); ok != product.IsInt64() || ok && got != product.Int64() {
			t.Errorf("Mul(%d, %d) = %d, %v", a, b, got, ok)
		}
		if got := Times(a, b); got != clamped(product) {
			t.Errorf("Times(%d, %d) = %d", a, b, got)
		}
		gcd := new(big.Int).GCD(nil, nil, x, y)
		if got := GCD(a, b); got != gcd.Int64() {
			t.Errorf("GCD(%d, %d) = %d, want %v", a, b, got, gcd)
		}
		if a == 0 || b == 0 {
			continue
		}
		if got, want := LCM(a, b), clamped(product.Quo(product, gcd)); got != want {
			t.Errorf("LCM(%d, %d) = %d, want %d", a, b, got, want)
		}
		up := new(big.Int).Quo(new(big.Int).Add(x, new(big.Int).Sub(y, big.NewInt(1))), y)
		if got := CeilDiv(a, b); got != up.Int64() {
			t.Errorf("CeilDiv(%d, %d) = %d, want %v", a, b, got, up)
		}
	}
}

// TestTimesOfMany checks that a zero makes up for what was too large before it.
func TestTimesOfMany(t *testing.T) {
	if n := Times(math.MaxInt64, 2, 0); n != 0 {
		t.Error(n)
	}
	if n := Times(1<<31, 1<<31, 1<<31); n != math.MaxInt64 {
		t.Error(n)
	}
	if n := Times(); n != 1 {
		t.Error(n)
	}
}
