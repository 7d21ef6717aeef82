package kernel

// A Long is a number of 128 bits without bounds on its exponent, in which long doubles are added
// up: (Hi, Lo) × 2^Exp. The zero value is 0. It has a fixed size, and no value of it is invalid.
type Long struct {
	Hi, Lo uint64
	Exp    int64
	Class  uint64 // what kind of number it is, and 8 if it is negative
}

// maxLongExp bounds exponents that were read: no sum, product or quotient of long doubles and
// counts comes near it.
const maxLongExp = 1 << 20

func (l Long) wide() wide {
	w := wide{hi: l.Hi, lo: l.Lo, exp: int(min(max(l.Exp, -maxLongExp), maxLongExp)), neg: l.Class&8 != 0, class: class(l.Class & 3)}
	return w.normal()
}

func storedLong(w wide) Long {
	l := Long{Hi: w.hi, Lo: w.lo, Exp: int64(w.exp), Class: uint64(w.class)}
	if w.neg {
		l.Class |= 8
	}
	return l
}

// LongOf is the long double at the beginning of b, in this machine's byte order.
func LongOf(b []byte, e Elem) Long { return storedLong(readLong(b, e)) }

// LongOfInt is an integer.
func LongOfInt(i int64) Long { return storedLong(wideFromInt64(i)) }

// Put rounds l to a long double in this machine's byte order.
func (l Long) Put(b []byte, e Elem) { writeLong(b, e, l.wide()) }

// Add, Subtract, Multiply, Divide and Sqrt have 128 bits.

// Add is l + o.
func (l Long) Add(o Long) Long { return storedLong(l.wide().add(o.wide())) }

// Subtract is l - o.
func (l Long) Subtract(o Long) Long { return storedLong(l.wide().subtract(o.wide())) }

// Multiply is l × o.
func (l Long) Multiply(o Long) Long { return storedLong(l.wide().multiply(o.wide())) }

// Divide is l / o.
func (l Long) Divide(o Long) Long { return storedLong(l.wide().divide(o.wide())) }

// Sqrt is the root of l.
func (l Long) Sqrt() Long { return storedLong(l.wide().sqrt()) }

// SumLongs adds the long doubles of b that are step bytes apart from each other to l.
func SumLongs(l Long, b []byte, step int, e Elem) Long {
	sum := l.wide()
	for size := e.Size(); len(b) >= size; b = b[min(step, len(b)):] {
		sum = sum.add(readLong(b, e))
	}
	return storedLong(sum)
}

// SquareLongs adds up the squares of the distances of such long doubles from a center.
func SquareLongs(center Long, b []byte, step int, e Elem) Long {
	sum, c := wide{}, center.wide()
	for size := e.Size(); len(b) >= size; b = b[min(step, len(b)):] {
		d := readLong(b, e).subtract(c)
		sum = sum.add(d.multiply(d))
	}
	return storedLong(sum)
}
