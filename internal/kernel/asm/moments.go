package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// moments has the sums of narrow integers and of their squares; the sums of differences of floats
// from a number, and of their squares; and the formula that joins those of columns. Lanes are the
// accumulators of the Go code.
func moments(g *gen) {
	g.powers8()
	g.powers16()
	for _, size := range []int{8, 4} {
		g.deviations(size)
		g.shiftRows(4, size)
		g.shiftRows(1, size)
	}
	g.joinShifted()
}

// powers8 has room for the squares in lanes of 32 bits.
func (g *gen) powers8() {
	g.begin("powers8", "func(p *byte, n int, flip uint64) (s, q uint64)",
		"powers8 is the sum of the n*16 unsigned bytes at p, each as flip changes it, and that",
		"of their squares; n is at most 2^13, beyond which lanes of 32 bits could overflow.")
	flip, acc, ones := g.spread("flip"), g.zeros(2), g.spreadImm(0x0001000100010001)
	g.powers(func(m operand.Mem, s, q reg.VecVirtual) {
		g.VPXOR(m, flip.AsX(), s.AsX())
		g.VPMOVZXBW(s.AsX(), s)
		g.VPMADDWD(s, s, q)
		g.VPMADDWD(ones, s, s)
		g.VPADDD(s, acc[0], acc[0])
		g.VPADDD(q, acc[1], acc[1])
	}, vec/2)
	g.Store(g.add64(g.widenAdd32(acc[0])), g.ReturnIndex(0))
	g.Store(g.add64(g.widenAdd32(acc[1])), g.ReturnIndex(1))
	g.end()
}

// powers16 widens sums of two squares, which may be 2^31, at once.
func (g *gen) powers16() {
	g.begin("powers16", "func(p *byte, n int, flip uint64) (s, q uint64)",
		"powers16 is the sum of the n*16 signed 16-bit integers at p, each as flip changes it,",
		"and that of their squares; n is at most 2^14, beyond which lanes could overflow.")
	flip, acc, ones, low := g.spread("flip"), g.zeros(3), g.spreadImm(0x0001000100010001), g.spreadImm(0xffffffff)
	t := g.YMM()
	g.powers(func(m operand.Mem, s, q reg.VecVirtual) {
		g.VPXOR(m, flip, s)
		g.VPMADDWD(s, s, q)
		g.VPMADDWD(ones, s, s)
		g.VPADDD(s, acc[0], acc[0])
		g.VPAND(low, q, t)
		g.VPSRLQ(operand.Imm(32), q, q)
		g.VPADDQ(t, acc[1], acc[1])
		g.VPADDQ(q, acc[2], acc[2])
	}, vec)
	g.VPADDQ(acc[2], acc[1], acc[1])
	g.Store(g.add64(g.widenAdd32(acc[0])), g.ReturnIndex(0))
	g.Store(g.add64(acc[1]), g.ReturnIndex(1))
	g.end()
}

// powers emits the loop over units of some bytes.
func (g *gen) powers(one func(m operand.Mem, s, q reg.VecVirtual), bytes int) {
	p, n, s, q := g.arg("p"), g.arg("n"), g.YMM(), g.YMM()
	g.loop("units", n, 1, func() {
		one(at(p, 0), s, q)
		g.prefetch(at(p, 0))
		g.advance(p, bytes)
	})
}

// spreadFloat fills a vector with a parameter.
func (g *gen) spreadFloat(name string) reg.VecVirtual {
	v := g.YMM()
	g.Load(g.Param(name), v.AsX())
	g.VBROADCASTSD(v.AsX(), v)
	return v
}

// widened loads four floats of a size as float64.
func (g *gen) widened(m operand.Mem, size int, v reg.VecVirtual) {
	if size == 8 {
		g.VMOVUPD(m, v)
	} else {
		g.VCVTPS2PD(m, v)
	}
}

// deviations adds up differences, and their squares.
func (g *gen) deviations(size int) {
	name := fmt.Sprintf("deviations%d", 8*size)
	g.begin(name, "func(p *byte, n int, shift float64) (s, q float64)",
		name+" is the sum of the differences of the n*8 elements at p from shift, and that of",
		"their squares; n > 0.")
	p, n, shift, acc := g.arg("p"), g.arg("n"), g.spreadFloat("shift"), g.zeros(4)
	d, e := g.YMM(), g.YMM()
	g.loop("eight", n, 1, func() {
		g.prefetch(at(p, 0))
		g.widened(at(p, 0), size, d)
		g.widened(at(p, 4*size), size, e)
		g.VSUBPD(shift, d, d)
		g.VSUBPD(shift, e, e)
		g.VADDPD(d, acc[0], acc[0])
		g.VADDPD(e, acc[1], acc[1])
		g.VMULPD(d, d, d)
		g.VMULPD(e, e, e)
		g.VADDPD(d, acc[2], acc[2])
		g.VADDPD(e, acc[3], acc[3])
		g.advance(p, 8*size)
	})
	for i := range 2 {
		a, t := acc[2*i], g.YMM()
		g.VADDPD(acc[2*i+1], a, a)                 // 0+4, 1+5, 2+6, 3+7
		g.VEXTRACTF128(operand.Imm(1), a, t.AsX()) // 2+6, 3+7
		g.VADDPD(t.AsX(), a.AsX(), a.AsX())        // those of 0 and 2, 1 and 3
		g.VHADDPD(a.AsX(), a.AsX(), a.AsX())
		g.Store(a.AsX(), g.ReturnIndex(i))
	}
	g.end()
}

