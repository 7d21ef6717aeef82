package kernel

import "cmp"

// relation is how two numbers compare.
type relation uint8

const (
	unordered relation = iota // one is NaN
	lesser
	equalTo
	greater
)

// compareWide compares two numbers without rounding either.
func compareWide(a, b wide) relation {
	if a.class == notANumber || b.class == notANumber {
		return unordered
	}
	order := cmp.Compare(a.sign(), b.sign())
	if order == 0 && a.sign() != 0 {
		order = a.sign() * compareMagnitudes(a, b)
	}
	return relation(int(equalTo) + order)
}

// sign is -1, 0 or 1.
func (w wide) sign() int {
	switch {
	case w.class == zero:
		return 0
	case w.neg:
		return -1
	}
	return 1
}

// compareMagnitudes compares numbers that are not zero without their signs.
func compareMagnitudes(a, b wide) int {
	if a.class == infinite || b.class == infinite {
		return cmp.Compare(a.class, b.class)
	}
	return cmp.Or(cmp.Compare(a.exp, b.exp), cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}
