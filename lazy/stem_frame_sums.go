package lazy

import (
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// frameSums is a fold of frames into k sums of their pixels each: weighted by masks, or of the
// pixels of a label.
type frameSums struct {
	k          int
	tail       []int64     // the axes of the result after the navigation axes
	weights    [][]float64 // of k masks, per pixel in C order; or
	labels     []int32     // per pixel in C order, negative for pixels that do not count
	divisor    []float64   // per sum, nil for ones
	components int
	itemsize   int
	byFrame    bool // the frames run fastest in storage: each sum's accumulators lie together
	ops        frameOps
}

// frameOps adds pixels of one element type up.
type frameOps interface {
	// rows adds rows of m consecutive pixels from `from` on, one frame each.
	rows(acc []float64, x []byte, m, from int)

	// cols adds rows of one pixel of m frames, the pixel of row i being from + i*step.
	cols(acc []float64, stride int, x []byte, m, from, step int)
}

// prepare makes of weights or labels what the kernels work with. The parts of a complex number
// are pixels of their own where the pixels of a frame lie together, and frames of their own
// where the frames do.
func (s *frameSums) prepare(f frame, e kernel.Elem) {
	double := s.components == 2 && !s.byFrame
	switch {
	case f.empty:
		s.weights, s.labels = nil, nil
		return
	case s.labels != nil:
		labels := inStorageOrder(f, s.labels)
		if double {
			labels = doubled(labels)
		}
		s.ops = opsOfFrames(e, framePixels{labels: labels, k: s.sums()})
	default:
		weights := make([][]float64, 0, s.sums())
		for _, w := range s.weights {
			w = inStorageOrder(f, w)
			if double {
				weights = append(weights, spaced(w, 0), spaced(w, 1))
			} else {
				weights = append(weights, w)
			}
		}
		p := framePixels{k: s.sums()}
		if s.byFrame {
			p.columns = kernel.NewMaskColumns(weights)
		} else {
			p.set = kernel.NewMaskSet(weights)
		}
		s.ops = opsOfFrames(e, p)
	}
	s.weights, s.labels = nil, nil
}

// sums is how many real numbers are added up per accumulator of a frame.
func (s *frameSums) sums() int {
	if s.byFrame {
		return s.k
	}
	return s.k * s.components
}

// doubled are the labels of pixels of two parts each.
func doubled(labels []int32) []int32 {
	out := make([]int32, 0, 2*len(labels))
	for _, l := range labels {
		if l < 0 {
			out = append(out, l, l)
		} else {
			out = append(out, 2*l, 2*l+1)
		}
	}
	return out
}

// spaced are the weights for one part of pixels of two.
func spaced(w []float64, part int) []float64 {
	out := make([]float64, 2*len(w))
	for i, v := range w {
		out[2*i+part] = v
	}
	return out
}

func (s *frameSums) partial() partial { return &frameSumsPartial{sums: s} }
func (s *frameSums) stateSize() int64 { return max(int64(8*s.k*s.components), 1) }
func (s *frameSums) needsIndex() bool { return true }
func (s *frameSums) result(shape []int64) *Result {
	t := mmapnpy.Float64
	if s.components == 2 {
		t = mmapnpy.Complex128
	}
	return newResult(t, append(shape, s.tail...))
}

// frameSumsPartial is the sums of a run of frames: all of one frame together, or, byFrame,
// those of one mask. Complex numbers are two.
type frameSumsPartial struct {
	sums   *frameSums
	frames int
	acc    []float64
}

func (p *frameSumsPartial) reset(n int) {
	p.frames = n
	p.acc = resized(p.acc, n*p.sums.k*p.sums.components)
}

// rows takes rows of m pixels, one frame each.
func (p *frameSumsPartial) rows(out int, x []byte, m int, at position) {
	s, from, step := p.sums, int(at.base), int(at.step)
	c, row := s.components, m*s.itemsize
	switch {
	case s.byFrame:
		for i := 0; len(x) > 0; i++ {
			s.ops.cols(p.acc[c*(out+i):], c*p.frames, x[:row], c, from, step)
			x = x[row:]
		}
	case step == 1 || m == 1:
		s.ops.rows(p.acc[c*s.k*out:], x, c*m, c*from)
	default: // pixels apart from each other
		for i := 0; len(x) > 0; i++ {
			s.ops.rows(p.acc[c*s.k*(out+i/m):], x[:s.itemsize], c, c*(from+i%m*step))
			x = x[s.itemsize:]
		}
	}
}

// cols takes rows of one pixel of m frames.
func (p *frameSumsPartial) cols(out int, x []byte, m int, at position) {
	s, from, step := p.sums, int(at.base), int(at.step)
	c, row := s.components, m*s.itemsize
	if s.byFrame {
		s.ops.cols(p.acc[c*out:], c*p.frames, x, c*m, from, step)
		return
	}
	for ; len(x) > 0; from += step {
		s.ops.rows(p.acc[c*s.k*out:], x[:row], c, c*from)
		x = x[row:]
	}
}

// at is where the accumulators of sum j of a frame lie: one per component.
func (p *frameSumsPartial) at(frame, j int) []float64 {
	c := p.sums.components
	i := frame*p.sums.k + j
	if p.sums.byFrame {
		i = j*p.frames + frame
	}
	return p.acc[c*i:][:c]
}

func (p *frameSumsPartial) merge(at int, other partial, from, n int) {
	o := other.(*frameSumsPartial)
	for i := range n {
		for j := range p.sums.k {
			sum := p.at(at+i, j)
			for part, v := range o.at(from+i, j) {
				sum[part] += v
			}
		}
	}
}

func (p *frameSumsPartial) appendState(b []byte, _ int) ([]byte, error) {
	return appendStates(b, stateOf[float64](p.acc)), nil
}
func (p *frameSumsPartial) setState(b []byte, _ int) ([]byte, error) {
	return setStates(b, stateOf[float64](p.acc))
}
func (p *frameSumsPartial) finish(r *Result, at, stride, from, n int) {
	s := p.sums
	for i := range n {
		for j := range s.k {
			by := 1.0
			if s.divisor != nil {
				by = s.divisor[j]
			}
			to := s.components * ((at+i*stride)*s.k + j)
			for part, v := range p.at(from+i, j) {
				r.put(to+part, v/by)
			}
		}
	}
}
