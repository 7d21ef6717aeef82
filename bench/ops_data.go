package main

import (
	"math/bits"
	"math/rand/v2"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// writeCounts writes a uint16 scan of four dimensions with the counts of a weakly lit counting
// detector: binomial, 0 to 8, of mean 4. Sums over any of its frames, and over all of them, stay
// below 2^24, so that they are exact in float32.
func writeCounts(path string, shape []int64) error {
	f, offset, err := create(path, mmapnpy.Uint16.WithByteOrder('<'), shape)
	if err != nil {
		return err
	}
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	random := rand.NewPCG(seed, 4)
	w := writer(f, offset)
	var raw [16]byte
	for n > 0 {
		word := random.Uint64()
		for i := 0; i < 16; i += 2 {
			raw[i] = byte(bits.OnesCount8(uint8(word)))
			word >>= 8
		}
		count := min(n, 8)
		if _, err := w.Write(raw[:2*count]); err != nil {
			return closeAfter(f, err)
		}
		n -= count
	}
	if err := w.Flush(); err != nil {
		return closeAfter(f, err)
	}
	return finish(f)
}

// writeMatrix writes a float64 array of two dimensions; see [fillFloats].
func writeMatrix(path string, rows, columns int64) error {
	f, offset, err := create(path, mmapnpy.Float64.WithByteOrder('<'), []int64{rows, columns})
	if err != nil {
		return err
	}
	if _, err := fillFloats(writer(f, offset), rows*columns, rand.NewPCG(seed, 1)); err != nil {
		return closeAfter(f, err)
	}
	return finish(f)
}
