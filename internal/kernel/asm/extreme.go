package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	notLessOrEqual    = 6 // or not ordered: the predicates of VCMPPS
	notGreaterOrEqual = 9
)

// extreme has the search for elements beyond a limit, in rows, and the extremes of
// columns. Integers are unsigned here, and the greatest is the extreme: an order flips
// others. Floats come as both ends, and a NaN is beyond every limit.
func extreme(g *gen) {
	g.skipInts("skip8", "bytes", g.VPMAXUB, g.VPCMPEQB)
	g.skipInts("skip16", "16-bit integers", g.VPMAXUW, g.VPCMPEQW)
	g.skipInts("skip32", "32-bit integers", g.VPMAXUD, g.VPCMPEQD)
	g.skipFloats("skipMost32", "greater than", 4, 1, notLessOrEqual)
	g.skipFloats("skipLeast32", "less than", 4, 1, notGreaterOrEqual)
	g.skipFloats("skipMost64", "greater than", 8, 2, notLessOrEqual)
	g.skipFloats("skipLeast64", "less than", 8, 2, notGreaterOrEqual)
	g.extremeCols("extreme8", "bytes", g.VPMAXUB)
	g.extremeCols("extreme16", "16-bit integers", g.VPMAXUW)
	g.extremeCols("extreme32", "32-bit integers", g.VPMAXUD)
	g.exceedCols("exceedMost32", "greater than", 4, notLessOrEqual)
	g.exceedCols("exceedLeast32", "less than", 4, notGreaterOrEqual)
	g.exceedCols("exceedMost64", "greater than", 8, notLessOrEqual)
	g.exceedCols("exceedLeast64", "less than", 8, notGreaterOrEqual)
}

// skip emits the loop over pairs of vectors that found leaves early, and returns how
// many it went through.
func (g *gen) skip(step int, before func(), found func(p reg.GPVirtual, out operand.LabelRef)) {
	p, n := g.arg("p"), g.arg("n")
	before()
	left, out := g.GP64(), g.label("out")
	g.MOVQ(n, left)
	g.loop("skip", left, 1, func() {
		found(p, out)
		g.advance(p, step)
	})
	g.bind(out)
	g.SUBQ(left, n)
	g.Store(n, g.ReturnIndex(0))
	g.end()
}

func (g *gen) skipInts(name, elements string, most, equal func(...operand.Op)) {
	g.begin(name, "func(p *byte, n int, order, limit uint64) int",
		name+" returns how many of the n*64 bytes at p, in units of 64, come before a unit with",
		elements+" that, as order changes them, are greater than the lanes of limit.")
	var order, limit, t, u reg.VecVirtual
	r := g.GP32()
	g.skip(2*vec, func() {
		order, limit, t, u = g.spread("order"), g.spread("limit"), g.YMM(), g.YMM()
	}, func(p reg.GPVirtual, out operand.LabelRef) {
		g.VPXOR(at(p, 0), order, t)
		g.VPXOR(at(p, vec), order, u)
		most(u, t, t)
		most(limit, t, t)
		equal(limit, t, t)
		g.VPMOVMSKB(t, r)
		g.CMPL(r, operand.U32(0xffffffff))
		g.JNE(out)
	})
}

func (g *gen) skipFloats(name, than string, size, pairs int, predicate uint64) {
	bits := "uint32"
	if size == 8 {
		bits = "uint64"
	}
	g.begin(name, "func(p *byte, n int, limit "+bits+") int",
		name+" returns how many of the n*16 elements at p, in units of 16, come before a unit",
		"that has one "+than+" the limit, which its bits give.")
	var limit, t, u reg.VecVirtual
	g.skip(2*pairs*vec, func() {
		limit, t, u = g.YMM(), g.YMM(), g.YMM()
		if size == 4 {
			r := g.GP32()
			g.Load(g.Param("limit"), r)
			g.VMOVD(r, limit.AsX())
			g.VPBROADCASTD(limit.AsX(), limit)
		} else {
			limit = g.spread("limit")
		}
	}, func(p reg.GPVirtual, out operand.LabelRef) {
		for i := range 2 * pairs {
			to := t
			if i > 0 {
				to = u
			}
			g.exceeds(at(p, i*vec), limit, to, size, predicate)
			if i > 0 {
				g.VPOR(u, t, t)
			}
		}
		g.VPTEST(t, t)
		g.JNZ(out)
	})
}

