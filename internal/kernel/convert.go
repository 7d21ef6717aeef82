package kernel

import (
	"encoding/binary"
	"math"
)

// chunk is how many bytes are converted at a time where a step in between
// needs room: it stays on the stack and in the first-level cache.
const chunk = 4096

// Convert turns elements of type st in src into elements of type dt in dst, as
// many as both hold, by the rules of NumPy's astype with casting='unsafe'.
// swapSrc says that src is not in this machine's byte order; dst always is.
// dst and src must not overlap.
//
//   - Integers wrap.
//   - A float becomes an integer toward zero. What does not fit becomes what
//     NumPy's scalar code makes of it on amd64, on every machine: int64, int32
//     take their smallest value; uint32 the lower half of the int64; the
//     narrower ones the lower part of the int32; uint64 what lies 2^63 below,
//     moved up again. NaN does not fit.
//   - Floats round half to even, once.
//   - A complex number loses its imaginary part; a real one gets 0 for it.
//   - To bool is "not zero", of either part; from bool is 0 or 1.
func Convert(dst []byte, dt Elem, src []byte, st Elem, swapSrc bool) {
	if dt.Size() == 0 || st.Size() == 0 {
		return
	}
	n := min(len(dst)/dt.Size(), len(src)/st.Size())
	dst, src = dst[:n*dt.Size()], src[:n*st.Size()]
	switch {
	case st == dt && !swapSrc:
		copy(dst, src)
	case st == dt:
		SwapBytes(dst, src, st.Part().Size())
	case !swapSrc:
		convertNative(dst, dt, src, st)
	default:
		var native [chunk]byte
		for len(src) > 0 {
			k := min(len(src), chunk)
			SwapBytes(native[:k], src[:k], st.Part().Size())
			out := k / st.Size() * dt.Size()
			convertNative(dst[:out], dt, native[:k], st)
			dst, src = dst[out:], src[k:]
		}
	}
}

func convertNative(dst []byte, dt Elem, src []byte, st Elem) {
	switch {
	case dt.IsComplex() && st.IsComplex():
		Convert(dst, dt.Part(), src, st.Part(), false)
	case dt.IsComplex():
		realToComplex(dst, dt, src, st)
	case st.IsComplex():
		complexToReal(dst, dt, src, st)
	default:
		convertReal(dst, dt, src, st)
	}
}

func realToComplex(dst []byte, dt Elem, src []byte, st Elem) {
	var parts [chunk]byte
	w := dt.Part().Size()
	for len(src) > 0 {
		n := min(len(src)/st.Size(), chunk/w)
		Convert(parts[:n*w], dt.Part(), src[:n*st.Size()], st, false)
		for i := range n {
			copy(dst[2*i*w:], parts[i*w:(i+1)*w])
			clear(dst[(2*i+1)*w : (2*i+2)*w])
		}
		dst, src = dst[2*n*w:], src[n*st.Size():]
	}
}

func complexToReal(dst []byte, dt Elem, src []byte, st Elem) {
	var parts, other [chunk]byte
	w := st.Part().Size()
	for len(src) > 0 {
		n := min(len(src)/(2*w), chunk/w)
		for i := range n {
			copy(parts[i*w:(i+1)*w], src[2*i*w:])
		}
		out := dst[:n*dt.Size()]
		Convert(out, dt, parts[:n*w], st.Part(), false)
		if dt == Bool {
			for i := range n {
				copy(parts[i*w:(i+1)*w], src[(2*i+1)*w:])
			}
			Convert(other[:n], Bool, parts[:n*w], st.Part(), false)
			for i := range n {
				out[i] |= other[i]
			}
		}
		dst, src = dst[len(out):], src[2*n*w:]
	}
}

// convertReal converts between different real elements.
func convertReal(dst []byte, dt Elem, src []byte, st Elem) {
	switch {
	case st.IsLong() || dt.IsLong():
		convertWide(dst, dt, src, st)
	case st == Float16 || st == BFloat16:
		convertFromHalf(dst, dt, src, st)
	case dt == Float16 || dt == BFloat16:
		convertToHalf(dst, dt, src, st)
	case st == Bool:
		convertFromBool(dst, dt, src)
	default:
		convertMachine(dst, dt, src, st)
	}
}

func convertFromBool(dst []byte, dt Elem, src []byte) {
	var bits [chunk]byte
	for len(src) > 0 {
		n := copy(bits[:], src)
		for i, b := range bits[:n] {
			bits[i] = (b | -b) >> 7
		}
		out := n * dt.Size()
		Convert(dst[:out], dt, bits[:n], Uint8, false)
		dst, src = dst[out:], src[n:]
	}
}

