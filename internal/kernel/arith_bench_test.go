package kernel

import (
	"math"
	"testing"
)

// benchTile is what a worker of package lazy computes at a time: three of them fit the
// second-level cache of most machines.
const benchTile = 256 << 10

// benchBinary measures pairs, and an operand with a scalar; beside the kernel runs the
// loop that one would write, as rates of the bytes of result.
func benchBinary[T, U Real](b *testing.B, op BinaryOp, e Elem, loop func(d []U, x, y []T), byScalar func(d []U, x []T, y T)) {
	x, y := benchData[T](benchTile), benchData[T](benchTile)
	d := make([]U, len(x))
	name := op.String() + "/" + e.String()
	xb, yb, db := Bytes(x), Bytes(y), Bytes(d)
	run := goRunner(b)
	if Shares() {
		run(name+"/loop", len(db), func() { loop(d, x, y) })
		run(name+"/scalar/loop", len(db), func() { byScalar(d, x, y[0]) })
	}
	run(name+"/kernel", len(db), func() { Binary(op, e, db, xb, yb) })
	run(name+"/scalar/kernel", len(db), func() { Binary(op, e, db, xb, yb[:e.Size()]) })
}

func benchAdd[T Real](b *testing.B, e Elem) {
	benchBinary(b, Add, e, func(d, x, y []T) {
		for i := range d {
			d[i] = x[i] + y[i]
		}
	}, func(d, x []T, y T) {
		for i := range d {
			d[i] = x[i] + y
		}
	})
}

func benchSubtract[T Real](b *testing.B, e Elem) {
	benchBinary(b, Subtract, e, func(d, x, y []T) {
		for i := range d {
			d[i] = x[i] - y[i]
		}
	}, func(d, x []T, y T) {
		for i := range d {
			d[i] = x[i] - y
		}
	})
}

func benchMultiply[T Real](b *testing.B, e Elem) {
	benchBinary(b, Multiply, e, func(d, x, y []T) {
		for i := range d {
			d[i] = x[i] * y[i]
		}
	}, func(d, x []T, y T) {
		for i := range d {
			d[i] = x[i] * y
		}
	})
}

func benchGreater[T Real](b *testing.B, e Elem) {
	benchBinary(b, Greater, e, func(d []uint8, x, y []T) {
		for i := range d {
			if d[i] = 0; x[i] > y[i] {
				d[i] = 1
			}
		}
	}, func(d []uint8, x []T, y T) {
		for i := range d {
			if d[i] = 0; x[i] > y {
				d[i] = 1
			}
		}
	})
}

func benchAnd[T Integer](b *testing.B, e Elem) {
	benchBinary(b, BitwiseAnd, e, func(d, x, y []T) {
		for i := range d {
			d[i] = x[i] & y[i]
		}
	}, func(d, x []T, y T) {
		for i := range d {
			d[i] = x[i] & y
		}
	})
}

func BenchmarkBinary(b *testing.B) {
	benchAdd[uint8](b, Uint8)
	benchAdd[uint16](b, Uint16)
	benchAdd[float32](b, Float32)
	benchAdd[float64](b, Float64)
	benchSubtract[uint16](b, Uint16)
	benchSubtract[float32](b, Float32)
	benchSubtract[float64](b, Float64)
	benchMultiply[uint16](b, Uint16)
	benchMultiply[float32](b, Float32)
	benchMultiply[float64](b, Float64)
	benchAnd[uint16](b, Uint16)
	benchGreater[uint16](b, Uint16)
	benchGreater[float32](b, Float32)
}

func BenchmarkRemainder(b *testing.B) {
	x, y := benchData[float64](benchTile), benchData[float64](benchTile)
	d := make([]float64, len(x))
	run := goRunner(b)
	run("math.Mod", benchTile, func() {
		for i := range d {
			d[i] = math.Mod(x[i], y[i])
		}
	})
	run("kernel", benchTile, func() { Binary(Remainder, Float64, Bytes(d), Bytes(x), Bytes(y)) })
}

func BenchmarkPower(b *testing.B) {
	x, y := benchData[float64](benchTile), benchData[float64](benchTile)
	for i := range x {
		x[i] = math.Abs(x[i])
	}
	d := make([]float64, len(x))
	run := goRunner(b)
	run("math.Pow", benchTile, func() {
		for i := range d {
			d[i] = math.Pow(x[i], y[i])
		}
	})
	run("kernel", benchTile, func() { Binary(Power, Float64, Bytes(d), Bytes(x), Bytes(y)) })
}
