package kernel

import "slices"

// Gather copies to dst, in C order and without gaps, the elements of itemsize
// bytes that lie in src at base + Σ index[d]*strides[d]. Strides are in bytes
// and may be zero or negative. dst must not overlap src. A geometry that leads
// out of src, or to more elements than dst holds, panics as any index does.
//
// Axes that follow each other in memory are joined first. Runs are then copied
// as such, and where two axes trade places, that is done in blocks of whole cache
// lines.
func Gather(dst, src []byte, base int, shape, strides []int64, itemsize int) {
	var room [maxAxes]axis
	axes, ok := packedAxes(room[:0], shape, strides, itemsize)
	if ok {
		copyAxes(slices.Clip(dst), 0, slices.Clip(src), base, axes, itemsize)
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
	copyAxes(slices.Clip(dst), base, slices.Clip(src), 0, axes, itemsize)
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
			copyPlane(dst, d, src, s, axes[1], axes[0], item)
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

// copyPlane copies a plane of items; inner is dense on the packed side. If outer
// is dense on the other side, that is a transposition.
func copyPlane(dst []byte, d int, src []byte, s int, outer, inner axis, item int) {
	var done bool
	switch word := item <= 16 && item&(item-1) == 0; {
	case word && outer.src == item && inner.dst == item:
		transpose(plane{dst, d, outer.dst}, plane{src, s, inner.src}, inner.n, outer.n, item)
		return
	case word && outer.dst == item && inner.src == item:
		transpose(plane{dst, d, inner.dst}, plane{src, s, outer.src}, outer.n, inner.n, item)
		return
	case outer.n > tile && outer.step() < max(inner.dst, -inner.dst, inner.src, -inner.src):
		copyTiles(dst, d, src, s, outer, inner, item)
		return
	case item == 1:
		done = copyItems[uint8](dst, d, src, s, outer, inner)
	case item == 2:
		done = copyItems[uint16](dst, d, src, s, outer, inner)
	case item == 4:
		done = copyItems[uint32](dst, d, src, s, outer, inner)
	case item == 8:
		done = copyItems[uint64](dst, d, src, s, outer, inner)
	case item == 16:
		done = copyItems[[2]uint64](dst, d, src, s, outer, inner)
	}
	for i := 0; i < outer.n && !done; i++ {
		d1, s1 := d, s
		for range inner.n {
			copy(dst[d1:d1+item], src[s1:s1+item])
			d1 += inner.dst
			s1 += inner.src
		}
		d += outer.dst
		s += outer.src
	}
}

// tile is how many items a plane is wide and long at most that is walked across
// its lines of cache.
const tile = 64

// copyTiles is copyPlane tile by tile.
func copyTiles(dst []byte, d int, src []byte, s int, outer, inner axis, item int) {
	for i := 0; i < outer.n; i += tile {
		for j := 0; j < inner.n; j += tile {
			o, n := outer, inner
			o.n, n.n = min(tile, o.n-i), min(tile, n.n-j)
			copyPlane(dst, d+i*o.dst+j*n.dst, src, s+i*o.src+j*n.src, o, n, item)
		}
	}
}

// copyItems is copyPlane with both sides seen as words W. It does nothing, and
// says so, if they cannot be, or if some item is no word of theirs.
func copyItems[W any](dst []byte, d int, src []byte, s int, outer, inner axis) (done bool) {
	w := sizeOf[W]()
	if d < 0 || s < 0 || (outer.dst|outer.src|inner.dst|inner.src)&(w-1) != 0 {
		return false
	}
	dst, src = dst[d&(w-1):], src[s&(w-1):]
	if !Aligned[W](dst) || !Aligned[W](src) {
		return false
	}
	to, from := Slice[W](dst), Slice[W](src)
	d, s = d/w, s/w
	outer, inner = axis{outer.n, outer.dst / w, outer.src / w}, axis{inner.n, inner.dst / w, inner.src / w}
	for range outer.n {
		if inner.dst == 1 {
			k := s
			run := to[d : d+inner.n]
			for j := range run {
				run[j] = from[k]
				k += inner.src
			}
		} else {
			k := d
			for _, v := range from[s : s+inner.n] { // inner is dense on one side
				to[k] = v
				k += inner.dst
			}
		}
		d += outer.dst
		s += outer.src
	}
	return true
}
