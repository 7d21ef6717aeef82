package inflate

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/flate"
)

// addSeeds gives a fuzzer small streams of all kinds.
func addSeeds(f *testing.F, add func(z []byte)) {
	f.Helper()
	for seed := range uint64(60) {
		add(stream(seed, 100).z)
	}
	for _, s := range zlibSamples(f) {
		if len(s.z) < 1000 {
			add(s.z)
		}
	}
	for _, spread := range []float64{1, 3} {
		_, z := countStream(f, 1000, spread)
		add(z)
	}
	add([]byte{})
	add(bitString("1 10 0000001 00000"))
}

// fuzzRoom is the output that a fuzzer looks at.
const fuzzRoom = 1 << 20

// FuzzDecode compares with compress/flate and klauspost/compress.
func FuzzDecode(f *testing.F) {
	addSeeds(f, func(z []byte) { f.Add(z) })
	o := newOracle()
	dst := make([]byte, fuzzRoom)
	f.Fuzz(func(t *testing.T, z []byte) {
		plain, used, oerr := o.decode(z)
		if len(plain) > fuzzRoom {
			return
		}
		var d Decoder
		out, nin, stop, err := whole(&d, z, dst)
		if (oerr == nil) != (stop == End && err == nil) {
			t.Fatalf("stop %d, %v; compress/flate: %v", stop, err, oerr)
		}
		if oerr != nil {
			return
		}
		if !bytes.Equal(out, plain) || nin != used {
			t.Fatalf("%d bytes of %d; compress/flate: %d of %d", len(out), nin, len(plain), used)
		}
		k, err := io.ReadAll(flate.NewReader(bytes.NewReader(z)))
		if err != nil || !bytes.Equal(k, out) {
			t.Fatalf("%d bytes; klauspost: %d, %v", len(out), len(k), err)
		}
	})
}

// FuzzPieces compares what is decoded in pieces with what is decoded at once.
func FuzzPieces(f *testing.F) {
	addSeeds(f, func(z []byte) { f.Add(z, uint64(len(z)), uint8(3), uint16(700)) })
	dst := make([]byte, fuzzRoom)
	f.Fuzz(func(t *testing.T, z []byte, seed uint64, maxIn uint8, maxOut uint16) {
		if len(z) > 5000 {
			return
		}
		var d Decoder
		out, nin, stop, err := whole(&d, z, dst)
		if stop == NeedOutput || len(out) > 300*int(maxOut) {
			return
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		pieces, perr := inPieces(&d, z[:nin], rng, int(maxIn)+1, int(maxOut)+1, len(out))
		var corrupt *CorruptError
		switch {
		case stop == End && (perr != nil || !bytes.Equal(pieces, out)):
			t.Fatalf("in pieces %d bytes, %v; whole %d", len(pieces), perr, len(out))
		case err != nil && !errors.As(perr, &corrupt):
			t.Fatalf("in pieces %v; whole %v", perr, err)
		case err == nil && stop == NeedInput && !errors.Is(perr, io.ErrUnexpectedEOF):
			t.Fatalf("in pieces %v; whole needs input", perr)
		}
	})
}

// FuzzSpeculate decodes from a place in any bytes without history. Where the place is one where a
// block begins, the result is what decoding with the history gives.
func FuzzSpeculate(f *testing.F) {
	for seed := range uint64(60) {
		e := stream(seed, 200)
		for i, b := range e.blocks[:min(3, len(e.blocks))] {
			f.Add(e.z, uint16(b.Bit), uint16(b.Bit+int64(seed%2)*int64(i)*1000), uint32(200_000))
		}
	}
	for _, s := range zlibSamples(f) {
		if len(s.z) < 1000 {
			f.Add(s.z, uint16(0), uint16(7*len(s.z)), uint32(5000))
		}
	}
	var sp Speculator
	var d Decoder
	f.Fuzz(func(t *testing.T, z []byte, start, until uint16, maxOut uint32) {
		bit := int64(start)
		if bit > 8*int64(len(z)) {
			return
		}
		FindBlock(z, bit, 1<<40)
		var used [WindowSize / 64]uint64
		sp.References(z[bit/8:], uint8(bit&7), &used)
		p, err := sp.Speculate(z, bit, int64(until), int(maxOut%fuzzRoom))
		if err != nil {
			return
		}
		window := newEncoder(uint64(maxOut)).bytes(WindowSize)
		for _, have := range [][]byte{window, window[WindowSize-3000:], nil} {
			fuzzResolve(t, &d, z, p, have)
		}
	})
}

// fuzzResolve compares p, resolved with a window, with what the decoder makes of the same.
func fuzzResolve(t *testing.T, d *Decoder, z []byte, p *Speculation, window []byte) {
	t.Helper()
	out := make([]byte, p.Len())
	rerr := p.Resolve(out, window)
	d.Reset(uint8(p.Start & 7))
	want := make([]byte, p.Len())
	n, nin, stop, err := d.Decode(want, 0, window, z[p.Start/8:], p.Len())
	for err == nil && stop == AtBlock && 8*(p.Start/8+int64(nin))-int64(d.Bits()) < p.End {
		var more int // blocks without output
		n, more, stop, err = d.Decode(want, n, window, z[p.Start/8+int64(nin):], p.Len())
		nin += more
	}
	if (rerr == nil) != (err == nil) {
		t.Fatalf("resolved: %v; decoded: %v", rerr, err)
	}
	if err != nil {
		return
	}
	end := 8*(p.Start/8+int64(nin)) - int64(d.Bits())
	if !bytes.Equal(out, want[:n]) || p.Final != (stop == End) || p.End != end {
		t.Fatalf("resolved %d bytes to bit %d, final %v; decoded %d to %d, stop %d", len(out), p.End, p.Final, n, end, stop)
	}
}
