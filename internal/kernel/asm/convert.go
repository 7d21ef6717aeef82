package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// convert has conversions to floats.
func convert(g *gen) {
	toInt := func(extend func(...operand.Op)) func(m operand.Mem, v reg.VecVirtual) {
		return func(m operand.Mem, v reg.VecVirtual) {
			extend(m, v.AsX())
			g.VCVTDQ2PD(v.AsX(), v)
		}
	}
	g.toFloats("float64OfUint8", 1, nil, toInt(g.VPMOVZXBD))
	g.toFloats("float64OfInt8", 1, nil, toInt(g.VPMOVSXBD))
	g.toFloats("float64OfUint16", 2, nil, toInt(g.VPMOVZXWD))
	g.toFloats("float64OfInt16", 2, nil, toInt(g.VPMOVSXWD))
	g.toFloats("float64OfInt32", 4, nil, func(m operand.Mem, v reg.VecVirtual) { g.VCVTDQ2PD(m, v) })
	g.toFloats("float64OfFloat32", 4, nil, func(m operand.Mem, v reg.VecVirtual) { g.VCVTPS2PD(m, v) })
	var magic reg.VecVirtual // the bits of 2^52, which an unsigned number below is added to by or
	g.toFloats("float64OfUint32", 4, func() { magic = g.spreadImm(0x4330000000000000) }, func(m operand.Mem, v reg.VecVirtual) {
		g.VPMOVZXDQ(m, v)
		g.VPOR(magic, v, v)
		g.VSUBPD(magic, v, v)
	})
	toSingle := func(extend func(...operand.Op)) func(m operand.Mem, v reg.VecVirtual) {
		return func(m operand.Mem, v reg.VecVirtual) {
			extend(m, v)
			g.VCVTDQ2PS(v, v)
		}
	}
	g.toFloats("float32OfUint8", 1, nil, toSingle(g.VPMOVZXBD))
	g.toFloats("float32OfInt8", 1, nil, toSingle(g.VPMOVSXBD))
	g.toFloats("float32OfUint16", 2, nil, toSingle(g.VPMOVZXWD))
	g.toFloats("float32OfInt16", 2, nil, toSingle(g.VPMOVSXWD))
	g.half()
}

// toFloats converts a vector of floats, of elements of size bytes, at a time.
func (g *gen) toFloats(name string, size int, before func(), one func(m operand.Mem, v reg.VecVirtual)) {
	per, result := 8, "float32"
	if strings.HasPrefix(name, "float64") {
		per, result = 4, "float64"
	}
	g.begin(name, fmt.Sprintf("func(to *%s, x *byte, n int)", result), fmt.Sprintf("%s converts n*%d elements.", name, per))
	to, x, n := g.arg("to"), g.arg("x"), g.arg("n")
	if before != nil {
		before()
	}
	for _, together := range []int{4, 1} {
		g.loop("vectors", n, together, func() {
			for i := range together {
				v := g.YMM()
				one(at(x, i*per*size), v)
				g.VMOVUPD(v, at(to, i*vec))
			}
			g.advance(to, together*vec)
			g.advance(x, together*per*size)
		})
	}
	g.end()
}

// half decodes binary16 by moving bits, as the Go code does, so that a signalling NaN
// stays one: the instruction for it would change that, and is an extension of its own.
func (g *gen) half() {
	g.begin("float32OfHalf", "func(to *float32, x *byte, n int)", "float32OfHalf converts n*8 binary16 numbers.")
	to, x, n := g.arg("to"), g.arg("x"), g.arg("n")
	both := func(v uint32) reg.VecVirtual { return g.spreadImm(uint64(v)<<32 | uint64(v)) }
	magnitude, rebias, normal, largest := both(0x7fff), both((127-15)<<23), both(0x03ff), both(0x7bff)
	unit := both((127 - 14) << 23) // the bits of 2^-14; 2^13 units in its last place are 2^-24
	sign, m, v, t := g.YMM(), g.YMM(), g.YMM(), g.YMM()
	g.loop("vectors", n, 1, func() {
		g.VPMOVZXWD(at(x, 0), sign)
		g.VPAND(magnitude, sign, m)
		g.VPXOR(m, sign, sign)
		g.VPSLLD(operand.Imm(16), sign, sign)
		g.VPSLLD(operand.Imm(13), m, v)
		g.VPADDD(rebias, v, v)
		g.VPCMPGTD(largest, m, t) // Inf, NaN: the exponent moves once more
		g.VPAND(rebias, t, t)
		g.VPADDD(t, v, v)
		g.VPSLLD(operand.Imm(13), m, t) // zero and subnormals: below 2^-14
		g.VPOR(unit, t, t)
		g.VSUBPS(unit, t, t)
		g.VPCMPGTD(normal, m, m)
		g.VBLENDVPS(m, v, t, v)
		g.VPOR(sign, v, v)
		g.VMOVDQU(v, at(to, 0))
		g.advance(to, vec)
		g.advance(x, vec/2)
	})
	g.end()
}
