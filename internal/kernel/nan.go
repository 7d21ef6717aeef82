package kernel

import "math"

// NaN is what results and states have for every NaN: the sign and the payload that come of several
// depend on the order of operands, which compilers and vectors choose. It is NumPy's.
func NaN() float64 { return math.Float64frombits(0x7ff8000000000000) }

// OneNaN makes every NaN among the numbers of b, of element type e in the byte order of this
// machine, [NaN].
func OneNaN(b []byte, e Elem) {
	switch e {
	case Float64, Complex128:
		oneNaN[float64](b)
	case Float32, Complex64:
		oneNaN[float32](b)
	case Float16, BFloat16:
		bits, inf, quiet := Slice[uint16](b), uint16(0x7c00), uint16(0x7e00)
		if e == BFloat16 {
			inf, quiet = 0x7f80, 0x7fc0
		}
		for i, v := range bits {
			if v&0x7fff > inf {
				bits[i] = quiet
			}
		}
		finish(b, bits)
	}
}

func oneNaN[T Float](b []byte) {
	x, changed := Slice[T](b), false
	for i, v := range x {
		if v != v {
			x[i], changed = T(NaN()), true
		}
	}
	if changed {
		finish(b, x)
	}
}

// quiet is v, and a quiet NaN for a signalling one, which instructions make quiet and code that
// only looks at it does not.
func quiet(v float64) float64 {
	if v != v {
		return v + v
	}
	return v
}
