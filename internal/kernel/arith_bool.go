package kernel

// boolBinary is [Binary] for bools, of which any byte but 0 is true.
func boolBinary(op BinaryOp, dst, a, b []byte) {
	switch {
	case len(dst) == 0:
	case len(a) == 1 && len(b) == 1:
		setAll(dst, boolOp(op, a[0], b[0]))
	case len(a) == 1:
		boolScalar(op.Reversed(), dst, b, a[0])
	case len(b) == 1:
		boolScalar(op, dst, a, b[0])
	default:
		boolPairs(op, dst, a, b)
	}
}

// truth is 1 for true and 0 for false.
func truth(b byte) byte { return (b | -b) >> 7 }

// boolScalar finds out what op makes of false and true, which leaves a table of two.
func boolScalar(op BinaryOp, d, x []byte, y byte) {
	of0 := boolOp(op, 0, y)
	flip := of0 ^ boolOp(op, 1, y)
	x = x[:len(d)]
	for i := range d {
		d[i] = of0 ^ truth(x[i])&flip
	}
}

func boolOp(op BinaryOp, x, y byte) byte {
	var d [1]byte
	boolPairs(op, d[:], []byte{x}, []byte{y})
	return d[0]
}

func boolPairs(op BinaryOp, d, x, y []byte) {
	x, y = x[:len(d)], y[:len(d)]
	switch op {
	case Add, Maximum, BitwiseOr:
		for i := range d {
			d[i] = truth(x[i] | y[i])
		}
	case Multiply, Minimum, BitwiseAnd:
		for i := range d {
			d[i] = truth(x[i]) & truth(y[i])
		}
	case BitwiseXor, NotEqual:
		for i := range d {
			d[i] = truth(x[i]) ^ truth(y[i])
		}
	case Equal:
		for i := range d {
			d[i] = 1 ^ truth(x[i]) ^ truth(y[i])
		}
	case Less:
		for i := range d {
			d[i] = truth(y[i]) &^ truth(x[i])
		}
	case LessEqual:
		for i := range d {
			d[i] = truth(y[i]) | (1 ^ truth(x[i]))
		}
	case Greater:
		for i := range d {
			d[i] = truth(x[i]) &^ truth(y[i])
		}
	case GreaterEqual:
		for i := range d {
			d[i] = truth(x[i]) | (1 ^ truth(y[i]))
		}
	}
}
