package kernel

func addPairs[T Real](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] + y[i]
	}
}

func addScalar[T Real](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = x[i] + y
	}
}

func subtractPairs[T Real](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] - y[i]
	}
}

func subtractFrom[T Real](d []T, x T, y []T) {
	y = y[:len(d)]
	for i := range d {
		d[i] = x - y[i]
	}
}

func multiplyPairs[T Real](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] * y[i]
	}
}

func multiplyScalar[T Real](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = x[i] * y
	}
}

// min and max of Go propagate NaN, as NumPy's minimum and maximum do.

func minimumPairs[T Real](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = min(x[i], y[i])
	}
}

func minimumScalar[T Real](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = min(x[i], y)
	}
}

func maximumPairs[T Real](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = max(x[i], y[i])
	}
}

func maximumScalar[T Real](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = max(x[i], y)
	}
}

func andPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] & y[i]
	}
}

func andScalar[T Integer](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = x[i] & y
	}
}

func orPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] | y[i]
	}
}

func orScalar[T Integer](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = x[i] | y
	}
}

func xorPairs[T Integer](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] ^ y[i]
	}
}

func xorScalar[T Integer](d, x []T, y T) {
	x = x[:len(d)]
	for i := range d {
		d[i] = x[i] ^ y
	}
}
