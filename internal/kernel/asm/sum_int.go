package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const vec = 32 // bytes of a vector

// sumInt has the sums of integers of 8, 16 and 32 bits: of contiguous elements, and
// of columns.
func sumInt(g *gen) {
	g.sum8()
	g.sum16()
	g.sum32()
	g.cols8()
	g.cols16()
	g.cols32("cols32", false)
	g.cols32("colsSigned32", true)
}

// reduce emits the loop over vectors that add folds into four accumulators, and
// leaves their sum, as 64-bit lanes if merge makes them so, in the first.
func (g *gen) reduce(acc []reg.VecVirtual, add func(acc reg.VecVirtual, m operand.Mem)) {
	p, n := g.arg("p"), g.arg("n")
	g.loop("four", n, 4, func() {
		for i, a := range acc {
			add(a, at(p, i*vec))
		}
		g.prefetch(at(p, 0))
		g.prefetch(at(p, 2*vec))
		g.advance(p, 4*vec)
	})
	g.loop("one", n, 1, func() {
		add(acc[0], at(p, 0))
		g.advance(p, vec)
	})
}

// sum8 needs one instruction to add up eight bytes, that for differences from zero.
func (g *gen) sum8() {
	g.begin("sum8", "func(p *byte, n int, flip uint64) uint64",
		"sum8 is the sum of the n*32 unsigned bytes at p, each as flip changes it.")
	flip, acc, zero := g.spread("flip"), g.zeros(4), g.zeros(1)[0]
	t := g.YMM()
	g.reduce(acc, func(a reg.VecVirtual, m operand.Mem) {
		g.VPXOR(m, flip, t)
		g.VPSADBW(zero, t, t)
		g.VPADDQ(t, a, a)
	})
	g.VPADDQ(acc[1], acc[0], acc[0])
	g.VPADDQ(acc[3], acc[2], acc[2])
	g.VPADDQ(acc[2], acc[0], acc[0])
	g.Store(g.add64(acc[0]), g.ReturnIndex(0))
	g.end()
}

// sum16 multiplies by ones to add up neighbours; every such sum is below 2^16.
func (g *gen) sum16() {
	g.begin("sum16", "func(p *byte, n int, flip uint64) uint64",
		"sum16 is the sum of the n*16 signed 16-bit integers at p, each as flip changes it;",
		"n is at most 2^14, beyond which lanes of 32 bits could overflow.")
	flip, acc, ones := g.spread("flip"), g.zeros(4), g.spreadImm(0x0001000100010001)
	t := g.YMM()
	g.reduce(acc, func(a reg.VecVirtual, m operand.Mem) {
		g.VPXOR(m, flip, t)
		g.VPMADDWD(ones, t, t)
		g.VPADDD(t, a, a)
	})
	g.VPADDD(acc[1], acc[0], acc[0])
	g.VPADDD(acc[3], acc[2], acc[2])
	g.VPADDD(acc[2], acc[0], acc[0])
	g.Store(g.add64(g.widenAdd32(acc[0])), g.ReturnIndex(0))
	g.end()
}

func (g *gen) sum32() {
	g.begin("sum32", "func(p *byte, n int, flip uint64) uint64",
		"sum32 is the sum of the n*8 unsigned 32-bit integers at p, each as flip changes it.")
	flip, acc, low := g.spread("flip"), g.zeros(4), g.spreadImm(0xffffffff)
	t, u := g.YMM(), g.YMM()
	g.reduce(acc, func(a reg.VecVirtual, m operand.Mem) {
		g.VPXOR(m, flip, t)
		g.VPAND(low, t, u)
		g.VPSRLQ(operand.Imm(32), t, t)
		g.VPADDQ(u, a, a)
		g.VPADDQ(t, a, a)
	})
	g.VPADDQ(acc[1], acc[0], acc[0])
	g.VPADDQ(acc[3], acc[2], acc[2])
	g.VPADDQ(acc[2], acc[0], acc[0])
	g.Store(g.add64(acc[0]), g.ReturnIndex(0))
	g.end()
}

// columns emits the loop over columns, width vectors at a time and then one: for
// each it runs first, row with every row's vectors, and last.
type columns struct {
	acc, x, pitch, rows, n reg.GPVirtual
}

func (g *gen) columns() columns {
	return columns{g.arg("acc"), g.arg("x"), g.arg("pitch"), g.arg("rows"), g.arg("n")}
}

func (c columns) step(g *gen, vectors, accBytes int, first, row, last func(v int, at reg.GPVirtual)) {
	g.loop("columns", c.n, vectors, func() {
		p, r := g.GP64(), g.GP64()
		g.MOVQ(c.x, p)
		g.MOVQ(c.rows, r)
		for v := range vectors {
			first(v, p)
		}
		top := g.label("rows")
		g.bind(top)
		for v := range vectors {
			row(v, p)
		}
		if vectors == 2 {
			g.prefetch(at(p, 0))
		}
		g.ADDQ(c.pitch, p)
		g.DECQ(r)
		g.JNZ(top)
		for v := range vectors {
			last(v, c.acc)
		}
		g.advance(c.x, vectors*vec)
		g.advance(c.acc, vectors*accBytes)
	})
}

