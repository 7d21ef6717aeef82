package lazy

import (
	"fmt"
	"slices"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Correction is what a detector does to a signal, and [Array.Correct] undoes, as LiberTEM's
// CorrectionSet. All parts are optional.
type Correction struct {
	// Dark is subtracted from every signal. A dark frame has the shape of a signal, and lies along
	// the signal axes wherever they are; anything else broadcasts as in NumPy.
	Dark Operand

	// Gain is multiplied with every signal after that, and lies as Dark does.
	Gain Operand

	// DeadPixels are indices of the signal axes, each one number per axis. Such a pixel becomes
	// the mean of its neighbours in all directions that are not dead themselves, diagonals
	// included.
	DeadPixels [][]int64
}

// Correct corrects every signal when it is read: (x - Dark) * Gain, then dead pixels, in floating
// point whatever the dtype of the counts, so that a dark frame above them gives negative numbers.
// The result is float32 of booleans, of integers of up to 16 bits and of floats of up to 32,
// float64 of all wider ones, and complex where something is, as LiberTEM's are. Where Dark or Gain
// is wider than that, so is the computation, and what comes out is rounded once.
//
// A dead pixel is the mean of its corrected neighbours. One all of whose neighbours are dead is an
// error. Without any correction the array is what it was.
func (a *Array) Correct(c Correction) (*Array, error) {
	if c.Dark == nil && c.Gain == nil && len(c.DeadPixels) == 0 {
		return a, nil
	}
	t, err := c.dtype(a)
	if err != nil {
		return nil, err
	}
	out, err := a.AsType(t)
	if err != nil {
		return nil, err
	}
	if c.Dark != nil {
		if out, err = Subtract(out, a.alongSignal(c.Dark)); err != nil {
			return nil, fmt.Errorf("dark: %w", err)
		}
	}
	if c.Gain != nil {
		if out, err = Multiply(out, a.alongSignal(c.Gain)); err != nil {
			return nil, fmt.Errorf("gain: %w", err)
		}
	}
	if len(out.node.shape()) != a.NDim() || out.Len() != a.Len() {
		return nil, fmt.Errorf("%w: the correction of %s has the shape %s", ErrShape, shapeString(a.node.shape()), shapeString(out.node.shape()))
	}
	if out, err = out.AsType(t); err != nil || len(c.DeadPixels) == 0 {
		return out, err
	}
	return out.patch(c.DeadPixels)
}

// dtype is that of a corrected array.
func (c *Correction) dtype(a *Array) (mmapnpy.DType, error) {
	if _, ok := a.DType().Elem(); !ok {
		return mmapnpy.DType{}, undefined(a.DType())
	}
	t, err := mmapnpy.ResultType(mmapnpy.Float32, a.DType())
	for _, x := range []Operand{c.Dark, c.Gain} {
		if x == nil || err != nil {
			continue
		}
		o, unknown := newOperand(x)
		if unknown != nil {
			continue // whoever computes with it tells
		}
		if o.kind == 'c' || !o.weak() && o.array.DType().Kind() == 'c' {
			t, err = mmapnpy.ResultTypeWeak(t, 'c')
		}
	}
	if err != nil {
		return t, fmt.Errorf("%w: %w", ErrDType, err)
	}
	return t, nil
}

// alongSignal has an operand of the shape of a signal lie along the signal axes, wherever they are.
func (a *Array) alongSignal(x Operand) Operand {
	o, err := newOperand(x)
	if err != nil || o.weak() || !slices.Equal(o.array.node.shape(), a.signalShape()) {
		return x
	}
	from := make([]int, a.NDim())
	axes := make([]Axis, a.NDim())
	k := 0
	for d, ax := range a.axes {
		from[d], axes[d].Size = -1, 1
		if !ax.Navigate {
			from[d], axes[d].Size = k, ax.Size
			k++
		}
	}
	along, err := o.array.derive(arrange(o.array.node, from), axes)
	if err != nil {
		return x // not reached: axes of length one change no plan for the worse
	}
	return along
}

// patch replaces pixels of every signal by the mean of their neighbours.
func (a *Array) patch(pixels [][]int64) (*Array, error) {
	if _, ok := a.DType().Elem(); !ok {
		return nil, undefined(a.DType())
	}
	p := patches{dead: make(map[string]bool)}
	depth := make([]int64, a.NDim())
	for d, ax := range a.axes {
		if !ax.Navigate {
			p.signal = append(p.signal, d)
			depth[d] = min(1, ax.Size)
		}
	}
	for _, pixel := range pixels {
		if err := p.add(pixel, a.axes); err != nil {
			return nil, err
		}
	}
	for _, pixel := range p.pixels {
		if p.alive(pixel, a.axes) == 0 {
			return nil, fmt.Errorf("%w: dead pixel %v has no neighbour that is not dead", ErrIndex, pixel)
		}
	}
	in := toNative(a.node)
	p.elem = elemOf(in.dtype())
	n := &overlap{in: in, to: in.dtype(), depth: depth, apply: p.apply}
	return a.with(n, a.axes)
}

// patches are the dead pixels of a detector.
type patches struct {
	signal []int // axes
	pixels [][]int64
	dead   map[string]bool
	elem   kernel.Elem
}

// add checks a pixel. One that is given twice is one.
func (p *patches) add(pixel []int64, axes []Axis) error {
	if len(pixel) != len(p.signal) {
		return fmt.Errorf("%w: dead pixel %v has %d indices for %d signal axes", ErrIndex, pixel, len(pixel), len(p.signal))
	}
	at := make([]int64, len(pixel))
	for k, i := range pixel {
		n := axes[p.signal[k]].Size
		if i < -n || i >= n {
			return fmt.Errorf("%w: dead pixel %v is outside the signal", ErrIndex, pixel)
		}
		at[k] = (i + n) % n
	}
	if key := fmt.Sprint(at); !p.dead[key] {
		p.dead[key] = true
		p.pixels = append(p.pixels, at)
	}
	return nil
}

// neighbours calls f with the neighbours of a pixel that are not dead.
func (p *patches) neighbours(pixel []int64, size func(k int) int64, f func(at []int64)) {
	at := make([]int64, len(pixel))
	var visit func(k int)
	visit = func(k int) {
		if k == len(pixel) {
			if !p.dead[fmt.Sprint(at)] {
				f(at)
			}
			return
		}
		for i := max(pixel[k]-1, 0); i <= min(pixel[k]+1, size(k)-1); i++ {
			at[k] = i
			visit(k + 1)
		}
	}
	visit(0)
}

func (p *patches) alive(pixel []int64, axes []Axis) int {
	n := 0
	p.neighbours(pixel, func(k int) int64 { return axes[p.signal[k]].Size }, func([]int64) { n++ })
	return n
}

// apply copies a part of the array and replaces the dead pixels in it. Those in its margins are
// replaced wrongly, or not at all, and thrown away.
func (p *patches) apply(dst, src mmapnpy.Buffer, at chunk.Region) error {
	copy(dst.Data, src.Data)
	for _, pixel := range p.pixels {
		inside := true
		for k, d := range p.signal {
			inside = inside && pixel[k] >= at.Start[d] && pixel[k] < at.Start[d]+at.Shape[d]
		}
		if inside {
			p.replace(dst, src, at, pixel)
		}
	}
	return nil
}

// replace sets one pixel of all signals in a part.
func (p *patches) replace(dst, src mmapnpy.Buffer, at chunk.Region, pixel []int64) {
	offset := func(index []int64) int64 {
		n := int64(0)
		for k, d := range p.signal {
			n += (index[k] - at.Start[d]) * src.Strides[d]
		}
		return n
	}
	var from []int64
	size := func(k int) int64 { return at.Start[p.signal[k]] + at.Shape[p.signal[k]] }
	p.neighbours(pixel, size, func(index []int64) {
		for k, d := range p.signal {
			if index[k] < at.Start[d] {
				return
			}
		}
		from = append(from, offset(index))
	})
	if len(from) == 0 {
		return // in a corner of the margins
	}
	frames := at.Clone()
	for _, d := range p.signal {
		frames.Start[d], frames.Shape[d] = 0, 1
	}
	to := offset(pixel)
	for frame := range frames.Split(nil, 1) {
		base := int64(0)
		for d, s := range src.Strides {
			base += (frame.Start[d] - frames.Start[d]) * s
		}
		p.mean(dst.Data[base+to:], src.Data[base:], from)
	}
}

// mean sets the element at the beginning of dst to the mean of those at the given offsets of src.
func (p *patches) mean(dst, src []byte, from []int64) {
	size := p.elem.Size()
	if part := p.elem.Part(); p.elem.IsLong() {
		for at := 0; at < size; at += part.Size() {
			var sum kernel.Long
			for _, i := range from {
				sum = sum.Add(kernel.LongOf(src[int(i)+at:], part))
			}
			sum.Divide(kernel.LongOfInt(int64(len(from)))).Put(dst[at:], part)
		}
		return
	}
	var wide [16]byte // a complex128
	var re, im float64
	for _, at := range from {
		kernel.Convert(wide[:], kernel.Complex128, src[at:at+int64(size)], p.elem, false)
		v := kernel.Slice[complex128](wide[:])[0]
		re, im = re+real(v), im+imag(v)
	}
	n := float64(len(from))
	if p.elem.IsComplex() {
		kernel.Convert(dst[:size], p.elem, kernel.Bytes([]complex128{complex(re/n, im/n)}), kernel.Complex128, false)
		return
	}
	kernel.Convert(dst[:size], p.elem, kernel.Bytes([]float64{re / n}), kernel.Float64, false)
}
