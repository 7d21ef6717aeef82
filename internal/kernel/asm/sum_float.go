package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sumFloat has the sums of leaves of 128 floats and of groups of eight rows. Every
// addition is one that the Go code does, in the same order: lanes are its
// accumulators.
func sumFloat(g *gen) {
	g.leaves("leaves64", 8, 4)
	g.leaves("leaves32", 4, 6)
	for _, rows := range []int{8, 4, 1} {
		g.addRows(rows, 8)
		g.addRows(rows, 4)
	}
}

// leaves sums several leaves at a time, because the additions within one wait for
// each other.
func (g *gen) leaves(name string, size, together int) {
	g.begin(name, "func(sums *float64, p *byte, n int)",
		name+" sets sums[i] to the sum of the i-th 128 elements at p, for all i < n.")
	sums, p, n := g.arg("sums"), g.arg("p"), g.arg("n")
	g.someLeaves(sums, p, n, size, together)
	g.someLeaves(sums, p, n, size, 1)
	g.end()
}

func (g *gen) someLeaves(sums, p, n reg.GPVirtual, size, together int) {
	leafBytes := 128 * size
	g.loop("leaves", n, together, func() {
		var lower, upper []reg.VecVirtual
		if size == 8 {
			lower, upper = g.zeros(together), g.zeros(together)
		} else {
			lower = g.zeros(together)
		}
		count, t, u := g.GP64(), g.YMM(), g.YMM()
		g.MOVQ(operand.U32(128), count)
		g.loop("eight", count, 8, func() {
			for i := range together {
				g.prefetch(at(p, i*leafBytes))
				m, next := at(p, i*leafBytes), at(p, i*leafBytes+4*size)
				if size == 8 {
					g.VADDPD(m, lower[i], lower[i])
					g.VADDPD(next, upper[i], upper[i])
					continue
				}
				g.VCVTPS2PD(m, t)
				g.VCVTPS2PD(next, u)
				g.VHADDPD(u, t, t) // of neighbours: 0+1, 4+5, 2+3, 6+7
				g.VADDPD(t, lower[i], lower[i])
			}
			g.advance(p, 8*size)
		})
		for i := range together {
			a := lower[i]
			if size == 8 {
				g.VHADDPD(upper[i], a, a)
			}
			g.VEXTRACTF128(operand.Imm(1), a, t.AsX())
			g.VADDPD(t.AsX(), a.AsX(), a.AsX())
			g.VHADDPD(a.AsX(), a.AsX(), a.AsX())
			g.VMOVSD(a.AsX(), at(sums, 8*i))
		}
		if together > 1 {
			g.advance(p, (together-1)*leafBytes)
		}
		g.advance(sums, 8*together)
	})
}

// addRows adds eight, four or one row pairwise and their sum to a compensated one.
func (g *gen) addRows(rows, size int) {
	name := fmt.Sprintf("add%dRows%dVectors", rows, 8*size)
	g.begin(name, "func(hi, lo *float64, x *byte, pitch, n int)",
		fmt.Sprintf("%s adds to the compensated sums (hi[j], lo[j]), for all j < 4*n, the elements of", name),
		fmt.Sprintf("%d row(s), which lie pitch bytes apart, from the j-th at x on.", rows))
	hi, lo, x, n := g.arg("hi"), g.arg("lo"), g.arg("x"), g.arg("n")
	x4, row := g.eight(x)

	g.loop("columns", n, 1, func() {
		for i := range rows {
			g.prefetch(row(i))
		}
		g.twoSum(hi, lo, g.pairwise(rows, size, row))
		g.advance(x, 4*size)
		g.advance(x4, 4*size)
		g.advance(hi, vec)
		g.advance(lo, vec)
	})
	g.end()
}

// twoSum adds b to the compensated sums at hi and lo: s = a+b, t = s-a, and what was
// rounded off, (a-(s-t)) + (b-t), to lo.
func (g *gen) twoSum(hi, lo reg.GPVirtual, b reg.VecVirtual) {
	a, s, t := g.YMM(), g.YMM(), g.YMM()
	g.VMOVUPD(at(hi, 0), a)
	g.VADDPD(b, a, s)
	g.VMOVUPD(s, at(hi, 0))
	g.VSUBPD(a, s, t)
	g.VSUBPD(t, s, s)
	g.VSUBPD(s, a, a)
	g.VSUBPD(t, b, b)
	g.VADDPD(b, a, a)
	g.VADDPD(at(lo, 0), a, a)
	g.VMOVUPD(a, at(lo, 0))
}

// pairwise adds up four elements of each of so many rows, as float64: neighbours
// first, and then the sums of neighbours.
func (g *gen) pairwise(rows, size int, row func(i int) operand.Mem) reg.VecVirtual {
	var sums []reg.VecVirtual
	for i := range rows {
		v := g.YMM()
		switch {
		case size == 4:
			g.VCVTPS2PD(row(i), v)
		case i%2 == 0:
			g.VMOVUPD(row(i), v)
		default: // straight from memory
			last := sums[len(sums)-1]
			g.VADDPD(row(i), last, last)
			continue
		}
		sums = append(sums, v)
		if size == 4 && i%2 == 1 {
			k := len(sums)
			g.VADDPD(sums[k-1], sums[k-2], sums[k-2])
			sums = sums[:k-1]
		}
	}
	for len(sums) > 1 {
		for i := range len(sums) / 2 {
			g.VADDPD(sums[2*i+1], sums[2*i], sums[2*i])
			sums[i] = sums[2*i]
		}
		sums = sums[:len(sums)/2]
	}
	return sums[0]
}