// convertFromHalf goes by way of float32, which holds every value of st.
func convertFromHalf(dst []byte, dt Elem, src []byte, st Elem) {
	if dt == Float32 && Aligned[float32](dst) {
		decode16(Slice[float32](dst), Slice[uint16](src), st)
		return
	}
	var floats [chunk / 4]float32
	for len(src) > 0 {
		f := floats[:min(len(src)/2, len(floats))]
		decode16(f, Slice[uint16](src[:2*len(f)]), st)
		out := dst[:len(f)*dt.Size()]
		Convert(out, dt, Bytes(f), Float32, false)
		dst, src = dst[len(out):], src[2*len(f):]
	}
}

// convertToHalf goes by way of a float that holds every value of st, so that
// rounding happens once; NumPy's own way from integers is by float32, but what
// that rounds is beyond binary16.
func convertToHalf(dst []byte, dt Elem, src []byte, st Elem) {
	half := Slice[uint16](dst)
	switch st {
	case Float32:
		encode16(half, Slice[float32](src), dt)
	case Float64:
		encode := Float64ToHalf
		if dt == BFloat16 {
			encode = Float64ToBFloat16
		}
		for i, v := range Slice[float64](src) {
			half[i] = encode(v)
		}
	case Int64, Uint64:
		convertWide(dst, dt, src, st)
		return
	default:
		var floats [chunk]byte
		for len(src) > 0 {
			n := min(len(src)/st.Size(), chunk/8)
			Convert(floats[:8*n], Float64, src[:n*st.Size()], st, false)
			Convert(dst[:2*n], dt, floats[:8*n], Float64, false)
			dst, src = dst[2*n:], src[n*st.Size():]
		}
		return
	}
	if !Aligned[uint16](dst) {
		copy(dst, Bytes(half))
	}
}

// convertWide is the slow and exact way, element by element.
func convertWide(dst []byte, dt Elem, src []byte, st Elem) {
	dw, sw := dt.Size(), st.Size()
	var word [16]byte
	for i := range len(src) / sw {
		copy(word[:], src[i*sw:(i+1)*sw])
		littleEndian(word[:sw])
		w := decodeWide(word[:sw], st)
		clear(word[:])
		encodeWide(word[:dw], dt, w)
		littleEndian(word[:dw])
		copy(dst[i*dw:], word[:dw])
	}
}

// littleEndian turns a native word into a little-endian one, and back.
func littleEndian(b []byte) {
	if bigEndian {
		SwapBytes(b, b, len(b))
	}
}

