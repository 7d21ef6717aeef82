package kernel

import "math"

// power is C's pow, to within 0.53 units in the last place where the result is no
// larger than 2^64 and no smaller than its inverse, and 0.9 elsewhere, so that what
// is exact comes out exact. [math.Pow] multiplies, which costs some of the last bits.
// Special values are those of math.Pow, which are C's.
func power(x, y float64) float64 {
	ax := math.Abs(x)
	switch {
	case !(ax > 0 && ax <= math.MaxFloat64) || y == 0 || !(math.Abs(y) <= math.MaxFloat64) || ax == 1:
		return math.Pow(x, y)
	case x > 0:
		return positivePower(x, y)
	case math.Trunc(y) != y:
		return math.NaN()
	case math.Abs(y) < 1<<53 && int64(y)&1 != 0:
		return -positivePower(ax, y)
	}
	return positivePower(ax, y)
}

// positivePower is exp(y*log(x)) with the logarithm as the sum of two floats.
func positivePower(x, y float64) float64 {
	hi, lo := logarithm(x)
	p := float64(hi * y)
	switch {
	case p > 710:
		return math.Inf(1)
	case p < -746:
		return 0
	}
	return exponential(p, math.FMA(hi, y, -p)+float64(lo*y))
}

// The two floats whose sum is the logarithm of 2, and those of a third.
const (
	ln2Hi   = 0x1.62e42fefa39efp-1
	ln2Lo   = 0x1.abc9e3b39803fp-56
	thirdHi = 0x1.5555555555555p-2
	thirdLo = 0x1.5555555555555p-56
)

// logarithm is log(x) of a finite x > 0, to about 2^-64 of it. x is m*2^e with m
// near 1; with s = (m-1)/(m+1), log(m) is 2*(s + s³/3 + s⁵/5 + …), of which the first
// two terms need more digits than one float has.
func logarithm(x float64) (hi, lo float64) {
	exponent := 0
	if x < 0x1p-1022 {
		x *= 0x1p54
		exponent = -54
	}
	bits := math.Float64bits(x)
	exponent += int(bits>>52) - 1023
	m := math.Float64frombits(bits&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m /= 2
		exponent++
	}
	top := m - 1 // exact
	bottom, bottomLo := twoSum(1, m)
	s := top / bottom
	sLo := (math.FMA(-s, bottom, top) - float64(s*bottomLo)) / bottom

	z := float64(s * s)
	zLo := math.FMA(s, s, -z) + float64(2*s*sLo)
	t := float64(z*(1.0/25)) + 1.0/23
	t = float64(t*z) + 1.0/21
	t = float64(t*z) + 1.0/19
	t = float64(t*z) + 1.0/17
	t = float64(t*z) + 1.0/15
	t = float64(t*z) + 1.0/13
	t = float64(t*z) + 1.0/11
	t = float64(t*z) + 1.0/9
	t = float64(t*z) + 1.0/7
	t = float64(t*z) + 1.0/5
	t, tLo := twoSum(thirdHi, float64(t*z))
	tLo += thirdLo
	u := float64(t * z)
	uLo := math.FMA(t, z, -u) + (float64(t*zLo) + float64(tLo*z))
	v := float64(u * s)
	vLo := math.FMA(u, s, -v) + (float64(u*sLo) + float64(uLo*s))
	hi, lo = twoSum(2*s, 2*v)
	lo += 2 * (sLo + vLo)

	e := float64(exponent)
	w := float64(e * ln2Hi)
	wLo := math.FMA(e, ln2Hi, -w) + float64(e*ln2Lo)
	sum, rest := twoSum(w, hi)
	return twoSum(sum, rest+(lo+wLo))
}

// exponential is exp(hi+lo), rounded to a float almost as if it were exact.
func exponential(hi, lo float64) float64 {
	k := math.RoundToEven(hi / math.Ln2)
	w := float64(k * ln2Hi)
	// The difference is exact: its terms are within a factor of 2, or w is 0.
	r, rLo := twoSum(hi-w, lo-math.FMA(k, ln2Hi, -w)-float64(k*ln2Lo))
	t := float64(r*(1.0/6227020800)) + 1.0/479001600 // 13! and 12!
	t = float64(t*r) + 1.0/39916800
	t = float64(t*r) + 1.0/3628800
	t = float64(t*r) + 1.0/362880
	t = float64(t*r) + 1.0/40320
	t = float64(t*r) + 1.0/5040
	t = float64(t*r) + 1.0/720
	t = float64(t*r) + 1.0/120
	t = float64(t*r) + 1.0/24
	t = float64(t*r) + 1.0/6
	half := float64(r * r / 2)
	halfLo := math.FMA(r, r/2, -half)
	sum, rest := twoSum(1, r)
	sum, more := twoSum(sum, half)
	rest += more + halfLo + (rLo + float64(r*rLo)) + float64(t*float64(r*half)*2)
	if k > -1000 && k < 1000 {
		return (sum + rest) * math.Float64frombits(uint64(int64(k)+1023)<<52)
	}
	return math.Ldexp(sum+rest, int(k))
}

// twoSum is a+b and what it lost by rounding (D. E. Knuth, TAOCP 2, 4.2.2).
func twoSum(a, b float64) (sum, rest float64) {
	sum = a + b
	z := sum - a
	return sum, (a - (sum - z)) + (b - z)
}
