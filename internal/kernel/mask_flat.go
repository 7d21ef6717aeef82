package kernel

import (
	"math/bits"
	"slices"
)

// maskBlock is how many pixels, from a multiple of it on, a group has one word of
// bits for.
const maskBlock = 16

// maskGroup is the pixels that have the same weights, not all zero: the blocks that
// have such pixels, in order, and which these are. Lane l of a sum is for pixels
// that are l beyond a multiple of maskBlock.
type maskGroup struct {
	terms  []maskTerm
	blocks []uint32
	bits   []uint16
	before []int // how many pixels are in blocks before this one; one more at the end
}

// maskTerm is a weight that a group has in a mask.
type maskTerm struct {
	mask   int
	weight float64
}

// group finds the groups of the flat masks. It reports false, and leaves none, where
// there are too many.
func (s *MaskSet) group(weights [][]float64, flat []int) bool {
	most := max(fewGroups, s.n/groupPixels)
	type split struct {
		label  int32
		weight uint64
	}
	labels := make([]int32, s.n) // 0 is for pixels without weights
	terms := [][]maskTerm{nil}
	for _, j := range flat {
		renamed := map[split]int32{}
		for p, w := range weights[j] {
			if w == 0 {
				continue
			}
			key := split{labels[p], weightBits(w)}
			label, ok := renamed[key]
			if !ok {
				label = int32(len(terms))
				renamed[key] = label
				terms = append(terms, append(slices.Clone(terms[key.label]), maskTerm{j, w}))
			}
			labels[p] = label
			if len(terms) > 8*most {
				return false
			}
		}
	}
	// Groups that later masks split to the last pixel remain empty and fall away.
	groups := make([]maskGroup, len(terms))
	for p, label := range labels {
		if label != 0 {
			groups[label].put(p)
		}
	}
	for i := range groups {
		groups[i].terms = terms[i]
		groups[i].count()
	}
	s.groups = slices.DeleteFunc(groups, func(g maskGroup) bool { return len(g.blocks) == 0 })
	if len(s.groups) > most {
		s.groups = nil
		return false
	}
	return true
}

// put adds pixel p, which is beyond all others.
func (g *maskGroup) put(p int) {
	b := uint32(p / maskBlock)
	if n := len(g.blocks); n == 0 || g.blocks[n-1] != b {
		g.blocks, g.bits = append(g.blocks, b), append(g.bits, 0)
	}
	g.bits[len(g.bits)-1] |= 1 << (p % maskBlock)
}

func (g *maskGroup) count() {
	g.before = make([]int, len(g.blocks)+1)
	for i, b := range g.bits {
		g.before[i+1] = g.before[i] + bits.OnesCount16(b)
	}
}

// pixelSpan is the part of a group that a piece of a frame has: of the blocks lo to hi,
// those from first to last are within it as a whole.
type pixelSpan struct{ lo, first, last, hi int }

// span is the part of the group that is in the pixels from to end.
func (g *maskGroup) span(from, end int) pixelSpan {
	find := func(p int) int { // the first block that begins at p or later
		i, _ := slices.BinarySearch(g.blocks, uint32((max(p, 0)+maskBlock-1)/maskBlock))
		return i
	}
	first := find(from)
	return pixelSpan{find(from - maskBlock + 1), first, max(first, find(end-maskBlock+1)), find(end)}
}

// clip is the bits of block i of pixels that are in from to end.
func (g *maskGroup) clip(i, from, end int) uint16 {
	at := int(g.blocks[i]) * maskBlock
	b := g.bits[i]
	if at < from {
		b &= ^uint16(0) << (from - at)
	}
	if at+maskBlock > end {
		b &= 1<<(end-at) - 1
	}
	return b
}

