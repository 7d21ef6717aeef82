package inflate

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/klauspost/compress/flate"
)

// sample is a stream and what it means. Where its blocks begin is nil if nobody told.
type sample struct {
	name     string
	z, plain []byte
	blocks   []Boundary
}

// eachSample calls f with streams of this package's test encoder, of compress/flate and of
// klauspost/compress at all levels, and of zlib in all its manners. With the race detector it takes
// a part of them.
func eachSample(t testing.TB, test func(sample)) {
	t.Helper()
	count := 0
	skip := func() bool { count++; return count%every != 0 }
	for seed := range uint64(700) {
		if skip() {
			continue
		}
		e := stream(seed, []int{20, 300, 3000}[seed%3])
		test(sample{fmt.Sprintf("stream %d", seed), e.z, e.plain, e.blocks})
	}
	for i := range uint64(20) {
		rng := rand.New(rand.NewPCG(i, 7))
		plain := source(rng, 1+rng.IntN(90_000))
		for level := -2; level <= 9; level++ {
			if skip() {
				continue
			}
			var b bytes.Buffer
			w, err := stdflate.NewWriter(&b, level)
			if err != nil {
				t.Fatal(err)
			}
			feed(t, w, plain, rng)
			test(sample{fmt.Sprintf("compress/flate %d, level %d", i, level), b.Bytes(), plain, nil})

			var kb bytes.Buffer
			kw, err := flate.NewWriter(&kb, level)
			if err != nil {
				t.Fatal(err)
			}
			feed(t, kw, plain, rng)
			test(sample{fmt.Sprintf("klauspost %d, level %d", i, level), kb.Bytes(), plain, nil})
		}
	}
	for i, s := range zlibSamples(t) {
		if skip() {
			continue
		}
		s.name = fmt.Sprintf("zlib.bin %d", i)
		test(s)
	}
}

// zlibSamples are the streams of testdata/zlib.bin; see zlib.py beside it.
func zlibSamples(t testing.TB) []sample {
	t.Helper()
	b, err := os.ReadFile("testdata/zlib.bin")
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for len(b) > 0 {
		size, sum, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
		z := b[12 : 12+n]
		b = b[12+n:]
		plain, _, err := newOracle().decode(z)
		if err != nil || len(plain) != int(size) || crc32.ChecksumIEEE(plain) != sum {
			t.Fatalf("zlib.bin: compress/flate makes %d bytes of stream %d, and %v; want %d", len(plain), len(out), err, size)
		}
		out = append(out, sample{"", z, bytes.Clone(plain), nil})
	}
	return out
}