// shiftRows adds the differences of the columns of one or four rows, and their squares, neighbours
// first.
func (g *gen) shiftRows(rows, size int) {
	name := fmt.Sprintf("shift%dRows%d", rows, 8*size)
	g.begin(name, "func(s, q, shift *float64, x *byte, pitch, n int)",
		fmt.Sprintf("%s adds to s[j], for all j < 4*n, the differences from shift[j] of the elements of", name),
		fmt.Sprintf("%d row(s), which lie pitch bytes apart, from the j-th at x on, and to q[j] their squares.", rows))
	s, q, shift, x, n := g.arg("s"), g.arg("q"), g.arg("shift"), g.arg("x"), g.arg("n")
	pitch, pitch3 := g.pitches()
	row := func(i int) operand.Mem { return g.rowsOf(x, pitch, pitch3, 0)[i] }
	m := g.YMM()
	g.loop("columns", n, 1, func() {
		g.VMOVUPD(at(shift, 0), m)
		var d, e []reg.VecVirtual
		for i := range rows {
			g.prefetch(row(i))
			v := g.YMM()
			g.widened(row(i), size, v)
			g.VSUBPD(m, v, v)
			d = append(d, v)
		}
		for i := range rows {
			v := g.YMM()
			g.VMULPD(d[i], d[i], v)
			e = append(e, v)
		}
		for _, sums := range []struct {
			v  []reg.VecVirtual
			to reg.GPVirtual
		}{{d, s}, {e, q}} {
			v := sums.v
			if rows == 4 {
				g.VADDPD(v[1], v[0], v[0])
				g.VADDPD(v[3], v[2], v[2])
				g.VADDPD(v[2], v[0], v[0])
			}
			g.VADDPD(at(sums.to, 0), v[0], v[0])
			g.VMOVUPD(v[0], at(sums.to, 0))
			g.advance(sums.to, vec)
		}
		g.advance(x, 4*size)
		g.advance(shift, vec)
	})
	g.end()
}

// joinShifted is addShifted.
func (g *gen) joinShifted() {
	g.begin("joinShifted", "func(mean, meanLo, m2, m2Lo, a, b *float64, n int, inverse, share, weight float64)",
		"joinShifted joins the moments of 4*n sets with those of values whose differences from",
		"mean[i] add up to a[i], and their squares to b[i].")
	mean, meanLo, m2, m2Lo := g.arg("mean"), g.arg("meanLo"), g.arg("m2"), g.arg("m2Lo")
	a, b, n := g.arg("a"), g.arg("b"), g.arg("n")
	inverse, share, weight := g.spreadFloat("inverse"), g.spreadFloat("share"), g.spreadFloat("weight")
	largest := g.spreadImm(math.Float64bits(math.MaxFloat64))
	s, r, d, more, h, e, t := g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.loop("sets", n, 1, func() {
		g.VMOVUPD(at(a, 0), s)
		g.VMULPD(inverse, s, r)
		g.VMULPD(r, s, s)
		g.VMINPD(s, largest, s) // a NaN stays
		g.VMOVUPD(at(b, 0), more)
		g.VSUBPD(s, more, more) // b - a*r
		g.VSUBPD(at(meanLo, 0), r, d)
		g.VMULPD(share, d, r)
		// The mean: h, e = TwoSum(mean, r), and then with what is below it.
		g.VMOVUPD(at(mean, 0), s)
		g.twoSumOf(s, r, h, e, t)
		g.VADDPD(at(meanLo, 0), e, e)
		g.VADDPD(e, h, t)
		g.VMOVUPD(t, at(mean, 0))
		g.VSUBPD(h, t, t)
		g.VSUBPD(t, e, e)
		g.VMOVUPD(e, at(meanLo, 0))
		// The squares.
		g.VMULPD(weight, d, r)
		g.VMULPD(d, r, r)
		g.VADDPD(r, more, more)
		g.VMOVUPD(at(m2, 0), s)
		g.twoSumOf(s, more, h, e, t)
		g.VMOVUPD(h, at(m2, 0))
		g.VADDPD(at(m2Lo, 0), e, e)
		g.VMOVUPD(e, at(m2Lo, 0))
		for _, p := range []reg.GPVirtual{mean, meanLo, m2, m2Lo, a, b} {
			g.advance(p, vec)
		}
	})
	g.end()
}

// twoSumOf makes h the sum of a and b, and e what it rounds off. It destroys a and b.
func (g *gen) twoSumOf(a, b, h, e, t reg.VecVirtual) {
	g.VADDPD(b, a, h)
	g.VSUBPD(a, h, t)
	g.VSUBPD(t, h, e)
	g.VSUBPD(e, a, e) // a - (h-t)
	g.VSUBPD(t, b, b)
	g.VADDPD(b, e, e)
}
