package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const flatRows = 4 // rows that share the bits of a block

// mask has the sums of groups of pixels, which bits choose out of blocks of sixteen,
// and the products of dense weights.
func mask(g *gen) {
	g.flat8()
	g.flat16()
	g.flat32()
	g.flatFloat32()
	g.flatFloat64()
	for _, k := range []int{8, 4, 2, 1} {
		g.dot(k, 8/k)
	}
}

// table is constant memory, which functions can share.
func (g *gen) table(name string, words ...uint64) operand.Mem {
	if m, ok := g.tables[name]; ok {
		return m
	}
	m := g.StaticGlobal(name)
	g.tables[name] = m
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, w := range words {
		g.AddDatum(8*i, operand.U64(w))
	}
	return m
}

// load is a vector, of either width, of constant memory.
func (g *gen) load(m operand.Mem, v reg.VecVirtual) reg.VecVirtual {
	g.VMOVDQU(m, v)
	return v
}

// blocks emits the loop over the chosen pixels of n blocks. body gets the place of a
// block in the first row, and where its bits are.
func (g *gen) blocks(size int, body func(p reg.GPVirtual, bits operand.Mem)) {
	base, blocks, bits, n := g.arg("x"), g.arg("blocks"), g.arg("bits"), g.arg("n")
	back := g.arg("from")
	g.IMUL3Q(operand.Imm(uint64(size)), back, back)
	g.SUBQ(back, base)
	p := g.GP64()
	g.loop("blocks", n, 1, func() {
		g.MOVL(at(blocks, 0), p.As32())
		g.IMUL3Q(operand.Imm(uint64(16*size)), p, p)
		g.ADDQ(base, p)
		body(p, at(bits, 0))
		g.advance(blocks, 4)
		g.advance(bits, 2)
	})
}

const flatSignature = "func(sums *[4]uint64, x *byte, pitch int, blocks *uint32, bits *uint16, n, from int, flip uint64)"

func flatDoc(name, elements string) []string {
	return []string{
		name + " adds up chosen " + elements + ", each as flip changes it, in n blocks of 16",
		"of four rows, which lie pitch bytes apart and begin at x with the element from.",
		"Element i of block b is chosen by bit i of the bits beside b in blocks.",
	}
}

// rowsOf are the places of a block in all rows.
func (g *gen) rowsOf(p, pitch, pitch3 reg.GPVirtual, disp int) [flatRows]operand.Mem {
	return [flatRows]operand.Mem{
		at(p, disp),
		{Base: p, Index: pitch, Scale: 1, Disp: disp},
		{Base: p, Index: pitch, Scale: 2, Disp: disp},
		{Base: p, Index: pitch3, Scale: 1, Disp: disp},
	}
}

func (g *gen) pitches() (pitch, pitch3 reg.GPVirtual) {
	pitch, pitch3 = g.arg("pitch"), g.GP64()
	g.LEAQ(operand.Mem{Base: pitch, Index: pitch, Scale: 2}, pitch3)
	return pitch, pitch3
}

func (g *gen) storeSums(acc []reg.VecVirtual) {
	sums := g.arg("sums")
	for r, a := range acc {
		g.MOVQ(g.add64(a), at(sums, 8*r))
	}
}

func (g *gen) flat8() {
	g.begin("flat8", flatSignature, flatDoc("flat8", "bytes")...)
	acc, zero := g.zeros(flatRows), g.zeros(1)[0].AsX()
	flip := g.spread("flip").AsX()
	twice, choose := g.XMM(), g.XMM()
	g.VMOVDQU(g.table("twice8", 0, 0x0101010101010101), twice)
	g.VMOVDQU(g.table("choose8", 0x8040201008040201, 0x8040201008040201), choose)
	pitch, pitch3 := g.pitches()
	set, t := g.XMM(), g.XMM()
	g.blocks(1, func(p reg.GPVirtual, bits operand.Mem) {
		g.VPBROADCASTW(bits, set)
		g.VPSHUFB(twice, set, set)
		g.VPAND(choose, set, set)
		g.VPCMPEQB(choose, set, set)
		for r, m := range g.rowsOf(p, pitch, pitch3, 0) {
			g.VPXOR(m, flip, t)
			g.VPAND(set, t, t)
			g.VPSADBW(zero, t, t)
			g.VPADDQ(t, acc[r].AsX(), acc[r].AsX())
		}
	})
	g.storeSums(acc)
	g.end()
}

