package inflate

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// blocksOf decodes s and returns where its blocks begin.
func blocksOf(t testing.TB, s sample) []Boundary {
	t.Helper()
	var d Decoder
	dst := make([]byte, len(s.plain))
	blocks := []Boundary{{}}
	n, used := 0, 0
	for {
		m, nin, stop, err := d.Decode(dst, n, nil, s.z[used:], 0)
		n, used = m, used+nin
		if err != nil || stop != AtBlock {
			if err != nil || stop != End {
				t.Fatalf("%s: stop %d, %v", s.name, stop, err)
			}
			return blocks
		}
		blocks = append(blocks, Boundary{Bit: 8*int64(used) - int64(d.Bits()), Out: int64(n)})
	}
}

// check resolves p, which begins where the output is from, and compares with s.
func check(t testing.TB, s sample, p *Speculation, from int64) {
	t.Helper()
	window := s.plain[max(0, from-WindowSize):from]
	out := make([]byte, p.Len())
	if err := p.Resolve(out, window); err != nil {
		t.Fatalf("%s: from bit %d: %v", s.name, p.Start, err)
	}
	if end := from + int64(len(out)); end > int64(len(s.plain)) || !bytes.Equal(out, s.plain[from:end]) {
		t.Fatalf("%s: from bit %d: %d bytes that differ", s.name, p.Start, len(out))
	}
	next := make([]byte, WindowSize)
	n, err := p.Window(next, window)
	end := from + int64(len(out))
	if err != nil || !bytes.Equal(next[:n], s.plain[max(0, end-int64(n)):end]) || n < min(WindowSize, len(window)+len(out)) {
		t.Fatalf("%s: from bit %d: window of %d bytes that differs, %v", s.name, p.Start, n, err)
	}
}

// TestSpeculate decodes from every block without history, up to one block or several.
func TestSpeculate(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var sp Speculator
	eachSample(t, func(s sample) {
		blocks := blocksOf(t, s)
		for i, b := range blocks {
			if i > 20 {
				break
			}
			j := min(len(blocks), i+1+rng.IntN(4))
			until := int64(1 << 40)
			if j < len(blocks) {
				until = blocks[j].Bit - int64(rng.IntN(3))
				for j--; blocks[j].Bit < until || j == i; j++ {
				}
			}
			p, err := sp.Speculate(s.z, b.Bit, until, 1<<30)
			if err != nil {
				t.Fatalf("%s: from block %v: %v", s.name, b, err)
			}
			if fmt.Sprint(p.Blocks) != fmt.Sprint(relative(blocks[i:j], b.Out)) || p.Final != (j == len(blocks)) {
				t.Fatalf("%s: from block %v: blocks %v, want %v", s.name, b, p.Blocks, relative(blocks[i:j], b.Out))
			}
			if j < len(blocks) && p.End != blocks[j].Bit || p.Final && p.End > 8*int64(len(s.z)) {
				t.Fatalf("%s: from block %v until %d: ends at %d, want %v", s.name, b, until, p.End, blocks[j])
			}
			check(t, s, p, b.Out)
		}
	})
}

// relative is blocks as seen from the first one.
func relative(blocks []Boundary, out int64) []Boundary {
	r := make([]Boundary, len(blocks))
	for i, b := range blocks {
		r[i] = Boundary{b.Bit, b.Out - out}
	}
	return r
}

// bigSamples are streams of many blocks: arrays and text of a few megabytes.
func bigSamples(t testing.TB) []sample {
	t.Helper()
	var out []sample
	for i := range uint64(12) {
		if every > 1 && i > 2 {
			break
		}
		rng := rand.New(rand.NewPCG(i, 11))
		plain := source(rng, 2<<20)
		if i%4 == 3 {
			plain = append(source(rng, 1<<20), plain...)
		}
		var b bytes.Buffer
		w, err := stdflate.NewWriter(&b, int(i%8)-1)
		if err != nil {
			t.Fatal(err)
		}
		feed(t, w, plain, rng)
		out = append(out, sample{fmt.Sprintf("big %d", i), b.Bytes(), plain, nil})
	}
	e := newEncoder(77)
	for range 300 {
		switch e.rng.IntN(3) {
		case 0:
			e.stored(false, e.bytes(e.rng.IntN(5000)))
		default:
			e.dynamic(false, 3000)
		}
	}
	e.fixed(true, 10)
	e.align()
	return append(out, sample{"big of all kinds", e.z, e.plain, e.blocks})
}

