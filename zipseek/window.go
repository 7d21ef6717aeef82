package zipseek

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/lazynpy/lazynpy/internal/bytesrc"
	"github.com/lazynpy/lazynpy/zipseek/internal/inflate"
)

// A packed window is what precedes a point, as far as it is needed: its length, less one, in two
// bytes, and its bytes deflated. Bytes that nothing refers to are zero, which makes windows of
// measured arrays two to a thousand times smaller.

// referenceInput is how much compressed data is looked at to find what is referred to.
// The 32 KiB of output that can refer to a window take hardly ever more.
const referenceInput = 48 << 10

// speculators decode without the history; they keep buffers of some hundred KiB.
var speculators = sync.Pool{New: func() any { return new(inflate.Speculator) }}

// neededWindow packs the window at the cursor's place.
func (s *inflated) neededWindow(at *cursor) ([]byte, error) {
	used, known, err := s.references(at)
	if err != nil {
		return nil, err
	}
	window := at.window()
	if known {
		window = sparse(window, &used)
	}
	return packWindow(window), nil
}

// references says which bytes of the window at the cursor's place are referred to by what follows,
// or that this is not known.
func (s *inflated) references(at *cursor) (used [inflate.WindowSize / 64]uint64, known bool, err error) {
	bit := at.at()
	byteAt := bit / 8
	spec := speculators.Get().(*inflate.Speculator)
	defer speculators.Put(spec)
	n := int(min(referenceInput, s.m.CompressedSize-byteAt))
	err = bytesrc.WithGuard(s.m.archive.file, s.data+byteAt, n, func(b []byte) error {
		known = spec.References(b, uint8(bit%8), &used)
		return nil
	})
	return used, known, err
}

// sparse returns a copy of a window without the bytes that are not used, and without those
// before the first that is.
func sparse(window []byte, used *[inflate.WindowSize / 64]uint64) []byte {
	ahead := inflate.WindowSize - len(window) // bytes of a whole window that are missing
	out := make([]byte, len(window))
	first := len(window)
	for w, word := range used {
		for ; word != 0; word &= word - 1 {
			// what lies before the stream is nowhere
			if i := 64*w + bits.TrailingZeros64(word) - ahead; i >= 0 {
				out[i], first = window[i], min(first, i)
			}
		}
	}
	return out[first:]
}

// windowWriters are compressors of windows. What is to be kept of them is mostly zeros between few
// bytes, which the fastest level packs nearly as well as others, in a tenth of the time of
// inflating a span.
var windowWriters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, 1) // fails for levels that do not exist
	return w
}}

func packWindow(window []byte) []byte {
	if len(window) == 0 {
		return nil
	}
	var b bytes.Buffer
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(window)-1)))
	w := windowWriters.Get().(*flate.Writer)
	defer windowWriters.Put(w)
	w.Reset(&b)
	_, _ = w.Write(window) // a buffer takes everything
	_ = w.Close()
	return bytes.Clone(b.Bytes())
}

// unpackWindow writes a window to the end of dst and returns its length.
func unpackWindow(dst, packed []byte) (int, error) {
	if len(packed) < 3 {
		return 0, badf("window of a seek index is cut off")
	}
	n := int(binary.LittleEndian.Uint16(packed)) + 1
	if n > len(dst) {
		return 0, badf("window of a seek index has %d bytes", n)
	}
	var d inflate.Decoder
	d.Reset(0)
	got, _, stop, err := d.Decode(dst[len(dst)-n:], 0, nil, packed[2:], n+1)
	if err != nil || stop != inflate.End || got != n {
		return 0, badf("window of a seek index does not unpack: %v", fmt.Sprint(err))
	}
	return n, nil
}