func (g *gen) flat16() {
	doc := flatDoc("flat16", "signed 16-bit integers")
	g.begin("flat16", flatSignature, append(doc, "There are at most 2^14 blocks, beyond which lanes of 32 bits could overflow.")...)
	acc, flip, choose := g.zeros(flatRows), g.spread("flip"), g.YMM()
	g.load(g.table("choose16", 0x0008000400020001, 0x0080004000200010, 0x0800040002000100, 0x8000400020001000), choose)
	pitch, pitch3 := g.pitches()
	set, t := g.YMM(), g.YMM()
	g.blocks(2, func(p reg.GPVirtual, bits operand.Mem) {
		g.VPBROADCASTW(bits, set)
		g.VPAND(choose, set, set)
		g.VPCMPEQW(choose, set, set) // -1 for what is chosen
		for r, m := range g.rowsOf(p, pitch, pitch3, 0) {
			g.VPXOR(m, flip, t)
			g.VPMADDWD(set, t, t)
			g.VPSUBD(t, acc[r], acc[r])
		}
	})
	for r, a := range acc {
		acc[r] = g.widenAdd32(a)
	}
	g.storeSums(acc)
	g.end()
}

// choose32 makes masks of two vectors of 32-bit lanes out of 16 bits.
func (g *gen) choose32() func(bits operand.Mem) [2]reg.VecVirtual {
	var choose, set [2]reg.VecVirtual
	m := g.table("choose32", 1<<33|1, 1<<35|1<<2, 1<<37|1<<4, 1<<39|1<<6,
		1<<41|1<<8, 1<<43|1<<10, 1<<45|1<<12, 1<<47|1<<14)
	for h := range choose {
		choose[h], set[h] = g.load(m.Offset(h*vec), g.YMM()), g.YMM()
	}
	r := g.GP32()
	return func(bits operand.Mem) [2]reg.VecVirtual {
		g.MOVWLZX(bits, r)
		g.VMOVD(r, set[0].AsX())
		g.VPBROADCASTD(set[0].AsX(), set[0])
		g.VPAND(choose[1], set[0], set[1])
		g.VPAND(choose[0], set[0], set[0])
		for h := range set {
			g.VPCMPEQD(choose[h], set[h], set[h])
		}
		return set
	}
}

func (g *gen) flat32() {
	g.begin("flat32", flatSignature, flatDoc("flat32", "unsigned 32-bit integers")...)
	acc, flip, low := g.zeros(flatRows), g.spread("flip"), g.spreadImm(0xffffffff)
	choose := g.choose32()
	pitch, pitch3 := g.pitches()
	t, u := g.YMM(), g.YMM()
	g.blocks(4, func(p reg.GPVirtual, bits operand.Mem) {
		for h, set := range choose(bits) {
			for r, m := range g.rowsOf(p, pitch, pitch3, h*vec) {
				g.VPXOR(m, flip, t)
				g.VPAND(set, t, t)
				g.VPAND(low, t, u)
				g.VPSRLQ(operand.Imm(32), t, t)
				g.VPADDQ(u, acc[r], acc[r])
				g.VPADDQ(t, acc[r], acc[r])
			}
		}
	})
	g.storeSums(acc)
	g.end()
}

const laneSignature = "func(lanes *[16]float64, x *byte, blocks *uint32, bits *uint16, n, from int)"

func laneDoc(name string) []string {
	return []string{
		name + " adds chosen elements of n blocks of 16 to the lane that has their place in",
		"the block. The row begins at x with the element from. Element i of block b is chosen",
		"by bit i of the bits beside b in blocks; what is not chosen counts as 0.",
	}
}

