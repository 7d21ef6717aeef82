package kernel

// halfUnary is [Unary] for 16-bit floats: as float32, rounded per operation.
func halfUnary(op UnaryOp, e Elem, dst, a []byte) {
	_, out, _ := op.Types(e)
	var x [chunk / 4]float32
	for n := len(dst) / out.Size(); n > 0; {
		k := min(n, len(x))
		f := x[:k]
		decode16(f, Slice[uint16](a[:2*k]), e)
		if out == Bool {
			classify(op, dst[:k], f)
		} else {
			floatMap(op, f, f)
			h := Slice[uint16](dst[:2*k])
			encode16(h, f, e)
			finish(dst[:2*k], h)
		}
		dst, a, n = dst[k*out.Size():], a[2*k:], n-k
	}
}
