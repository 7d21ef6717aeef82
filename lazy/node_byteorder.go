package lazy

import (
	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// reordered reports whether two dtypes differ in byte order at most, of some fields or of all.
func reordered(from, to mmapnpy.DType) bool {
	return from.WithByteOrder('<').Equal(to.WithByteOrder('<'))
}

// swaps are the bytes of an element that change places where its byte order changes.
type swaps struct {
	at    int64 // first byte, in what it is a part of
	size  int64 // bytes of one of them
	count int64 // of them, one behind the other
	width int   // of the words that each consists of; 0 if it has parts
	parts []swaps
}

// swapsBetween lists what changes from one dtype to another that is [reordered]; at is where they
// lie.
func swapsBetween(from, to mmapnpy.DType, at int64) []swaps {
	if from.Equal(to) {
		return nil
	}
	if base, _, ok := from.Subarray(); ok {
		toBase, _, _ := to.Subarray()
		size := max(base.ItemSize(), 1) // nothing changes in what has no bytes
		return []swaps{{at: at, size: size, count: from.ItemSize() / size, parts: swapsBetween(base, toBase, 0)}}
	}
	if !from.IsStruct() {
		return []swaps{{at: at, size: from.ItemSize(), count: 1, width: wordSize(from)}}
	}
	var all []swaps
	there := to.Fields()
	for i, f := range from.Fields() { // which share no bytes
		all = append(all, swapsBetween(f.DType, there[i].DType, at+f.Offset)...)
	}
	return all
}

// wordSize is the width of the words whose bytes are in order, of a dtype that has no parts.
func wordSize(t mmapnpy.DType) int {
	if t.Kind() == mmapnpy.KindString {
		return 4
	}
	return swapWidth(t)
}

// apply changes the order in elements of size bytes.
func (s swaps) apply(b []byte) {
	b = b[s.at : s.at+s.size*s.count]
	if s.width > 0 {
		kernel.SwapBytes(b, b, s.width)
		return
	}
	for ; len(b) > 0; b = b[s.size:] {
		for _, part := range s.parts {
			part.apply(b[:s.size])
		}
	}
}

// recordReader changes the byte order of fields.
type recordReader struct {
	reader
	size  int64
	swaps []swaps
	buf   []byte
}

func (r *recordReader) tile(region chunk.Region, order []int) ([]byte, error) {
	b, err := r.reader.tile(region, order)
	if err != nil {
		return nil, err
	}
	r.buf = grow(r.buf, region.Len()*r.size)
	copy(r.buf, b)
	for rest := r.buf; len(rest) > 0; rest = rest[r.size:] {
		for _, s := range r.swaps {
			s.apply(rest)
		}
	}
	return r.buf, nil
}