func decodeWide(b []byte, e Elem) wide {
	switch e {
	case X87:
		return wideFromX87(b)
	case Quad:
		return wideFromQuad(b)
	case Float64:
		return wideFromFloat64(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case Float32:
		return wideFromFloat64(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	case Float16:
		return wideFromFloat64(float64(Half2Float32(binary.LittleEndian.Uint16(b))))
	case BFloat16:
		return wideFromFloat64(float64(BFloat16ToFloat32(binary.LittleEndian.Uint16(b))))
	case Int64:
		return wideFromInt64(int64(binary.LittleEndian.Uint64(b)))
	case Uint64:
		return wideFromUint64(binary.LittleEndian.Uint64(b))
	case Int32:
		return wideFromInt64(int64(int32(binary.LittleEndian.Uint32(b))))
	case Uint32:
		return wideFromUint64(uint64(binary.LittleEndian.Uint32(b)))
	case Int16:
		return wideFromInt64(int64(int16(binary.LittleEndian.Uint16(b))))
	case Uint16:
		return wideFromUint64(uint64(binary.LittleEndian.Uint16(b)))
	case Int8:
		return wideFromInt64(int64(int8(b[0])))
	case Bool:
		return wideFromUint64(uint64((b[0] | -b[0]) >> 7))
	default:
		return wideFromUint64(uint64(b[0]))
	}
}

func encodeWide(b []byte, e Elem, w wide) {
	switch e {
	case X87:
		w.putX87(b)
	case Quad:
		w.putQuad(b)
	case Float64:
		binary.LittleEndian.PutUint64(b, w.pack(11, 52))
	case Float32:
		binary.LittleEndian.PutUint32(b, uint32(w.pack(8, 23)))
	case Float16:
		binary.LittleEndian.PutUint16(b, uint16(w.pack(5, 10)))
	case BFloat16:
		binary.LittleEndian.PutUint16(b, uint16(w.pack(8, 7)))
	case Int64:
		binary.LittleEndian.PutUint64(b, uint64(w.trunc(64)))
	case Uint64:
		binary.LittleEndian.PutUint64(b, w.truncUint64())
	case Int32:
		binary.LittleEndian.PutUint32(b, uint32(w.trunc(32)))
	case Uint32:
		binary.LittleEndian.PutUint32(b, uint32(w.trunc(64)))
	case Int16:
		binary.LittleEndian.PutUint16(b, uint16(w.trunc(16)))
	case Uint16:
		binary.LittleEndian.PutUint16(b, uint16(w.trunc(32)))
	case Int8, Uint8:
		b[0] = byte(w.trunc(16))
	case Bool:
		b[0] = 0
		if w.class != zero {
			b[0] = 1
		}
	}
}

// convertMachine converts between the types that the processor knows.
func convertMachine(dst []byte, dt Elem, src []byte, st Elem) {
	switch dt {
	case Bool:
		castToBool(dst, src, st)
	case Int8:
		castTo[int8](dst, src, st)
	case Uint8:
		castTo[uint8](dst, src, st)
	case Int16:
		castTo[int16](dst, src, st)
	case Uint16:
		castTo[uint16](dst, src, st)
	case Int32:
		castTo[int32](dst, src, st)
	case Uint32:
		castTo[uint32](dst, src, st)
	case Int64:
		castTo[int64](dst, src, st)
	case Uint64:
		castTo[uint64](dst, src, st)
	case Float32:
		castTo[float32](dst, src, st)
	case Float64:
		castTo[float64](dst, src, st)
	}
}

func castTo[D Real](dst, src []byte, st Elem) {
	d := Slice[D](dst)
	switch st {
	case Int8:
		cast(d, Slice[int8](src))
	case Uint8:
		cast(d, Slice[uint8](src))
	case Int16:
		cast(d, Slice[int16](src))
	case Uint16:
		cast(d, Slice[uint16](src))
	case Int32:
		cast(d, Slice[int32](src))
	case Uint32:
		cast(d, Slice[uint32](src))
	case Int64:
		cast(d, Slice[int64](src))
	case Uint64:
		cast(d, Slice[uint64](src))
	case Float32:
		cast(d, Slice[float32](src))
	case Float64:
		cast(d, Slice[float64](src))
	}
	if !Aligned[D](dst) {
		copy(dst, Bytes(d))
	}
}

func castToBool(dst, src []byte, st Elem) {
	switch st {
	case Int8, Uint8:
		isTrue(dst, src)
	case Int16, Uint16:
		isTrue(dst, Slice[uint16](src))
	case Int32, Uint32:
		isTrue(dst, Slice[uint32](src))
	case Int64, Uint64:
		isTrue(dst, Slice[uint64](src))
	case Float32:
		isTrue(dst, Slice[float32](src))
	case Float64:
		isTrue(dst, Slice[float64](src))
	}
}

func isTrue[S Real](dst []byte, src []S) {
	for i, v := range src[:len(dst)] {
		var b byte
		if v != 0 {
			b = 1
		}
		dst[i] = b
	}
}

func cast[D, S Real](dst []D, src []S) {
	src = src[:len(dst)]
	switch size := sizeOf[D](); {
	case isFloat[D]() || !isFloat[S]():
		n := castVectors(dst, src)
		dst, src = dst[n:], src[n:]
		for i, v := range src {
			dst[i] = D(v)
		}
	case size == 8 && !isSigned[D]():
		for i, v := range src {
			dst[i] = D(truncUint64(float64(v)))
		}
	case size == 8 || size == 4 && !isSigned[D]():
		for i, v := range src {
			dst[i] = D(truncInt64(float64(v)))
		}
	default:
		for i, v := range src {
			dst[i] = D(truncInt32(float64(v)))
		}
	}
}

// truncInt32, truncInt64 and truncUint64 are floats as integers. Go leaves what
// does not fit to the processor, so they ask first.
func truncInt32(v float64) int32 {
	if v > -0x1p31-1 && v < 0x1p31 {
		return int32(v)
	}
	return math.MinInt32
}

func truncInt64(v float64) int64 {
	if v >= -0x1p63 && v < 0x1p63 {
		return int64(v)
	}
	return math.MinInt64
}

func truncUint64(v float64) uint64 {
	if v >= 0x1p63 {
		return uint64(truncInt64(v-0x1p63)) ^ 1<<63
	}
	return uint64(truncInt64(v))
}