// cols8 keeps even and odd columns apart in lanes of 16 bits.
func (g *gen) cols8() {
	g.begin("cols8", "func(acc *uint64, x *byte, pitch, rows, n int, flip, bias uint64)",
		"cols8 adds up n*32 columns of bytes over rows rows, which lie pitch bytes apart: to",
		"acc[j] the bytes of column j, each as flip changes it, and the lane of bias, four",
		"signed numbers of 16 bits that are all the same. There are 1 to 128 rows.")
	c := g.columns()
	flip, bias, low := g.spread("flip"), g.spread("bias"), g.spreadImm(0x00ff00ff00ff00ff)
	even, odd, t, u := [2]reg.VecVirtual{g.YMM(), g.YMM()}, [2]reg.VecVirtual{g.YMM(), g.YMM()}, g.YMM(), g.YMM()
	first := func(v int, _ reg.GPVirtual) {
		g.VMOVDQA(bias, even[v])
		g.VMOVDQA(bias, odd[v])
	}
	row := func(v int, p reg.GPVirtual) {
		g.VPXOR(at(p, v*vec), flip, t)
		g.VPAND(low, t, u)
		g.VPSRLW(operand.Imm(8), t, t)
		g.VPADDW(u, even[v], even[v])
		g.VPADDW(t, odd[v], odd[v])
	}
	last := func(v int, acc reg.GPVirtual) {
		lo, hi, w := g.YMM(), g.YMM(), g.YMM()
		g.VPUNPCKLWD(odd[v], even[v], lo)
		g.VPUNPCKHWD(odd[v], even[v], hi)
		to := 8 * vec * v
		for half := range 2 {
			for _, part := range []reg.VecVirtual{lo, hi} {
				src := part
				if half == 1 {
					g.VEXTRACTI128(operand.Imm(1), part, part.AsX())
				}
				for quarter := range 2 {
					if quarter == 1 {
						g.VPSRLDQ(operand.Imm(8), src.AsX(), w.AsX())
						src = w
					}
					s := g.YMM()
					g.VPMOVSXWQ(src.AsX(), s)
					g.VPADDQ(at(acc, to), s, s)
					g.VMOVDQU(s, at(acc, to))
					to += vec
				}
			}
		}
	}
	c.step(g, 2, 8*vec, first, row, last)
	c.step(g, 1, 8*vec, first, row, last)
	g.end()
}

// cols16 keeps even and odd columns apart in lanes of 32 bits.
func (g *gen) cols16() {
	g.begin("cols16", "func(acc *uint64, x *byte, pitch, rows, n int, flip, bias uint64)",
		"cols16 adds up n*16 columns of 16-bit integers over rows rows, which lie pitch bytes",
		"apart: to acc[j] the unsigned elements of column j, each as flip changes it, and the",
		"lane of bias, two signed numbers of 32 bits that are the same. There are 1 to 2^15 rows.")
	c := g.columns()
	flip, bias, low := g.spread("flip"), g.spread("bias"), g.spreadImm(0x0000ffff0000ffff)
	even, odd, t, u := [2]reg.VecVirtual{g.YMM(), g.YMM()}, [2]reg.VecVirtual{g.YMM(), g.YMM()}, g.YMM(), g.YMM()
	first := func(v int, _ reg.GPVirtual) {
		g.VMOVDQA(bias, even[v])
		g.VMOVDQA(bias, odd[v])
	}
	row := func(v int, p reg.GPVirtual) {
		g.VPXOR(at(p, v*vec), flip, t)
		g.VPAND(low, t, u)
		g.VPSRLD(operand.Imm(16), t, t)
		g.VPADDD(u, even[v], even[v])
		g.VPADDD(t, odd[v], odd[v])
	}
	last := func(v int, acc reg.GPVirtual) {
		lo, hi := g.YMM(), g.YMM()
		g.VPUNPCKLDQ(odd[v], even[v], lo)
		g.VPUNPCKHDQ(odd[v], even[v], hi)
		to := 4 * vec * v
		for half := range 2 {
			for _, part := range []reg.VecVirtual{lo, hi} {
				if half == 1 {
					g.VEXTRACTI128(operand.Imm(1), part, part.AsX())
				}
				s := g.YMM()
				g.VPMOVSXDQ(part.AsX(), s)
				g.VPADDQ(at(acc, to), s, s)
				g.VMOVDQU(s, at(acc, to))
				to += vec
			}
		}
	}
	c.step(g, 2, 4*vec, first, row, last)
	c.step(g, 1, 4*vec, first, row, last)
	g.end()
}

// cols32 widens on the way from memory.
func (g *gen) cols32(name string, signed bool) {
	kind := "unsigned"
	if signed {
		kind = "signed"
	}
	g.begin(name, "func(acc *uint64, x *byte, pitch, rows, n int)",
		name+" adds up n*8 columns of "+kind+" 32-bit integers over rows rows, at least one,",
		"which lie pitch bytes apart: to acc[j] the elements of column j.")
	c := g.columns()
	sum, t := [4]reg.VecVirtual{g.YMM(), g.YMM(), g.YMM(), g.YMM()}, g.YMM()
	first := func(v int, _ reg.GPVirtual) {
		g.VPXOR(sum[2*v], sum[2*v], sum[2*v])
		g.VPXOR(sum[2*v+1], sum[2*v+1], sum[2*v+1])
	}
	row := func(v int, p reg.GPVirtual) {
		for h := range 2 {
			if m := at(p, v*vec+h*vec/2); signed {
				g.VPMOVSXDQ(m, t)
			} else {
				g.VPMOVZXDQ(m, t)
			}
			g.VPADDQ(t, sum[2*v+h], sum[2*v+h])
		}
	}
	last := func(v int, acc reg.GPVirtual) {
		for h := range 2 {
			to := vec * (2*v + h)
			g.VPADDQ(at(acc, to), sum[2*v+h], sum[2*v+h])
			g.VMOVDQU(sum[2*v+h], at(acc, to))
		}
	}
	c.step(g, 2, 2*vec, first, row, last)
	c.step(g, 1, 2*vec, first, row, last)
	g.end()
}
