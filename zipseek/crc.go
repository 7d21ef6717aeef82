package zipseek

// crcPolynomial is that of CRC-32 (IEEE 802.3), with the coefficient of x^31 in the lowest bit.
const crcPolynomial = 0xedb88320

// crcPowers[k] is x^2^k modulo the polynomial. The next power is the first one again: the
// polynomial is irreducible, and in a field of 2^32 elements the power of 2^32 changes nothing.
var crcPowers = func() (p [32]uint32) {
	p[0] = 1 << 30 // x
	for k := 1; k < len(p); k++ {
		p[k] = crcMultiply(p[k-1], p[k-1])
	}
	return p
}()

// crcMultiply is the product of two polynomials modulo that of the CRC.
func crcMultiply(a, b uint32) uint32 {
	var product uint32
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if b&1 != 0 {
			b = b>>1 ^ crcPolynomial
		} else {
			b >>= 1
		}
	}
	return product
}

// crcCombine is the CRC-32 of two pieces of data that follow each other, from the CRC-32 of each
// and the length of the second: that of the first times x^(8 lenB), plus that of the second. The
// power takes one multiplication for each bit of the length, as in crc32_combine of zlib 1.2.12
// (x2nmodp). The length must not be negative.
func crcCombine(a, b uint32, lenB int64) uint32 {
	for k := 3; lenB != 0; k, lenB = k+1, lenB>>1 {
		if lenB&1 != 0 {
			a = crcMultiply(a, crcPowers[k&31])
		}
	}
	return a ^ b
}
