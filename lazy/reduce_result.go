package lazy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// Result is an array in memory: what a reduction gives, or what [Array.Load]
// read. Its elements lie in C order.
type Result struct {
	dtype mmapnpy.DType
	shape []int64
	data  []byte
	edges []float64
}

// DType is the type of the elements.
func (r *Result) DType() mmapnpy.DType { return r.dtype }

// Shape is the number of elements along each axis, empty and not nil for a single value. The
// caller owns the slice.
func (r *Result) Shape() []int64 { return append([]int64{}, r.shape...) }

// Len is the number of elements.
func (r *Result) Len() int64 { return product(r.shape) }

// Edges are the bin edges of a histogram, one more than bins; nil otherwise.
func (r *Result) Edges() []float64 { return slices.Clone(r.edges) }

// Buffer shows the elements; see [View] and [Copy] for typed access. The memory
// belongs to the result and stays valid as long as it is referenced.
func (r *Result) Buffer() mmapnpy.Buffer {
	b := mmapnpy.Buffer{Data: r.data, DType: r.dtype, Shape: r.Shape(), Strides: make([]int64, len(r.shape))}
	step := r.dtype.ItemSize()
	for d := len(r.shape) - 1; d >= 0; d-- {
		b.Strides[d] = step
		step *= r.shape[d]
	}
	return b
}

// Float64 is the single value of a result over all axes, as a float64. For a
// result with more than one element, and for one that is not a real number, it is NaN.
func (r *Result) Float64() float64 {
	if r.Len() != 1 || r.dtype.Kind() == mmapnpy.KindComplex {
		return math.NaN()
	}
	f, err := mmapnpy.Numbers[float64](r.Buffer())
	if err != nil {
		return math.NaN()
	}
	return f.At(make([]int64, len(r.shape))...)
}

// Save writes the result as a .npy file, atomically: a file at path is replaced
// by the whole new one or stays as it was.
func (r *Result) Save(path string) error { return mmapnpy.Save(path, r.Buffer()) }

// String is a short form: the value of a 0-d result, in the fewest digits that tell it from others
// of its dtype, otherwise shape and dtype.
func (r *Result) String() string {
	if len(r.shape) == 0 {
		if text, ok := numberText(r.dtype, r.data); ok {
			return text
		}
		if v, err := r.Buffer().Value(); err == nil {
			return fmt.Sprint(v)
		}
	}
	return fmt.Sprintf("%s %s", shapeString(r.shape), r.dtype)
}

// Equal reports whether two results have the same dtype, shape and bytes.
func (r *Result) Equal(o *Result) bool {
	return r.dtype.Equal(o.dtype) && slices.Equal(r.shape, o.shape) && bytes.Equal(r.data, o.data)
}

// numberText writes a float or a complex number, whose bytes are given; false for any other dtype.
func numberText(t mmapnpy.DType, raw []byte) (string, bool) {
	e, ok := t.Elem()
	part := e.Part()
	switch part {
	case kernel.Float16, kernel.BFloat16, kernel.Float32, kernel.Float64, kernel.X87, kernel.Quad:
	default:
		ok = false
	}
	if !ok {
		return "", false
	}
	if !t.Native() {
		raw = slices.Clone(raw[:e.Size()])
		kernel.SwapBytes(raw, raw, part.Size())
	}
	re := kernel.NumberOf(raw, part)
	if !e.IsComplex() {
		return re.String(), true
	}
	return kernel.ComplexString(re, kernel.NumberOf(raw[part.Size():], part)), true
}

// newResult makes a zeroed result.
func newResult(t mmapnpy.DType, shape []int64) *Result {
	return &Result{dtype: t, shape: shape, data: bytesrc.Memory(int(product(shape) * t.ItemSize()))}
}

// put stores a float64 as the real element i of the result, rounded to its
// dtype; for a complex result, i counts components. All NaNs are one.
func (r *Result) put(i int, v float64) {
	if v != v {
		v = kernel.NaN()
	}
	e, _ := r.dtype.Elem()
	switch e {
	case kernel.Float64, kernel.Complex128:
		binary.NativeEndian.PutUint64(r.data[8*i:], math.Float64bits(v))
		return
	case kernel.Float32, kernel.Complex64:
		binary.NativeEndian.PutUint32(r.data[4*i:], math.Float32bits(float32(v)))
		return
	}
	size := e.Size()
	kernel.Convert(r.data[i*size:(i+1)*size], e, kernel.Bytes([]float64{v}), kernel.Float64, false)
}

// putInt stores an int64 or uint64, given as its bits, as element i.
func (r *Result) putInt(i int, v uint64) {
	binary.NativeEndian.PutUint64(r.data[i*8:], v)
}
