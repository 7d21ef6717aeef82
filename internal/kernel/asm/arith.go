package main

import "github.com/mmcloughlin/avo/operand"

// arith has the operations on pairs of floats that processors round as NumPy does.
func arith(g *gen) {
	for _, op := range []struct {
		name     string
		f32, f64 func(...operand.Op)
	}{
		{"add", g.VADDPS, g.VADDPD},
		{"subtract", g.VSUBPS, g.VSUBPD},
		{"multiply", g.VMULPS, g.VMULPD},
		{"divide", g.VDIVPS, g.VDIVPD},
	} {
		g.pairs(op.name+"Floats32", op.f32)
		g.pairs(op.name+"Floats64", op.f64)
	}
}

// pairs computes a vector of results at a time.
func (g *gen) pairs(name string, op func(...operand.Op)) {
	g.begin(name, "func(to, x, y *byte, n int)", name+" computes n vectors, each of one of x and one of y.")
	to, x, y, n := g.arg("to"), g.arg("x"), g.arg("y"), g.arg("n")
	for _, together := range []int{4, 1} {
		g.loop("vectors", n, together, func() {
			for i := range together {
				v := g.YMM()
				g.VMOVUPD(at(x, i*vec), v)
				op(at(y, i*vec), v, v)
				g.VMOVUPD(v, at(to, i*vec))
			}
			g.advance(to, together*vec)
			g.advance(x, together*vec)
			g.advance(y, together*vec)
		})
	}
	g.end()
}
