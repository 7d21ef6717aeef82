package mmapnpy

// floatLevel orders floats by what they hold. Only the 16-bit ones hold numbers that the other does
// not.
type floatLevel uint8

const (
	levelNone floatLevel = iota // no float at all
	levelBFloat16
	levelFloat16
	levelFloat32
	levelFloat64
	levelLongDouble
)

// promotion collects what operands need of their common dtype. Where one is inexact NumPy promotes
// each integer with a float by itself, so that i2, u2 and f4 are f4, although i2 and u2 alone are
// i4.
type promotion struct {
	signed, unsigned int64            // sizes of the widest integers
	level            floatLevel       // of floats and of the parts of complex numbers
	complex          bool             //
	long             LongDoubleFormat //
}

// add is false where there is no common dtype.
func (p *promotion) add(t DType) bool {
	switch t.kind {
	case KindInt:
		p.signed = max(p.signed, t.size)
	case KindUint:
		p.unsigned = max(p.unsigned, t.size)
	case KindFloat:
		p.raise(floatOfSize(t.size))
	case KindComplex:
		p.raise(floatOfSize(t.size / 2))
		p.complex = true
	case KindVoid:
		p.raise(levelBFloat16)
	}
	if t.long != 0 {
		if p.long != 0 && p.long != t.long {
			return false
		}
		p.long = t.long
	}
	return true
}

// raise makes float32 of the two 16-bit floats.
func (p *promotion) raise(l floatLevel) {
	if min(p.level, l) == levelBFloat16 && max(p.level, l) == levelFloat16 {
		l = levelFloat32
	}
	p.level = max(p.level, l)
}

func floatOfSize(size int64) floatLevel {
	switch size {
	case 2:
		return levelFloat16
	case 4:
		return levelFloat32
	case 8:
		return levelFloat64
	}
	return levelLongDouble
}

func (p promotion) result() DType {
	if p.level == levelNone && !p.complex {
		return p.integer()
	}
	switch widest := max(p.signed, p.unsigned); {
	case widest > 2:
		p.raise(levelFloat64)
	case widest == 2:
		p.raise(levelFloat32)
	}
	if p.complex {
		switch p.level {
		case levelLongDouble:
			return DType{kind: KindComplex, size: 32, order: nativeOrder, long: p.long}
		case levelFloat64:
			return Complex128
		}
		return Complex64
	}
	switch p.level {
	case levelLongDouble:
		return DType{kind: KindFloat, size: 16, order: nativeOrder, long: p.long}
	case levelFloat64:
		return Float64
	case levelFloat32:
		return Float32
	case levelFloat16:
		return Float16
	}
	return BFloat16
}

// integer is the smallest signed integer that holds all, if there are both signed and unsigned
// ones, and float64 if there is none.
func (p promotion) integer() DType {
	switch {
	case p.signed == 0 && p.unsigned == 0:
		return Bool
	case p.signed == 0:
		return scalar(KindUint, p.unsigned)
	case p.unsigned < p.signed:
		return scalar(KindInt, p.signed)
	case p.unsigned == 8:
		return Float64
	}
	return scalar(KindInt, 2*p.unsigned)
}
