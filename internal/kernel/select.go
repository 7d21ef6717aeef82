package kernel

// Select is np.where: element i of dst is that of a where cond[i], a bool, is not
// 0, else that of b. Elements are itemsize bytes, of which nothing is known; there
// are len(dst)/itemsize. An operand of a single element, or a cond of one byte,
// stands for as many as there are. dst may begin where an operand begins, if that
// is no scalar; otherwise they must not overlap.
func Select(dst, cond, a, b []byte, itemsize int) {
	if itemsize <= 0 || len(dst) < itemsize {
		return
	}
	switch itemsize {
	case 1:
		selectWords[uint8](dst, cond, a, b)
	case 2:
		selectWords[uint16](dst, cond, a, b)
	case 4:
		selectWords[uint32](dst, cond, a, b)
	case 8:
		selectWords[uint64](dst, cond, a, b)
	default:
		selectItems(dst, cond, a, b, itemsize)
	}
}

func selectItems(dst, cond, a, b []byte, itemsize int) {
	n := len(dst) / itemsize
	stepA, stepB, stepC := step(len(a), itemsize), step(len(b), itemsize), step(len(cond), 1)
	for i := range n {
		from, at := b, i*stepB
		if cond[i*stepC] != 0 {
			from, at = a, i*stepA
		}
		copy(dst[i*itemsize:(i+1)*itemsize], from[at:at+itemsize])
	}
}

// step is the distance of the elements of an operand: 0 in a scalar.
func step(length, itemsize int) int {
	if length == itemsize {
		return 0
	}
	return itemsize
}

func selectWords[T Unsigned](dst, cond, a, b []byte) {
	d, x, y := Slice[T](dst), Slice[T](a), Slice[T](b)
	var bufX, bufY [spread]T
	var bufC [spread]byte
	scalarX, scalarY, scalarC := len(x) == 1, len(y) == 1, len(cond) == 1
	if scalarX {
		setAll(bufX[:min(spread, len(d))], x[0])
	}
	if scalarY {
		setAll(bufY[:min(spread, len(d))], y[0])
	}
	if scalarC {
		setAll(bufC[:min(spread, len(d))], cond[0])
	}
	for done := 0; done < len(d); {
		n := min(spread, len(d)-done)
		u, v, c := bufX[:], bufY[:], bufC[:]
		if !scalarX {
			u = x[done:]
		}
		if !scalarY {
			v = y[done:]
		}
		if !scalarC {
			c = cond[done:]
		}
		selectLoop(d[done:done+n], c, u, v)
		done += n
	}
	finish(dst, d)
}

// selectLoop has no branch that data decides.
func selectLoop[T Unsigned](d []T, c []byte, x, y []T) {
	c, x, y = c[:len(d)], x[:len(d)], y[:len(d)]
	for i := range d {
		v := y[i]
		if w := x[i]; c[i] != 0 {
			v = w
		}
		d[i] = v
	}
}