// lanes loads the lanes for emit, and stores them.
func (g *gen) lanes(emit func(acc []reg.VecVirtual)) {
	lanes := g.arg("lanes")
	acc := make([]reg.VecVirtual, 4)
	for i := range acc {
		acc[i] = g.YMM()
		g.VMOVUPD(at(lanes, i*vec), acc[i])
	}
	emit(acc)
	for i, a := range acc {
		g.VMOVUPD(a, at(lanes, i*vec))
	}
}

func (g *gen) flatFloat32() {
	g.begin("flatFloat32", laneSignature, laneDoc("flatFloat32")...)
	choose := g.choose32()
	t, u := g.YMM(), g.YMM()
	g.lanes(func(acc []reg.VecVirtual) {
		g.blocks(4, func(p reg.GPVirtual, bits operand.Mem) {
			for h, set := range choose(bits) {
				g.VPAND(at(p, h*vec), set, t)
				g.VEXTRACTF128(operand.Imm(1), t, u.AsX())
				g.VCVTPS2PD(t.AsX(), t)
				g.VCVTPS2PD(u.AsX(), u)
				g.VADDPD(t, acc[2*h], acc[2*h])
				g.VADDPD(u, acc[2*h+1], acc[2*h+1])
			}
		})
	})
	g.end()
}

func (g *gen) flatFloat64() {
	g.begin("flatFloat64", laneSignature, laneDoc("flatFloat64")...)
	var words []uint64
	for i := range 16 {
		words = append(words, 1<<i)
	}
	m := g.table("choose64", words...)
	var choose [4]reg.VecVirtual
	for i := range choose {
		choose[i] = g.load(m.Offset(i*vec), g.YMM())
	}
	r, all, set := g.GP32(), g.YMM(), g.YMM()
	g.lanes(func(acc []reg.VecVirtual) {
		g.blocks(8, func(p reg.GPVirtual, bits operand.Mem) {
			g.MOVWLZX(bits, r)
			g.VMOVD(r, all.AsX())
			g.VPBROADCASTQ(all.AsX(), all)
			for i, a := range acc {
				g.VPAND(choose[i], all, set)
				g.VPCMPEQQ(choose[i], set, set)
				g.VPAND(at(p, i*vec), set, set)
				g.VADDPD(set, a, a)
			}
		})
	})
	g.end()
}

// dot multiplies rows by k weights, as many rows as there are registers for.
func (g *gen) dot(k, rows int) {
	const rowBytes = 256 * 8
	name := fmt.Sprintf("dot%d", k)
	g.begin(name, "func(lanes, w, x *float64, n int)",
		fmt.Sprintf("%s multiplies %d row(s) of n*4 elements, which lie 256 elements apart at x, by", name, rows),
		fmt.Sprintf("%d weight(s), of which four for one mask follow those for the one before, and adds", k),
		"the products to four lanes for every row and, fastest, mask.")
	lanes, w, x, n := g.arg("lanes"), g.arg("w"), g.arg("x"), g.arg("n")
	acc := make([]reg.VecVirtual, rows*k)
	for i := range acc {
		acc[i] = g.YMM()
		g.VMOVUPD(at(lanes, i*vec), acc[i])
	}
	weight := make([]reg.VecVirtual, k)
	for j := range weight {
		weight[j] = g.YMM()
	}
	t := g.YMM()
	g.loop("groups", n, 1, func() {
		for j := range k {
			if rows > 1 {
				g.VMOVUPD(at(w, j*vec), weight[j])
			}
		}
		for i := range rows {
			g.VMOVUPD(at(x, i*rowBytes), t)
			for j := range k {
				if rows > 1 {
					g.VFMADD231PD(weight[j], t, acc[i*k+j])
				} else {
					g.VFMADD231PD(at(w, j*vec), t, acc[i*k+j])
				}
			}
		}
		g.advance(w, k*vec)
		g.advance(x, vec)
	})
	for i, a := range acc {
		g.VMOVUPD(a, at(lanes, i*vec))
	}
	g.end()
}
