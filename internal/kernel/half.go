package kernel

import "math"

// Half2Float32 is the value of the binary16 h. It is exact; NaN payloads move
// to the top of the fraction and signalling NaNs stay so, as in NumPy.
func Half2Float32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	mag := uint32(h & 0x7fff)
	switch {
	case mag >= 0x7c00: // Inf, NaN: the exponent goes from 31 to 255
		return math.Float32frombits(sign | (mag<<13 + (255-31)<<23))
	case mag >= 0x0400: // the bias goes from 15 to 127
		return math.Float32frombits(sign | (mag<<13 + (127-15)<<23))
	default: // zero and subnormals: mag units of 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(mag)*0x1p-24))
	}
}

// Float32ToHalf is the binary16 nearest to f, ties to even. From 65520 upward
// it is Inf.
func Float32ToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN: keep the payload's top, but never let it become Inf
		return sign | nanPayload(uint16(b>>13&0x3ff), 0x7c00)
	case b >= 0x47800000: // 2^16 and more
		return sign | 0x7c00
	case b >= 0x38800000: // 2^-14: normal; a carry out of the fraction is right as it falls
		return sign | uint16((b-(127-15)<<23+0xfff+b>>13&1)>>13)
	default:
		// Subnormal: one unit in the last place of [0.5, 1) is one of ours, so the
		// addition itself rounds.
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-math.Float32bits(0.5))
	}
}

// Float64ToHalf is the binary16 nearest to f, ties to even, rounded once.
func Float64ToHalf(f float64) uint16 {
	b := math.Float64bits(f)
	sign := uint16(b >> 48 & 0x8000)
	b &^= 1 << 63
	switch {
	case b > 0x7ff<<52:
		return sign | nanPayload(uint16(b>>42&0x3ff), 0x7c00)
	case b >= (1023+16)<<52:
		return sign | 0x7c00
	case b >= (1023-14)<<52:
		return sign | uint16((b-(1023-15)<<52+1<<41-1+b>>42&1)>>42)
	default:
		const unit = 0x1p28 // has our 2^-24 as its last place
		return sign | uint16(math.Float64bits(math.Float64frombits(b)+unit)-math.Float64bits(unit))
	}
}

// BFloat16ToFloat32 is the value of the bfloat16 h, exact.
func BFloat16ToFloat32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// Float32ToBFloat16 is the bfloat16 nearest to f, ties to even.
func Float32ToBFloat16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16&0x8000) | nanPayload(uint16(b>>16&0x7f), 0x7f80)
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// Float64ToBFloat16 is the bfloat16 nearest to f, ties to even, rounded once.
func Float64ToBFloat16(f float64) uint16 {
	b := math.Float64bits(f)
	sign := uint16(b >> 48 & 0x8000)
	b &^= 1 << 63
	switch {
	case b > 0x7ff<<52:
		return sign | nanPayload(uint16(b>>45&0x7f), 0x7f80)
	case b >= (1023+128)<<52:
		return sign | 0x7f80
	case b >= (1023-126)<<52:
		return sign | uint16((b-(1023-127)<<52+1<<44-1+b>>45&1)>>45)
	default:
		const unit = 0x1p-81 // has our 2^-133 as its last place
		return sign | uint16(math.Float64bits(math.Float64frombits(b)+unit)-math.Float64bits(unit))
	}
}

// nanPayload puts a NaN's payload under the exponent bits of Inf. A payload
// that lost all its bits gets one, else the NaN would turn into Inf.
func nanPayload(payload, inf uint16) uint16 {
	return inf | max(payload, 1)
}

// decode16 decodes many elements of a 16-bit type.
func decode16(dst []float32, src []uint16, st Elem) {
	dst = dst[:len(src)]
	if st == BFloat16 {
		for i, h := range src {
			dst[i] = BFloat16ToFloat32(h)
		}
		return
	}
	done := halfVectors(dst, src)
	dst, src = dst[done:], src[done:]
	for i, h := range src {
		mag := uint32(h & 0x7fff)
		if mag-1 < 0x3ff || mag >= 0x7c00 { // neither zero nor normal, as most are
			dst[i] = Half2Float32(h)
			continue
		}
		bias := uint32(127-15) << 23
		if mag == 0 {
			bias = 0
		}
		dst[i] = math.Float32frombits(uint32(h&0x8000)<<16 | (mag<<13 + bias))
	}
}

// encode16 encodes many elements of a 16-bit type.
func encode16(dst []uint16, src []float32, dt Elem) {
	dst = dst[:len(src)]
	if dt == BFloat16 {
		for i, f := range src {
			dst[i] = Float32ToBFloat16(f)
		}
		return
	}
	for i, f := range src {
		b := math.Float32bits(f)
		mag := b & 0x7fffffff
		if mag-0x38800000 >= 0x47800000-0x38800000 { // not normal, as most are
			dst[i] = Float32ToHalf(f)
			continue
		}
		dst[i] = uint16(b>>16&0x8000 | (mag-(127-15)<<23+0xfff+mag>>13&1)>>13)
	}
}
