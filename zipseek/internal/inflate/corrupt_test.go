package inflate

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestMutants compares with compress/flate what becomes of streams that were changed or cut.
func TestMutants(t *testing.T) {
	const want = 100_000 / every
	var small [][]byte
	for seed := uint64(0); len(small) < 400; seed++ {
		if e := stream(seed, 60); len(e.z) < 500 {
			small = append(small, e.z)
		}
	}
	for _, s := range zlibSamples(t) {
		if len(s.z) < 500 {
			small = append(small, s.z)
		}
	}
	for n := range 20 {
		_, z := countStream(t, 300+10*n, 2+float64(n%5))
		small = append(small, z)
	}
	rng := rand.New(rand.NewPCG(8, 9))
	o := newOracle()
	var d Decoder
	dst := make([]byte, len(o.out))
	accepted, paired := 0, 0
	for range want {
		z := mutate(rng, small[rng.IntN(len(small))])
		plain, used, oerr := o.decode(z)
		out, nin, stop, err := whole(&d, z, dst)
		if d.tables.paired {
			paired++
		}
		if (oerr == nil) != (stop == End && err == nil) {
			t.Fatalf("% x: stop %d, %v; compress/flate: %v", z, stop, err, oerr)
		}
		if oerr == nil {
			accepted++
			if !bytes.Equal(out, plain) || nin != used {
				t.Fatalf("% x: %d bytes of %d; compress/flate: %d of %d", z, len(out), nin, len(plain), used)
			}
		}
		if rng.IntN(10) == 0 {
			pieces, perr := inPieces(&d, z[:min(nin, len(z))], rng, 20, 600, len(out))
			if (perr == nil) != (oerr == nil) || oerr == nil && !bytes.Equal(pieces, out) {
				t.Fatalf("% x: in pieces: %v; whole: %v", z, perr, err)
			}
		}
	}
	if accepted < want/100 || accepted > want*3/4 {
		t.Errorf("%d of %d were accepted: that proves little", accepted, want)
	}
	if paired < want/50 {
		t.Errorf("%d of %d had a table of pairs", paired, want)
	}
}

// mutate changes a copy of z a little, mostly near the beginning where the headers are.
func mutate(rng *rand.Rand, z []byte) []byte {
	z = bytes.Clone(z)
	for range 1 + rng.IntN(3) {
		if len(z) == 0 {
			break
		}
		i := rng.IntN(len(z))
		if rng.IntN(2) == 0 {
			i = rng.IntN(min(len(z), 40))
		}
		switch rng.IntN(6) {
		case 0:
			z[i] = byte(rng.Uint32())
		case 1:
			z = z[:i]
		case 2:
			z = append(z[:i], z[i+1:]...)
		default:
			z[i] ^= 1 << rng.IntN(8)
		}
	}
	return z
}

// bitString is a stream written as bits in the order of the stream; spaces mean nothing.
func bitString(s string) []byte {
	var e encoder
	for _, c := range strings.ReplaceAll(s, " ", "") {
		e.put(uint64(c-'0'), 1)
	}
	e.align()
	return append(e.z, make([]byte, 40)...)
}

// badCodes is the header of a dynamic block whose codes have these lengths, and bits that are all
// the same.
func badCodes(lits, dists []uint8, bit byte) []byte {
	e := newEncoder(1)
	e.begin(true, 2)
	e.header(append(lits, make([]uint8, 257-len(lits))...), dists)
	e.put(uint64(bit)*0x7f, 7)
	e.align()
	return append(e.z, bytes.Repeat([]byte{bit * 0xff}, 40)...)
}

// TestCorrupt has one stream for each thing that can be wrong.
func TestCorrupt(t *testing.T) {
	// A dynamic block, with the counts of codes, and the lengths for 16, 17, 18, 0, 8, 7, 9 ...
	// All numbers are written with the lowest bit first, codes with the highest.
	const dynamic = "1 01 "
	for name, test := range map[string]struct {
		z    []byte
		want string
	}{
		"block of kind 3":         {bitString("1 11"), "reserved kind"},
		"stored size":             {[]byte{1, 1, 0, 0xff, 0xff}, "complement"},
		"287 literals":            {bitString(dynamic + "01111 00000 0000"), "too many codes"},
		"288 literals":            {bitString(dynamic + "11111 00000 0000"), "too many codes"},
		"31 distances":            {bitString(dynamic + "00000 01111 0000"), "too many codes"},
		"32 distances":            {bitString(dynamic + "00000 11111 0000"), "too many codes"},
		"three codes of one bit":  {bitString(dynamic + "00000 00000 0000 100 100 100 000"), "code of the code lengths"},
		"one code of two bits":    {bitString(dynamic + "00000 00000 0000 010 000 000 000"), "code of the code lengths"},
		"no code lengths":         {bitString(dynamic + "00000 00000 0000 000 000 000 000"), "undefined code of a code length"},
		"other half of one code":  {bitString(dynamic + "00000 00000 0000 000 000 100 000 1"), "undefined code of a code length"},
		"repetition of nothing":   {bitString(dynamic + "00000 00000 0000 100 000 000 100 1"), "repetition of no"},
		"276 lengths":             {bitString(dynamic + "00000 00000 0000 000 000 100 100 1 1111111 1 1111111"), "too many code lengths"},
		"match first":             {bitString("1 10 0000001 00000"), "before the beginning"},
		"distance symbol 30":      {bitString("1 10 00110000 0000001 11110"), "undefined distance"},
		"distance symbol 31":      {bitString("1 10 00110000 0000001 11111"), "undefined distance"},
		"length symbol 286":       {bitString("1 10 11000110"), "undefined literal or length"},
		"length symbol 287":       {bitString("1 10 11000111"), "undefined literal or length"},
		"incomplete literals":     {badCodes([]uint8{1, 2}, []uint8{1, 1}, 0), "literal and length code is not complete"},
		"one literal of two bits": {badCodes([]uint8{2}, []uint8{1, 1}, 0), "literal and length code is not complete"},
		"too many literals":       {badCodes([]uint8{1, 2, 2, 15}, []uint8{1, 1}, 0), "literal and length code is not complete"},
		"incomplete distances":    {badCodes([]uint8{1, 1}, []uint8{1, 2}, 0), "distance code is not complete"},
		"one distance of 15 bits": {badCodes([]uint8{1, 1}, []uint8{15}, 0), "distance code is not complete"},
		"too many distances":      {badCodes([]uint8{1, 1}, []uint8{1, 1, 1}, 0), "distance code is not complete"},
		"no literals":             {badCodes(nil, []uint8{1}, 0), "undefined literal or length"},
		"other half of a literal": {badCodes([]uint8{1}, []uint8{1}, 1), "undefined literal or length"},
	} {
		var d Decoder
		for _, room := range []int{5, 5000} {
			d.Reset(0)
			_, _, _, err := d.Decode(make([]byte, room), 0, nil, test.z, room+1)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || !strings.Contains(corrupt.Error(), test.want) || corrupt.Offset > int64(len(test.z)) {
				t.Errorf("%s, room %d: %v; want %q", name, room, err, test.want)
			}
		}
		if _, _, err := newOracle().decode(test.z); err == nil {
			t.Errorf("%s: compress/flate accepts it; want %q", name, test.want)
		}
	}
}
