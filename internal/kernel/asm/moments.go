package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// moments has the sums of narrow integers and of their squares.
func moments(g *gen) {
	g.powers8()
	g.powers16()
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