// feed writes plain in pieces and flushes now and then.
func feed(t testing.TB, w interface {
	io.WriteCloser
	Flush() error
}, plain []byte, rng *rand.Rand) {
	t.Helper()
	for len(plain) > 0 {
		n := 1 + rng.IntN(len(plain))
		_, err := w.Write(plain[:n])
		if err == nil && rng.IntN(2) == 0 {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		plain = plain[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// source makes up n bytes that look like arrays or text.
func source(rng *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+8)
	manner := rng.IntN(5)
	for len(b) < n {
		switch manner {
		case 0:
			b = binary.LittleEndian.AppendUint32(b, uint32(rng.NormFloat64()*1e8))
		case 1:
			b = binary.LittleEndian.AppendUint16(b, uint16(300+rng.NormFloat64()*17))
		case 2:
			b = append(b, bytes.Repeat(binary.LittleEndian.AppendUint64(nil, uint64(rng.IntN(50))), 1+rng.IntN(400))...)
		case 3:
			b = append(b, "the quick brown fox jumps over the lazy dog "[rng.IntN(20):20+rng.IntN(20)]...)
		case 4:
			b = append(b, byte(rng.Uint32()))
		}
	}
	return b[:n]
}

// oracle decodes with compress/flate.
type oracle struct {
	in  *bytes.Reader
	r   io.ReadCloser
	out []byte
}

func newOracle() *oracle {
	in := bytes.NewReader(nil)
	return &oracle{in: in, r: stdflate.NewReader(in), out: make([]byte, 1<<22)}
}

// decode returns what z means, valid until the next call, and how many bytes of z it takes.
func (o *oracle) decode(z []byte) ([]byte, int, error) {
	o.in.Reset(z)
	if err := o.r.(stdflate.Resetter).Reset(o.in, nil); err != nil {
		return nil, 0, err
	}
	n, err := io.ReadFull(o.r, o.out)
	if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		// ReadFull says so at a good end as well; Close knows what it was.
		err = o.r.Close()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return o.out[:n], len(z) - o.in.Len(), err
}

// whole decodes all of z, with room for max bytes.
func whole(d *Decoder, z []byte, dst []byte) (out []byte, nin int, stop Stop, err error) {
	d.Reset(0)
	n, nin, stop, err := d.Decode(dst, 0, nil, z, len(dst)+1)
	return dst[:n], nin, stop, err
}

// TestWhole decodes streams in one call, with room to spare and without.
func TestWhole(t *testing.T) {
	count := 0
	var d Decoder
	o := newOracle()
	dst := make([]byte, 1<<21)
	eachSample(t, func(s sample) {
		count++
		want, used, err := o.decode(s.z)
		if err != nil || !bytes.Equal(want, s.plain) || used != len(s.z) {
			t.Fatalf("%s: compress/flate: %d bytes of %d, %v; want %d", s.name, len(want), used, err, len(s.plain))
		}
		for _, room := range []int{len(s.plain), len(s.plain) + 1000} {
			clear(dst[:room])
			z := append(bytes.Clone(s.z), "what follows"[:room%13]...)
			out, nin, stop, err := whole(&d, z, dst[:room])
			if err != nil || stop != End || nin != len(s.z) || !bytes.Equal(out, s.plain) {
				t.Fatalf("%s: %d bytes of %d, stop %d, %v; want %d of %d", s.name, len(out), nin, stop, err, len(s.plain), len(s.z))
			}
		}
		kr := flate.NewReader(bytes.NewReader(s.z))
		if k, err := io.ReadAll(kr); err != nil || !bytes.Equal(k, s.plain) {
			t.Fatalf("%s: klauspost: %d bytes, %v; want %d", s.name, len(k), err, len(s.plain))
		}
	})
	if count < 1000/every {
		t.Fatalf("%d streams, want at least %d", count, 1000/every)
	}
}

const guard = 0xA5

// inPieces decodes z with pieces of input and output as rng wants them, of up to maxIn and maxOut
// bytes. What was decoded slides to the history and partly stays in dst, and nothing must be
// written behind dst. Blocks get a boundary now and then.
func inPieces(d *Decoder, z []byte, rng *rand.Rand, maxIn, maxOut, limit int) ([]byte, error) {
	d.Reset(0)
	var out []byte
	room := make([]byte, 1<<16+maxOut+64)
	used, given, idle := 0, 0, 0
	for {
		if len(out) > limit {
			return out, errors.New("too much")
		}
		keep := min(len(out), rng.IntN(300))
		size := keep + rng.IntN(maxOut+1)
		for i := range room[size : size+64] {
			room[size+i] = guard
		}
		dst := room[:size:size]
		copy(dst, out[len(out)-keep:])
		hist := out[:len(out)-keep]
		if rng.IntN(2) == 0 {
			hist = hist[max(0, len(hist)-WindowSize):]
		}
		given = min(len(z), max(given, used+rng.IntN(maxIn+1)))
		boundary := size + 1
		if rng.IntN(4) == 0 {
			boundary = keep
		}
		n, nin, stop, err := d.Decode(dst, keep, hist, bytes.Clone(z[used:given]), boundary)
		for i, g := range room[size : size+64] {
			if g != guard {
				return out, fmt.Errorf("byte %d behind the end of dst was written", i)
			}
		}
		out = append(out, dst[keep:n]...)
		used += nin
		switch {
		case err != nil:
			return out, err
		case stop == End:
			if used != len(z) {
				return out, fmt.Errorf("took %d bytes, want %d", used, len(z))
			}
			return out, nil
		case stop == NeedInput && used < given:
			return out, fmt.Errorf("NeedInput with %d bytes left", given-used)
		case stop == NeedOutput && n < size:
			return out, fmt.Errorf("NeedOutput with room for %d bytes", size-n)
		case stop == AtBlock && (n < boundary || d.Bits() > 7):
			return out, fmt.Errorf("AtBlock at %d before %d, with %d bits", n, boundary, d.Bits())
		case stop == NeedInput && used == len(z):
			return out, io.ErrUnexpectedEOF
		}
		if idle++; n > keep || nin > 0 {
			idle = 0
		}
		if idle > 1000 {
			return out, fmt.Errorf("no progress at %d", used)
		}
	}
}

func TestPieces(t *testing.T) {
	var d Decoder
	rng := rand.New(rand.NewPCG(2, 3))
	eachSample(t, func(s sample) {
		sizes := [][2]int{{40, 700}, {5000, 5000}, {len(s.z), 70_000}}
		if len(s.plain) < 3000 {
			sizes = append(sizes, [][2]int{{1, 3}, {1, 5000}, {5000, 1}}...)
		}
		for _, size := range sizes {
			out, err := inPieces(&d, s.z, rng, size[0], size[1], len(s.plain))
			if err != nil || !bytes.Equal(out, s.plain) {
				t.Fatalf("%s: in pieces of %v: %d bytes, %v; want %d", s.name, size, len(out), err, len(s.plain))
			}
		}
	})
}

// TestBlocks stops at every block, and goes on from there with another decoder that knows no more
// than the position and the window.
func TestBlocks(t *testing.T) {
	var d, e Decoder
	dst := make([]byte, 1<<20)
	rest := make([]byte, 1<<20)
	eachSample(t, func(s sample) {
		d.Reset(0)
		n, used := 0, 0
		found := []Boundary{{}}
		for {
			m, nin, stop, err := d.Decode(dst[:len(s.plain)], n, nil, s.z[used:], 0)
			if err != nil || (stop != AtBlock && stop != End) {
				t.Fatalf("%s: stop %d at %d, %v", s.name, stop, used, err)
			}
			n, used = m, used+nin
			if stop == End {
				break
			}
			found = append(found, Boundary{Bit: 8*int64(used) - int64(d.Bits()), Out: int64(n)})
		}
		if s.blocks != nil && fmt.Sprint(found) != fmt.Sprint(s.blocks) {
			t.Fatalf("%s: blocks at %v, want %v", s.name, found, s.blocks)
		}
		for _, b := range found {
			e.Reset(uint8(b.Bit & 7))
			window := s.plain[max(0, b.Out-WindowSize):b.Out]
			want := s.plain[b.Out:]
			n, nin, stop, err := e.Decode(rest[:len(want)], 0, window, s.z[b.Bit/8:], len(want)+1)
			if err != nil || stop != End || !bytes.Equal(rest[:n], want) || nin != len(s.z)-int(b.Bit/8) {
				t.Fatalf("%s: from block %v: %d bytes, stop %d, %v; want %d", s.name, b, n, stop, err, len(want))
			}
		}
	})
}

// TestBoundary asks for the first block behind a certain output.
func TestBoundary(t *testing.T) {
	e := newEncoder(1)
	e.dynamic(false, 500)
	e.stored(false, nil)
	e.fixed(false, 0)
	e.fixed(false, 90)
	e.dynamic(true, 0)
	e.align()
	size := int(e.blocks[1].Out)
	dst := make([]byte, len(e.plain))
	for _, test := range []struct {
		room, boundary int
		stop           Stop
		block          int // where it stops
	}{
		{size, 0, AtBlock, 1},
		{size, size, AtBlock, 1},
		{size, size + 1, NeedOutput, -1}, // goes through the empty blocks
		{size - 1, 0, NeedOutput, -1},
		{len(dst), size + 1, AtBlock, 4},
		{len(dst), len(dst), AtBlock, 4},
		{len(dst), len(dst) + 1, End, -1},
	} {
		var d Decoder
		n, nin, stop, err := d.Decode(dst[:test.room], 0, nil, e.z, test.boundary)
		if err != nil || stop != test.stop || d.Bits() > 7 {
			t.Errorf("boundary %d of %d: stop %d, %v, %d bits; want %d", test.boundary, test.room, stop, err, d.Bits(), test.stop)
		}
		if test.stop != AtBlock {
			continue
		}
		if at := (Boundary{8*int64(nin) - int64(d.Bits()), int64(n)}); at != e.blocks[test.block] {
			t.Errorf("boundary %d of %d: stops at %v, want %v", test.boundary, test.room, at, e.blocks[test.block])
		}
		// Again, with nothing new: the next block, not the same.
		_, more, stop, err := d.Decode(dst, n, nil, e.z[nin:], 0)
		if want := min(test.block+1, len(e.blocks)-1); err != nil || (stop == AtBlock && 8*int64(nin+more)-int64(d.Bits()) != e.blocks[want].Bit) {
			t.Errorf("boundary %d of %d: goes on to %d, stop %d, %v", test.boundary, test.room, nin+more, stop, err)
		}
	}
}

// TestEnd shows that a stream that ended stays so, and an error as well.
func TestEnd(t *testing.T) {
	e := newEncoder(1)
	e.fixed(true, 10)
	e.align()
	var d Decoder
	dst := make([]byte, 1000)
	n, _, stop, err := d.Decode(dst, 0, nil, e.z, 0)
	if stop != End || err != nil {
		t.Fatal(stop, err)
	}
	if m, nin, stop, err := d.Decode(dst, n, nil, e.z, 0); m != n || nin != 0 || stop != End || err != nil {
		t.Errorf("behind the end: %d, %d, %d, %v", m-n, nin, stop, err)
	}

	d.Reset(0)
	bad := []byte{0xff}
	for range 2 {
		_, _, _, err := d.Decode(dst, 0, nil, bad, 0)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) {
			t.Errorf("reserved block: %v", err)
		}
	}
	d.Reset(0)
	if n, _, stop, err := d.Decode(dst, 0, nil, e.z, 0); n != len(e.plain) || stop != End || err != nil {
		t.Errorf("after Reset: %d, %d, %v", n, stop, err)
	}
}

// TestHistory shows that matches reach to the beginning of the history and not a byte further.
func TestHistory(t *testing.T) {
	e := newEncoder(1)
	e.plain = e.bytes(WindowSize + 50)
	window := bytes.Clone(e.plain)
	e.begin(true, 1)
	lits, dists := fixedLengths()
	e.body([]token{{length: 258, offset: WindowSize}, {length: 3, offset: WindowSize}}, lits, dists)
	e.align()
	want := window[50 : 50+261]
	for _, room := range []int{261, 5000} {
		for _, start := range []int{0, 1, 300} {
			var d Decoder
			dst := make([]byte, room+start)
			split := len(window) - start
			copy(dst, window[split:])
			n, _, stop, err := d.Decode(dst, start, window[:split], e.z, len(dst)+1)
			if err != nil || stop != End || !bytes.Equal(dst[start:n], want) {
				t.Errorf("room %d, %d bytes in dst: %d bytes, stop %d, %v", room, start, n-start, stop, err)
			}
			d.Reset(0)
			_, _, _, err = d.Decode(dst, start, window[51:split], e.z, len(dst)+1)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Errorf("room %d, %d bytes in dst, history of %d: %v", room, start, split-51, err)
			}
		}
	}
}

// TestAllocs shows that decoding allocates nothing.
func TestAllocs(t *testing.T) {
	e := stream(5, 3000)
	dst := make([]byte, len(e.plain))
	var d Decoder
	if n := testing.AllocsPerRun(5, func() {
		d.Reset(0)
		if _, _, stop, err := d.Decode(dst, 0, nil, e.z, len(dst)+1); stop != End || err != nil {
			t.Fatal(stop, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