// multiplyGroup adds the products of one group, a few rows at a time.
func multiplyGroup[T Real](acc []float64, x []T, m, k int, g *maskGroup, from int) {
	span := g.span(from, from+m)
	if span.lo == span.hi {
		return
	}
	var sums [4]float64
	for rows := len(x) / m; rows > 0; rows = len(x) / m {
		n := min(rows, len(sums))
		if isFloat[T]() || sizeOf[T]() == 8 {
			for i := range n {
				sums[i] = laneSum(g, span, x[i*m:][:m], from)
			}
		} else {
			exactSums(&sums, g, span, x[:n*m], m, from)
		}
		for i, s := range sums[:n] {
			for _, t := range g.terms {
				acc[i*k+t.mask] += float64(t.weight * s)
			}
		}
		acc, x = acc[n*k:], x[n*m:]
	}
}

// exactSums sets sums[i] to the sum of a group's elements of row i of x, which are
// integers of at most 32 bits.
func exactSums[T Real](sums *[4]float64, g *maskGroup, s pixelSpan, x []T, m, from int) {
	var whole [4]uint64
	vectors := exactVectors(&whole, g, s, x, m, from)
	for i := 0; len(x) > 0; i, x = i+1, x[m:] {
		sum := whole[i]
		if !vectors {
			for e := s.first; e < s.last; e++ {
				sum += blockSum((*[maskBlock]T)(x[int(g.blocks[e])*maskBlock-from:]), g.bits[e])
			}
		}
		for e := s.lo; e < s.first; e++ {
			sum += pieceSum(x[:m], int(g.blocks[e])*maskBlock-from, g.clip(e, from, from+m))
		}
		for e := s.last; e < s.hi; e++ {
			sum += pieceSum(x[:m], int(g.blocks[e])*maskBlock-from, g.clip(e, from, from+m))
		}
		sums[i] = float64(int64(sum))
	}
}

// blockSum is the sum of those elements of x, integers, that set bits name.
func blockSum[T Real](x *[maskBlock]T, set uint16) uint64 {
	if set != 1<<maskBlock-1 {
		return pieceSum(x[:], 0, set)
	}
	return ((uint64(x[0]) + uint64(x[1])) + (uint64(x[2]) + uint64(x[3]))) +
		((uint64(x[4]) + uint64(x[5])) + (uint64(x[6]) + uint64(x[7]))) +
		((uint64(x[8]) + uint64(x[9])) + (uint64(x[10]) + uint64(x[11]))) +
		((uint64(x[12]) + uint64(x[13])) + (uint64(x[14]) + uint64(x[15])))
}

// pieceSum is the sum of those elements of x from at on, integers, that set bits name;
// at may be negative, no bit names an element outside of x.
func pieceSum[T Real](x []T, at int, set uint16) (sum uint64) {
	for ; set != 0; set &= set - 1 {
		sum += uint64(x[at+bits.TrailingZeros16(set)])
	}
	return sum
}

// laneSum is the sum of a group's elements of one row: sixteen partial sums, one for
// each place in a block, which are joined by halves.
func laneSum[T Real](g *maskGroup, s pixelSpan, x []T, from int) float64 {
	var lanes [maskBlock]float64
	piece := func(e int) {
		at := int(g.blocks[e])*maskBlock - from
		for set := g.clip(e, from, from+len(x)); set != 0; set &= set - 1 {
			l := bits.TrailingZeros16(set)
			lanes[l] += float64(x[at+l])
		}
	}
	for e := s.lo; e < s.first; e++ {
		piece(e)
	}
	if !laneVectors(&lanes, g, s, x, from) {
		for e := s.first; e < s.last; e++ {
			if g.bits[e] != 1<<maskBlock-1 {
				piece(e)
				continue
			}
			for l, v := range (*[maskBlock]T)(x[int(g.blocks[e])*maskBlock-from:]) {
				lanes[l] += float64(v)
			}
		}
	}
	for e := s.last; e < s.hi; e++ {
		piece(e)
	}
	for half := maskBlock / 2; half > 0; half /= 2 {
		for l := range half {
			lanes[l] += lanes[l+half]
		}
	}
	return lanes[0]
}
