package chunk

import "github.com/lazynpy/lazynpy/internal/arith"

// auto cuts the array by its storage order, as [NewPlan] says.
func (p *Plan) auto(lim Limits) []axis {
	g := newGrower(p.layout, lim)
	signal, navigation := p.byRole()
	if g.elements(signal) > g.most {
		g.reserveRun(p.layout.Order)
		g.grow(signal, g.enough())
		return g.cut() // parts of several signals in one block help nobody
	}
	g.grow(signal, g.most)
	g.grow(navigation, g.enough())
	return g.cut()
}

// byRole returns the signal and navigation axes, each from fastest to slowest in
// storage. Without the distinction all axes take the part of navigation axes.
func (p *Plan) byRole() (signal, navigation []int) {
	var isNavigation [MaxDims]bool
	for _, d := range p.navigation {
		isNavigation[d] = true
	}
	distinct := len(p.navigation) > 0
	axes := make([]int, 2*len(p.layout.Shape))
	signal, navigation = axes[:0:len(axes)/2], axes[len(axes)/2:len(axes)/2]
	for j := len(p.layout.Order) - 1; j >= 0; j-- {
		if d := p.layout.Order[j]; distinct && !isNavigation[d] {
			signal = append(signal, d)
		} else {
			navigation = append(navigation, d)
		}
	}
	return signal, navigation
}

// grower makes one block larger, axis by axis. All its numbers are elements.
type grower struct {
	shape []int64
	total int64 // in the array
	block int64 // in the block: the product of size

	most, least, minBlocks int64 // the limits
	run                    int64 // what reserveRun makes sure of
	granule                int64 // of which a block that is cut is to be a multiple; 0 for none

	size    [MaxDims]int64 // of the block along each axis
	parts   [MaxDims]int64 // into which each axis is to be cut
	aligned [MaxDims]bool  // cut into equal sizes and a rest, not into equal parts
}

func newGrower(l Layout, lim Limits) *grower {
	item := max(l.ItemSize, 1)
	g := &grower{
		shape:     l.Shape,
		total:     1,
		block:     1,
		most:      max(lim.MaxBlock/item, 1),
		least:     max(arith.CeilDiv(lim.MinBlock, item), 1),
		minBlocks: lim.MinBlocks,
	}
	g.least = min(g.least, g.most) // rounded apart from each other
	g.run = min(max(shortestRun/item, 1), g.least)
	g.granule = lim.Granule / item
	for d, n := range l.Shape {
		g.total *= max(n, 1)
		g.size[d], g.parts[d] = 1, max(n, 1)
	}
	return g
}

// elements is the number of elements along some axes.
func (g *grower) elements(axes []int) int64 {
	n := int64(1)
	for _, d := range axes {
		n *= max(g.shape[d], 1)
	}
	return n
}

// enough is the block size beyond which an axis is not taken whole: that of
// minBlocks equal blocks, within the limits.
func (g *grower) enough() int64 {
	return min(g.most, max(g.least, g.total/g.minBlocks))
}

// grow makes the block larger along some axes, from fastest to slowest: whole as
// long as it stays within budget, the next one as far as the limits allow, and no
// further.
func (g *grower) grow(axes []int, budget int64) {
	for _, d := range axes {
		n := max(g.shape[d], 1)
		base := g.block / g.size[d]
		parts := int64(1)
		if base > budget/n {
			parts = g.partsFor(d, base, n)
		}
		g.set(d, base, parts)
		if parts > 1 {
			g.align(d, base)
			return
		}
	}
}

// align makes the block, which is cut along axis d, a multiple of the granule, if that makes it
// at most half as large.
func (g *grower) align(d int, base int64) {
	if g.granule == 0 {
		return
	}
	unit := g.granule / arith.GCD(g.granule, base)
	if unit > g.size[d] {
		return
	}
	size := g.size[d] / unit * unit
	g.set(d, base, arith.CeilDiv(max(g.shape[d], 1), size))
	g.size[d], g.block, g.aligned[d] = size, base*size, true
}

// partsFor is into how many parts to cut axis d of length n when the block holds
// base elements per index: as few as its largest size allows, or more for
// minBlocks as long as parts stay large enough.
func (g *grower) partsFor(d int, base, n int64) int64 {
	others := int64(1)
	for e := range g.shape {
		if e != d {
			others *= g.parts[e]
		}
	}
	fewest := arith.CeilDiv(n, g.most/base)
	wanted := arith.CeilDiv(g.minBlocks, others)
	largeEnough := max(n/arith.CeilDiv(g.least, base), 1)
	return max(fewest, min(wanted, largeEnough))
}

// reserveRun makes the block, still of one element, as long as a run should be
// at least, along the axes that are fastest in storage.
func (g *grower) reserveRun(order []int) {
	for j := len(order) - 1; j >= 0; j-- {
		n := max(g.shape[order[j]], 1)
		size := min(max(g.run/g.block, 1), n)
		g.set(order[j], g.block, arith.CeilDiv(n, size))
		if size < n {
			return
		}
	}
}

// set cuts axis d into parts, where the block holds base elements per index.
func (g *grower) set(d int, base, parts int64) {
	g.parts[d] = parts
	g.size[d] = arith.CeilDiv(max(g.shape[d], 1), parts)
	g.block = base * g.size[d]
}

// cut returns the axes as grown.
func (g *grower) cut() []axis {
	axes := newAxes(len(g.shape))
	for d, n := range g.shape {
		if g.aligned[d] {
			axes[d].setRegular(n, g.size[d])
		} else {
			axes[d].setBalanced(n, g.parts[d])
		}
	}
	return axes
}
