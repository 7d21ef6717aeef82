package kernel

import (
	"bytes"
	"math"
	"testing"
)

// FuzzReductions folds any bytes, seen as numbers of two types, and compares rows
// with the columns of the transposed data, and both with the obvious loop.
func FuzzReductions(f *testing.F) {
	f.Add([]byte("the quick brown fox jumps over the lazy dog, many times"), uint8(3))
	f.Add(bytes.Repeat([]byte{0, 0, 0xc0, 0x7f, 0xff, 0xff, 0x7f, 0x80}, 60), uint8(17))
	f.Add(make([]byte, 3000), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, m uint8) {
		fuzzReductions(t, Slice[int8](b), int(m))
		fuzzReductions(t, Slice[float32](b), int(m))
	})
}

func fuzzReductions[T Real](t *testing.T, x []T, m int) {
	if m == 0 || len(x) < m {
		return
	}
	rows := len(x) / m
	x = x[:rows*m]
	turned := make([]T, 0, len(x))
	for j := range m {
		turned = append(turned, column(x, m, j)...)
	}

	least := [2][]T{fill(rows, MinIdentity[T]()), fill(rows, MinIdentity[T]())}
	MinRows(least[0], x, m)
	MinCols(least[1], turned, rows)
	val := [2][]T{make([]T, rows), make([]T, rows)}
	idx := [2][]int64{fill(rows, int64(-1)), fill(rows, int64(-1))}
	ArgMinRows(val[0], idx[0], x, m, 5, 1)
	ArgMinCols(val[1], idx[1], turned, rows, 5, 1)
	zeros := [2][]int64{make([]int64, rows), make([]int64, rows)}
	CountZeroRows(zeros[0], x, m)
	CountZeroCols(zeros[1], turned, rows)
	for i := range rows {
		want, at, n := MinIdentity[T](), int64(-1), int64(0)
		var best T
		for j, v := range x[i*m : i*m+m] {
			want = min(want, v)
			naiveArg(&best, &at, v, int64(5+j), false)
			if v == 0 {
				n++
			}
		}
		for k, name := range []string{"rows", "columns"} {
			if !same(least[k][i], want) || idx[k][i] != at || zeros[k][i] != n {
				t.Fatalf("%s, output %d: got %v, %d, %d; want %v, %d, %d", name, i, least[k][i], idx[k][i], zeros[k][i], want, at, n)
			}
		}
	}
}

// FuzzConvert converts any bytes from anything to anything: it must neither
// panic nor write what it should not, and float64 to float64 by way of a wider
// type changes nothing.
func FuzzConvert(f *testing.F) {
	f.Add([]byte("sixteen bytes...and sixteen more"), uint8(X87), uint8(Float64), true)
	f.Add(make([]byte, 100), uint8(Complex64), uint8(Bool), false)
	f.Fuzz(func(t *testing.T, src []byte, from, to uint8, swap bool) {
		dst := bytes.Repeat([]byte{0xa5}, 64)
		Convert(dst[:40], Elem(to), src, Elem(from), swap)
		if !bytes.Equal(dst[40:], bytes.Repeat([]byte{0xa5}, 24)) {
			t.Fatalf("%v to %v: wrote behind dst", Elem(from), Elem(to))
		}
		floats := Slice[float64](src)
		for _, wide := range []Elem{X87, Quad, Complex128, ComplexQuad} {
			there, back := make([]byte, len(floats)*wide.Size()), make([]float64, len(floats))
			Convert(there, wide, Bytes(floats), Float64, false)
			b := make([]byte, len(floats)*8)
			Convert(b, Float64, there, wide, false)
			copy(back, Slice[float64](b))
			for i, v := range floats {
				if !sameBits(back[i], v) {
					t.Fatalf("%v (%#x) by way of %v: got %v", v, math.Float64bits(v), wide, back[i])
				}
			}
		}
	})
}
