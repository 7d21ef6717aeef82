package kernel

// Gather copies to dst, in C order and without gaps, the elements of itemsize
// bytes that lie in src at base + Σ index[d]*strides[d]. Strides are in bytes
// and may be zero or negative. dst must not overlap src. A geometry that leads
// out of src, or to more elements than dst holds, panics as any index does.
//
// Axes that follow each other in memory are joined first. Runs are then copied
// as such; where two axes trade places, they are walked in strips that are read
// and written in whole cache lines.
func Gather(dst, src []byte, base int, shape, strides []int64, itemsize int) {
	var room [maxAxes]axis
	axes, ok := packedAxes(room[:0], shape, strides, itemsize)
	if ok {
		copyAxes(dst, 0, src, base, axes, itemsize)
	}
}

// Scatter is the inverse of [Gather]: it copies the elements of src, which are
// in C order and without gaps, to where they belong in dst.
func Scatter(dst []byte, base int, shape, strides []int64, itemsize int, src []byte) {
	var room [maxAxes]axis
	axes, ok := packedAxes(room[:0], shape, strides, itemsize)
	if !ok {
		return
	}
	for i, a := range axes {
		axes[i] = axis{a.n, a.src, a.dst}
	}
	copyAxes(dst, base, src, 0, axes, itemsize)
}

// maxAxes is NumPy's limit; more axes need memory from the heap, that is all.
const maxAxes = 64

// axis is n steps of so many bytes on either side.
type axis struct{ n, dst, src int }

// packedAxes appends to axes, fastest first, those from strides to a packed
// copy: without those of one step, and joined where two are one on both sides.
// ok is false if there are no elements.
func packedAxes(axes []axis, shape, strides []int64, itemsize int) (_ []axis, ok bool) {
	packed := itemsize
	for d := len(shape) - 1; d >= 0; d-- {
		a := axis{int(shape[d]), packed, int(strides[d])}
		if a.n <= 0 {
			return nil, false
		}
		packed *= a.n
		switch last := len(axes) - 1; {
		case a.n == 1:
		case last >= 0 && a.src == axes[last].n*axes[last].src:
			axes[last].n *= a.n
		default:
			axes = append(axes, a)
		}
	}
	return axes, true
}

// copyAxes copies the items of all axes from src[s:] to dst[d:]. The first axis
// is dense on the packed side.
func copyAxes(dst []byte, d int, src []byte, s int, axes []axis, item int) {
	if len(axes) > 0 && axes[0].dst == axes[0].src {
		run := axes[0].n * item
		axes = axes[1:]
		if run != 2 && run != 4 && run != 8 && run != 16 {
			copyRuns(dst, d, src, s, axes, run)
			return
		}
		item = run
	}
	switch len(axes) {
	case 0:
		copy(dst[d:d+item], src[s:s+item])
	case 1:
		copyPlane(dst, d, src, s, axis{n: 1}, axes[0], item)
	default:
		// With it goes the axis along which either side is densest.
		near := 1
		for i := range axes {
			if i > 0 && axes[i].step() < axes[near].step() {
				near = i
			}
		}
		axes[1], axes[near] = axes[near], axes[1]
		forEach(axes[2:], d, s, func(d, s int) {
			copyStrips(dst, d, src, s, axes[1], axes[0], item)
		})
	}
}

// step is the shorter one of an axis's steps.
func (a axis) step() int { return min(max(a.dst, -a.dst), max(a.src, -a.src)) }

// forEach calls do with every position along axes, from (d, s) on.
func forEach(axes []axis, d, s int, do func(d, s int)) {
	if len(axes) == 0 {
		do(d, s)
		return
	}
	a, rest := axes[len(axes)-1], axes[:len(axes)-1]
	for range a.n {
		forEach(rest, d, s, do)
		d += a.dst
		s += a.src
	}
}

// copyRuns copies runs of bytes along all axes.
func copyRuns(dst []byte, d int, src []byte, s int, axes []axis, run int) {
	inner := axis{n: 1}
	if len(axes) > 0 {
		inner, axes = axes[0], axes[1:]
	}
	forEach(axes, d, s, func(d, s int) {
		for range inner.n {
			copy(dst[d:d+run], src[s:s+run])
			d += inner.dst
			s += inner.src
		}
	})
}

// copyStrips copies a plane, of which inner is dense on the packed side. If
// outer is denser than inner on the strided side, the plane is cut into strips
// one cache line wide on the packed side, and long enough on the other for lines
// there to be used up before they leave the cache.
func copyStrips(dst []byte, d int, src []byte, s int, outer, inner axis, item int) {
	if outer.step() >= max(inner.dst, -inner.dst, inner.src, -inner.src) {
		copyPlane(dst, d, src, s, outer, inner, item)
		return
	}
	wide, long := max(8, 64/item), 256
	for i := 0; i < outer.n; i += long {
		o := axis{min(long, outer.n-i), outer.dst, outer.src}
		for j := 0; j < inner.n; j += wide {
			n := axis{min(wide, inner.n-j), inner.dst, inner.src}
			copyPlane(dst, d+i*outer.dst+j*inner.dst, src, s+i*outer.src+j*inner.src, o, n, item)
		}
	}
}

// copyPlane copies items along two axes.
func copyPlane(dst []byte, d int, src []byte, s int, outer, inner axis, item int) {
	for range outer.n {
		d1, s1 := d, s
		switch item {
		case 1:
			for range inner.n {
				dst[d1] = src[s1]
				d1 += inner.dst
				s1 += inner.src
			}
		case 2:
			for range inner.n {
				*(*[2]byte)(dst[d1:]) = *(*[2]byte)(src[s1:])
				d1 += inner.dst
				s1 += inner.src
			}
		case 4:
			for range inner.n {
				*(*[4]byte)(dst[d1:]) = *(*[4]byte)(src[s1:])
				d1 += inner.dst
				s1 += inner.src
			}
		case 8:
			for range inner.n {
				*(*[8]byte)(dst[d1:]) = *(*[8]byte)(src[s1:])
				d1 += inner.dst
				s1 += inner.src
			}
		case 16:
			for range inner.n {
				*(*[16]byte)(dst[d1:]) = *(*[16]byte)(src[s1:])
				d1 += inner.dst
				s1 += inner.src
			}
		default:
			for range inner.n {
				copy(dst[d1:d1+item], src[s1:s1+item])
				d1 += inner.dst
				s1 += inner.src
			}
		}
		d += outer.dst
		s += outer.src
	}
}