// TestChain decodes streams in chunks that are found and decoded one by one without history, and
// put together if they fit.
func TestChain(t *testing.T) {
	var sp Speculator
	for _, s := range bigSamples(t) {
		at, done := int64(0), int64(0) // in bits of s.z, and bytes of s.plain
		met, missed, marked, plain := 0, 0, 0, 0
		size := 8 * int64(len(s.z))
		p, err := sp.Speculate(s.z, 0, 1, 1<<30)
		for {
			if err != nil {
				t.Fatalf("%s: from bit %d: %v", s.name, at, err)
			}
			check(t, s, p, done)
			done += int64(p.Len())
			marked += p.Len() - len(p.Bytes)
			plain += len(p.Bytes)
			at = p.End
			if p.Final {
				break
			}
			// What is found need not be a block; if it is one, it fits.
			found := FindBlock(s.z, at, size)
			next, ferr := (*Speculation)(nil), error(nil)
			if found >= 0 {
				next, ferr = sp.Speculate(s.z, found, found+size/16, 1<<30)
			}
			if found >= 0 && ferr == nil && found <= at && at <= next.Last {
				met++
				p = next
				continue
			}
			missed++
			p, err = sp.Speculate(s.z, at, at+1, 1<<30)
		}
		if done != int64(len(s.plain)) {
			t.Errorf("%s: %d bytes, want %d", s.name, done, len(s.plain))
		}
		t.Logf("%s: %d chunks found, %d not; %d bytes with markers, %d without", s.name, met, missed, marked, plain)
	}
}

// TestFindBlock finds every block that can be found, where it is.
func TestFindBlock(t *testing.T) {
	for seed := range uint64(300 / every) {
		e := stream(seed+5000, 300)
		for _, b := range e.blocks[:len(e.blocks)-1] {
			kind := bitsAt(e.z, b.Bit) >> 1 & 3
			if kind == 1 {
				continue
			}
			if found := FindBlock(e.z, b.Bit, b.Bit+1); found != b.Bit {
				t.Fatalf("stream %d: block %v of kind %d: found %d", seed, b, kind, found)
			}
			// Zeros before a stored block make it begin earlier.
			if found := FindBlock(e.z, b.Bit-10, b.Bit+1); found < 0 || found > b.Bit {
				t.Fatalf("stream %d: before block %v of kind %d: found %d", seed, b, kind, found)
			}
			if found := FindBlock(e.z, b.Bit+1, b.Bit+1); found != -1 {
				t.Fatalf("stream %d: found %d in nothing", seed, found)
			}
		}
		for from := int64(0); from < 8*int64(len(e.z)); from += 97 {
			limit := from + 300
			if found := FindBlock(e.z, from, limit); found != -1 && (found < from || found >= limit) {
				t.Fatalf("stream %d: found %d in %d to %d", seed, found, from, limit)
			}
		}
	}
	if found := FindBlock(nil, 0, 100); found != -1 {
		t.Errorf("found %d in nothing", found)
	}
}

// TestFindBlockNaive compares with a search that tries the decoder at every bit.
func TestFindBlockNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	z := make([]byte, 60_000/every)
	for i := range z {
		z[i] = byte(rng.Uint32())
	}
	// Random bytes have none by chance; these are some, at any bit.
	for i := range uint64(40) {
		e := newEncoder(i + 900)
		e.put(0, uint(i%8))
		e.dynamic(false, 0)
		e.align()
		copy(z[rng.IntN(len(z)-len(e.z)):], e.z)
	}
	var d Decoder
	var want, got []int64
	for bit := range 8 * int64(len(z)) {
		if bitsAt(z, bit)&7 == 4 && d.validHeader(z, bit) && completeLengthCode(z, bit) {
			want = append(want, bit)
		}
	}
	for bit := int64(-1); ; {
		if bit = findDynamic(z, bit+1, 8*int64(len(z))); bit < 0 {
			break
		}
		got = append(got, bit)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 40/every {
		t.Errorf("found %v, want %v", got, want)
	}
}

