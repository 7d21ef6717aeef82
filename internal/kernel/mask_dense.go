package kernel

import "math"

// maskPanel is up to eight dense masks. The weights of four pixels, one mask after
// the other, follow each other; lane l of a sum is for pixels that are l beyond a
// multiple of four.
type maskPanel struct {
	masks   []int // 8, 4, 2 or 1
	weights []float64
	live    []maskRun
}

// maskRun is a run of groups of four pixels, not all without weight.
type maskRun struct{ lo, hi int }

const (
	panelWidth = 4   // pixels, or lanes
	panelLanes = 8   // sums of four lanes that are taken at once: rows times masks
	panelChunk = 256 // pixels of a row at a time: their weights stay in the first-level cache
	panelGap   = 16  // groups without weight that are worth skipping
	panelRows  = 16  // times panelLanes over masks: rows at a time
)

// panelMasks is how many of n masks the next panel has.
func panelMasks(n int) int {
	k := panelLanes
	for k > n {
		k /= 2
	}
	return k
}

func newPanel(weights [][]float64, masks []int) maskPanel {
	k, n := len(masks), len(weights[masks[0]])
	groups := (n + panelWidth - 1) / panelWidth
	p := maskPanel{masks: masks, weights: make([]float64, groups*k*panelWidth)}
	weighs := make([]bool, groups)
	for j, mask := range masks {
		for i, w := range weights[mask] {
			p.weights[(i/panelWidth*k+j)*panelWidth+i%panelWidth] = w
			weighs[i/panelWidth] = weighs[i/panelWidth] || w != 0
		}
	}
	for i, w := range weighs {
		switch last := len(p.live) - 1; {
		case !w:
		case last >= 0 && i-p.live[last].hi <= panelGap:
			p.live[last].hi = i + 1
		default:
			p.live = append(p.live, maskRun{i, i + 1})
		}
	}
	return p
}

// weight is that of pixel i in the j-th mask of the panel.
func (p *maskPanel) weight(j, i int) float64 {
	return p.weights[(i/panelWidth*len(p.masks)+j)*panelWidth+i%panelWidth]
}

// panelSums has the lanes of some rows, rows slowest, and elements of a few of
// them as float64.
type panelSums struct {
	lanes [panelRows * panelLanes * panelWidth]float64
	x     [panelLanes * panelChunk]float64
}

// multiplyPanel adds the products of one panel.
func multiplyPanel[T Real](acc []float64, x []T, m, k int, p *maskPanel, from int) {
	var s panelSums
	for most := panelRows * panelLanes / len(p.masks); len(x) >= m; {
		rows := min(len(x)/m, most)
		s.add(p, from, m, func(lo, hi int) { panelProducts(&s, p, x[:rows*m], m, from, lo, hi) })
		for i := range rows {
			for j, mask := range p.masks {
				l := (*[panelWidth]float64)(s.lanes[(i*len(p.masks)+j)*panelWidth:])
				sum := (l[0] + l[1]) + (l[2] + l[3])
				if sum != sum {
					sum = weighedSum(p, j, x[i*m:][:m], from)
				}
				acc[i*k+mask] += sum
			}
		}
		acc, x = acc[rows*k:], x[rows*m:]
	}
}

// add clears the lanes and calls do for all chunks of groups of the panel that have
// pixels of from to from+m.
func (s *panelSums) add(p *maskPanel, from, m int, do func(lo, hi int)) {
	clear(s.lanes[:])
	begin, end := from/panelWidth, (from+m+panelWidth-1)/panelWidth
	for _, r := range p.live {
		const most = panelChunk / panelWidth
		for lo, hi := max(r.lo, begin), min(r.hi, end); lo < hi; lo += most {
			do(lo, min(lo+most, hi))
		}
	}
}

// panelProducts adds to the lanes the products of the groups lo to hi of all rows.
func panelProducts[T Real](s *panelSums, p *maskPanel, x []T, m, from, lo, hi int) {
	k := len(p.masks)
	together := panelLanes / k
	w := p.weights[lo*k*panelWidth : hi*k*panelWidth]
	begin, end := max(lo*panelWidth-from, 0), min(hi*panelWidth-from, m)
	ahead := begin - (lo*panelWidth - from) // pixels of the first group that are not in the rows
	for i, rows := 0, len(x)/m; i < rows; i += together {
		for f := range min(together, rows-i) {
			to := s.x[f*panelChunk:][:(hi-lo)*panelWidth]
			clear(to[:ahead])
			n := ahead + end - begin
			toFloats(to[ahead:n], x[(i+f)*m:][begin:end])
			clear(to[n:])
		}
		lanes := s.lanes[i*k*panelWidth:][:panelLanes*panelWidth]
		if !dotVectors(lanes, w, &s.x, k) {
			dot(lanes, w, &s.x, k, min(together, rows-i))
		}
	}
}

// dot adds to the lanes of rows rows, which lie panelChunk elements apart in x, their
// products with k weights. Products are not rounded before they are added: that is a
// single instruction where the processor has one, and what it does elsewhere.
func dot(lanes, w []float64, x *[panelLanes * panelChunk]float64, k, rows int) {
	for i := range rows {
		for j := range k {
			l := (*[panelWidth]float64)(lanes[(i*k+j)*panelWidth:])
			a, b, c, d := l[0], l[1], l[2], l[3]
			row := x[i*panelChunk:][:panelChunk]
			for u := w[j*panelWidth:]; len(u) >= panelWidth; u = u[min(k*panelWidth, len(u)):] {
				a = math.FMA(u[0], row[0], a)
				b = math.FMA(u[1], row[1], b)
				c = math.FMA(u[2], row[2], c)
				d = math.FMA(u[3], row[3], d)
				row = row[panelWidth:]
			}
			l[0], l[1], l[2], l[3] = a, b, c, d
		}
	}
}

// weighedSum is the sum of products of one row and one mask, taken over pixels with
// weight alone. It is for rows where others are not finite, and have spoiled the sum.
func weighedSum[T Real](p *maskPanel, j int, x []T, from int) float64 {
	var l [panelWidth]float64
	for i, v := range x {
		if w := p.weight(j, from+i); w != 0 {
			l[(from+i)%panelWidth] = math.FMA(w, float64(v), l[(from+i)%panelWidth])
		}
	}
	return (l[0] + l[1]) + (l[2] + l[3])
}

// toFloats sets to[i] to x[i].
func toFloats[T Real](to []float64, x []T) {
	done := floatVectors(to, x)
	to, x = to[done:], x[done:]
	for i, v := range x {
		to[i] = float64(v)
	}
}