// exceeds sets the lanes of to where an element of m is beyond limit.
func (g *gen) exceeds(m operand.Op, limit, to reg.VecVirtual, size int, predicate uint64) {
	// Operands are those of m <= limit, so that the first is what is in a register.
	if size == 4 {
		g.VMOVUPS(m, to)
		g.VCMPPS(operand.Imm(predicate), limit, to, to)
	} else {
		g.VMOVUPD(m, to)
		g.VCMPPD(operand.Imm(predicate), limit, to, to)
	}
}

// extremeCols takes the greatest of eight rows and what is there.
func (g *gen) extremeCols(name, elements string, most func(...operand.Op)) {
	g.begin(name, "func(acc, x *byte, pitch, n int, order uint64)",
		name+" raises the "+elements+" at acc, n vectors of them, to those of eight rows that",
		"lie pitch bytes apart, in the order of unsigned integers after order changed them.")
	acc, x, n := g.arg("acc"), g.arg("x"), g.arg("n")
	x4, row := g.eight(x)
	order, a, t := g.spread("order"), g.YMM(), g.YMM()
	g.loop("columns", n, 1, func() {
		g.VPXOR(at(acc, 0), order, a)
		for i := range 8 {
			g.VPXOR(row(i), order, t)
			most(t, a, a)
		}
		g.VPXOR(order, a, a)
		g.VMOVDQU(a, at(acc, 0))
		g.advance(acc, vec)
		g.advance(x, vec)
		g.advance(x4, vec)
	})
	g.end()
}

// eight is the places of eight rows that lie apart by the parameter pitch. Both x and
// what is returned with them have to be advanced.
func (g *gen) eight(x reg.GPVirtual) (x4 reg.GPVirtual, row func(i int) operand.Mem) {
	pitch, pitch3 := g.pitches()
	x4 = g.GP64()
	g.LEAQ(operand.Mem{Base: x, Index: pitch, Scale: 4}, x4)
	return x4, func(i int) operand.Mem {
		base := x
		if i >= 4 {
			base = x4
		}
		return g.rowsOf(base, pitch, pitch3, 0)[i%4]
	}
}

// exceedCols finds where there is something to do.
func (g *gen) exceedCols(name, than string, size int, predicate uint64) {
	g.begin(name, "func(acc, x *byte, pitch, n int) int",
		name+" returns how many of n vectors of columns come before one where an element of",
		"eight rows, which lie pitch bytes apart, is "+than+" that at acc.")
	acc, x, n := g.arg("acc"), g.arg("x"), g.arg("n")
	x4, row := g.eight(x)
	left, out := g.GP64(), g.label("out")
	a, t, u := g.YMM(), g.YMM(), g.YMM()
	g.MOVQ(n, left)
	g.loop("columns", left, 1, func() {
		g.VMOVUPS(at(acc, 0), a)
		for i := range 8 {
			to := t
			if i > 0 {
				to = u
			}
			g.exceeds(row(i), a, to, size, predicate)
			if i > 0 {
				g.VPOR(u, t, t)
			}
		}
		g.VPTEST(t, t)
		g.JNZ(out)
		g.advance(acc, vec)
		g.advance(x, vec)
		g.advance(x4, vec)
	})
	g.bind(out)
	g.SUBQ(left, n)
	g.Store(n, g.ReturnIndex(0))
	g.end()
}