// TestSpeculateLimits cuts the input and the output.
func TestSpeculateLimits(t *testing.T) {
	e := newEncoder(3)
	for i := range 20 {
		if i%3 == 0 {
			e.stored(false, e.bytes(3000))
		}
		e.dynamic(false, 1000)
	}
	e.stored(true, nil)
	s := sample{"limits", e.z, e.plain, e.blocks}
	var sp Speculator
	for i, b := range e.blocks {
		for _, maxOut := range []int{0, 1, 2999, 3000, 10_000, 40_000, 1 << 20} {
			p, err := sp.Speculate(e.z, b.Bit, 1<<40, maxOut)
			fits := i
			for fits+1 < len(e.blocks) && int(e.blocks[fits+1].Out-b.Out) <= maxOut {
				fits++
			}
			if maxOut >= len(e.plain)-int(b.Out) {
				if err != nil || !p.Final {
					t.Errorf("block %d, all of it: %v", i, err)
				}
				continue
			}
			if fits == i {
				if !errors.Is(err, errBlockSize) {
					t.Errorf("block %d, at most %d bytes: %v", i, maxOut, err)
				}
				continue
			}
			if err != nil || p.End != e.blocks[fits].Bit || p.Len() != int(e.blocks[fits].Out-b.Out) {
				t.Fatalf("block %d, at most %d bytes: %v", i, maxOut, err)
			}
			check(t, s, p, b.Out)
		}
		for _, cut := range []int{len(e.z) - 1, len(e.z) - 5, len(e.z) * 2 / 3, int(b.Bit / 8), int(b.Bit/8) + 1} {
			p, err := sp.Speculate(e.z[:cut], b.Bit, 1<<40, 1<<20)
			if err != nil {
				if i+1 < len(e.blocks) && 8*int64(cut) >= e.blocks[i+1].Bit+3 || !errors.Is(err, errNoBlock) {
					t.Errorf("block %d, %d bytes of %d: %v", i, cut, len(e.z), err)
				}
				continue
			}
			if p.Final || p.End > 8*int64(cut) {
				t.Errorf("block %d, %d bytes of %d: ends at %d, %v", i, cut, len(e.z), p.End, p.Final)
			}
			check(t, s, p, b.Out)
		}
	}
}

// TestSpeculateShortWindow resolves what refers to before the beginning.
func TestSpeculateShortWindow(t *testing.T) {
	e := newEncoder(1)
	e.plain = e.bytes(1000)
	e.begin(true, 1)
	lits, dists := fixedLengths()
	e.body([]token{{length: 5, offset: 700}, {literal: 9}}, lits, dists)
	e.align()
	var sp Speculator
	p, err := sp.Speculate(e.z, 0, 1, 1000)
	if err != nil || p.Len() != 6 {
		t.Fatal(err)
	}
	out := make([]byte, 6)
	if err := p.Resolve(out, e.plain[300:]); err != nil || !bytes.Equal(out, append(bytes.Clone(e.plain[300:305]), 9)) {
		t.Errorf("% x, %v", out, err)
	}
	if err := p.Resolve(out, e.plain[301:]); !errors.Is(err, errWindow) {
		t.Errorf("a byte too few: %v", err)
	}
	if _, err := p.Window(out, e.plain[301:]); !errors.Is(err, errWindow) {
		t.Errorf("a byte too few for the window: %v", err)
	}
}

// TestReferences changes the bytes of the window that are said not to matter.
func TestReferences(t *testing.T) {
	var sp Speculator
	var d Decoder
	for _, s := range bigSamples(t) {
		blocks := blocksOf(t, s)
		out := make([]byte, len(s.plain))
		for i := 1; i < len(blocks); i += 1 + len(blocks)/10 {
			b := blocks[i]
			var used [WindowSize / 64]uint64
			if !sp.References(s.z[b.Bit/8:], uint8(b.Bit&7), &used) {
				t.Fatalf("%s: block %v: not ok", s.name, b)
			}
			window := make([]byte, WindowSize)
			copy(window[max(0, WindowSize-b.Out):], s.plain[max(0, b.Out-WindowSize):b.Out])
			for j := range window {
				if used[j/64]>>(j%64)&1 == 0 {
					window[j] ^= 0xff
				}
			}
			d.Reset(uint8(b.Bit & 7))
			n, _, stop, err := d.Decode(out, 0, window, s.z[b.Bit/8:], len(out)+1)
			if err != nil || stop != End || !bytes.Equal(out[:n], s.plain[b.Out:]) {
				t.Fatalf("%s: block %v: needs more of the window than was said", s.name, b)
			}
			if j := rand.New(rand.NewPCG(uint64(i), 1)).IntN(WindowSize); used[j/64]>>(j%64)&1 != 0 {
				window[j] ^= 0xff
				d.Reset(uint8(b.Bit & 7))
				if n, _, _, _ := d.Decode(out, 0, window, s.z[b.Bit/8:], len(out)+1); bytes.Equal(out[:n], s.plain[b.Out:]) {
					t.Fatalf("%s: block %v: does not need byte %d of the window", s.name, b, j)
				}
			}
		}
		var used [WindowSize / 64]uint64
		if sp.References(s.z[:20], 0, &used) {
			t.Errorf("%s: 20 bytes are enough", s.name)
		}
	}
}
