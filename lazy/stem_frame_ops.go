package lazy

import "github.com/lazynpy/lazynpy/internal/kernel"

// framePixels is what becomes of the pixels of a frame, in storage order: one of the three.
type framePixels struct {
	set     *kernel.MaskSet
	columns *kernel.MaskColumns
	labels  []int32
	k       int // sums of a frame
}

// opsOfFrames returns the kernels for a real element type, nil for others.
func opsOfFrames(e kernel.Elem, p framePixels) frameOps {
	switch e {
	case kernel.Int8:
		return pixelOps[int8](p)
	case kernel.Uint8:
		return pixelOps[uint8](p)
	case kernel.Int16:
		return pixelOps[int16](p)
	case kernel.Uint16:
		return pixelOps[uint16](p)
	case kernel.Int32:
		return pixelOps[int32](p)
	case kernel.Uint32:
		return pixelOps[uint32](p)
	case kernel.Int64:
		return pixelOps[int64](p)
	case kernel.Uint64:
		return pixelOps[uint64](p)
	case kernel.Float32:
		return pixelOps[float32](p)
	case kernel.Float64:
		return pixelOps[float64](p)
	}
	return nil
}

// pixelOps are the kernels for elements of type T.
type pixelOps[T kernel.Real] framePixels

func (p pixelOps[T]) rows(acc []float64, x []byte, m, from int) {
	if p.labels != nil {
		kernel.LabelRows(acc, kernel.Slice[T](x), m, p.labels, from, p.k)
		return
	}
	kernel.MultiplyMasks(acc, kernel.Slice[T](x), m, p.set, from)
}

func (p pixelOps[T]) cols(acc []float64, stride int, x []byte, m, from, step int) {
	if p.labels != nil {
		kernel.LabelCols(acc, stride, kernel.Slice[T](x), m, p.labels, from, step)
		return
	}
	kernel.MultiplyMaskCols(acc, stride, kernel.Slice[T](x), m, p.columns, from, step)
}
