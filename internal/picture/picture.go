package picture

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/export"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/internal/npytext"
	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

const (
	// maxPixels bounds the memory of a picture, which takes a byte per pixel.
	maxPixels = 1 << 30

	// samplePixels is how many elements the percentiles are taken from at most; of
	// larger arrays every k-th along both axes counts.
	samplePixels = 4 << 20
)

// Options says how numbers become colours.
type Options struct {
	Colormap   string      // one of [Colormaps]
	Log        bool        // logarithmic scale
	Percentile [2]float64  // of the values, which get the first and the last colour, 0 to 100
	Range      *[2]float64 // values instead of percentiles, rising; positive with Log
	Large      bool        // even if it does not fit into memory
}

// Picture is an array as an image.
type Picture struct {
	*image.Paletted
	Lo, Hi float64 // the values of the first and last colour

	NaN int64 // pixels that are NaN
	Low int64 // pixels for which a logarithmic scale has no place
}

// Encode writes the picture as PNG.
func (p Picture) Encode(w io.Writer) error {
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if p.Rect.Dx()*p.Rect.Dy() <= 1<<22 {
		e.CompressionLevel = png.BestCompression
	}
	return e.Encode(w, p.Paletted)
}

// Render makes a picture of a two-dimensional array. sample is the array, or a
// part of it, from which the percentiles are taken. Of complex numbers it shows the
// magnitude.
func Render(s, sample export.Stream, l Options) (Picture, error) {
	if len(s.Shape) != 2 {
		return Picture{}, fmt.Errorf("an image has two dimensions, and the shape is %s; take a slice such as '%s'", npytext.Shape(s.Shape), frameSlice(len(s.Shape)))
	}
	h, w := s.Shape[0], s.Shape[1]
	if h == 0 || w == 0 {
		return Picture{}, fmt.Errorf("an image of shape %s has no pixels", npytext.Shape(s.Shape))
	}
	if h > maxPixels/w {
		return Picture{}, fmt.Errorf("%s are too many pixels; take a slice such as '::4, ::4'", npytext.Shape(s.Shape))
	}
	if err := bytesrc.Afford(h*w + 8*npytext.Elements(sample.Shape)); err != nil && !l.Large {
		return Picture{}, fmt.Errorf("an image of shape %s %w; take a slice such as '::4, ::4'", npytext.Shape(s.Shape), err)
	}
	scale, err := newScale(sample, l)
	if err != nil {
		return Picture{}, err
	}
	p := Picture{image.NewPaletted(image.Rect(0, 0, int(w), int(h)), palette(l.Colormap)), scale.lo, scale.hi, 0, 0}
	at := 0
	err = eachMagnitude(s, func(values []float64) {
		for _, v := range values {
			p.Pix[at] = scale.index(v)
			at++
			if math.IsNaN(v) {
				p.NaN++
			} else if l.Log && v <= 0 {
				p.Low++
			}
		}
	})
	return p, err
}

// frameSlice is an index that leaves the last two of n dimensions.
func frameSlice(n int) string {
	if n < 2 {
		return "newaxis, :"
	}
	return npytext.Join(make([]int64, n-2))
}

// eachMagnitude calls f with the elements as floats, in pieces that are reused.
func eachMagnitude(s export.Stream, f func(values []float64)) error {
	from, ok := s.DType.Elem()
	if !ok {
		return fmt.Errorf("an image is of numbers: %w: %s", lazy.ErrDType, s.DType)
	}
	to := kernel.Float64
	if from.IsComplex() {
		to = kernel.Complex128
	}
	var raw []byte
	return s.EachBuffer(func(b mmapnpy.Buffer) error {
		n := int(b.Shape[0]) * to.Size()
		raw = slices.Grow(raw[:0], n)[:n]
		kernel.Convert(raw, to, b.Data, from, !s.DType.Native())
		values := kernel.Slice[float64](raw)
		if to == kernel.Complex128 {
			for i := range len(values) / 2 {
				values[i] = math.Hypot(values[2*i], values[2*i+1])
			}
			values = values[:len(values)/2]
		}
		f(values)
		return nil
	})
}

// scale maps values to colours.
type scale struct {
	lo, hi float64
	log    bool
}

func newScale(sample export.Stream, l Options) (scale, error) {
	s := scale{log: l.Log}
	if l.Range != nil {
		s.lo, s.hi = l.Range[0], l.Range[1]
	} else {
		values, err := finiteValues(sample, l.Log)
		if err != nil {
			return scale{}, err
		}
		slices.Sort(values)
		s.lo, s.hi = quantile(values, l.Percentile[0]/100), quantile(values, l.Percentile[1]/100)
	}
	if l.Log && s.lo <= 0 {
		return scale{}, errors.New("a logarithmic scale wants a positive range")
	}
	return s, nil
}

// finiteValues collects what percentiles are taken of: finite values, and for a
// logarithmic scale positive ones.
func finiteValues(sample export.Stream, positive bool) ([]float64, error) {
	var values []float64
	err := eachMagnitude(sample, func(piece []float64) {
		for _, v := range piece {
			if !math.IsNaN(v) && !math.IsInf(v, 0) && (v > 0 || !positive) {
				values = append(values, v)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return []float64{1}, nil // nothing to see: any scale will do
	}
	return values, nil
}

// quantile interpolates between sorted values, as np.quantile does.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	part := at - float64(i)
	if math.IsInf(sorted[j]-sorted[i], 0) {
		return sorted[i]*(1-part) + sorted[j]*part
	}
	return sorted[i] + part*(sorted[j]-sorted[i])
}

// index is the colour of a value.
func (s scale) index(v float64) uint8 {
	lo, hi := s.lo, s.hi
	if math.IsNaN(v) {
		return nanIndex
	}
	if v <= lo || lo >= hi {
		if v > hi {
			return levels - 1
		}
		return 0
	}
	if v >= hi {
		return levels - 1
	}
	t := (v - lo) / (hi - lo)
	if math.IsInf(hi-lo, 0) {
		t = (v/2 - lo/2) / (hi/2 - lo/2)
	}
	if s.log {
		t = math.Log(v/lo) / math.Log(hi/lo)
	}
	if s.log && math.IsInf(hi/lo, 0) {
		t = (math.Log(v) - math.Log(lo)) / (math.Log(hi) - math.Log(lo))
	}
	return uint8(t*(levels-1) + 0.5)
}

// Sample is the part of a two-dimensional array that percentiles are taken from: every k-th row and
// column if it is large, and otherwise a itself, as for an array of other dimensions.
func Sample(a *lazy.Array) (*lazy.Array, error) {
	shape := a.Shape()
	if len(shape) != 2 {
		return a, nil
	}
	y, x := sampleSteps(shape)
	if max(y, x) == 1 {
		return a, nil
	}
	return a.Index(lazy.Step(0, shape[0], y), lazy.Step(0, shape[1], x))
}

// sampleSteps are the steps along both axes that leave at most samplePixels: the same ones, unless
// an axis is too short for it.
func sampleSteps(shape []int64) (y, x int64) {
	h, w := max(shape[0], 1), max(shape[1], 1)
	k := max(int64(math.Ceil(math.Sqrt(float64(arith.Times(h, w))/samplePixels))), 1)
	switch {
	case h < k:
		return h, (w + samplePixels - 1) / samplePixels
	case w < k:
		return (h + samplePixels - 1) / samplePixels, w
	}
	return k, k
}
