package kernel

// halfBinary is [Binary] for 16-bit floats: as float32, rounded per operation.
func halfBinary(op BinaryOp, e Elem, dst, a, b []byte) {
	_, out, _ := op.Types(e)
	var x, y [chunk / 4]float32
	n := len(dst) / out.Size()
	stepA, stepB := 1, 1
	if len(a) == 2 {
		stepA = 0
	}
	if len(b) == 2 {
		stepB = 0
	}
	for n > 0 {
		k := min(n, len(x))
		ka, kb := 1+stepA*(k-1), 1+stepB*(k-1)
		decode16(x[:ka], Slice[uint16](a[:2*ka]), e)
		decode16(y[:kb], Slice[uint16](b[:2*kb]), e)
		if out == Bool {
			compareReal(op, dst[:k], x[:ka], y[:kb])
		} else {
			halfResult(op, e, dst[:2*k], x[:], x[:ka], y[:kb])
		}
		dst, n = dst[k*out.Size():], n-k
		a, b = a[2*stepA*k:], b[2*stepB*k:]
	}
}

// halfResult computes into room and encodes.
func halfResult(op BinaryOp, e Elem, dst []byte, room, x, y []float32) {
	h := Slice[uint16](dst)
	room = room[:len(h)]
	floatOperands(op, room, x, y)
	encode16(h, room, e)
	finish(dst, h)
}
