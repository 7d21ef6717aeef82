package inflate

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestPairs checks every entry of the table of pairs against what symbol by symbol comes of its
// index, on a block of counts, for which it must be made.
func TestPairs(t *testing.T) {
	counts, z := countStream(t, 1<<17, 8)
	var d Decoder
	d.Reset(0)
	out := make([]byte, len(counts))
	n, _, _, err := d.Decode(out[:1000], 0, nil, z, 1001)
	if err != nil || n != 1000 || !d.tables.paired {
		t.Fatalf("%d bytes, paired %v, %v", n, d.tables.paired, err)
	}
	both := 0
	for i, e := range d.tables.pairs {
		want, bits := expand(&d.tables, uint32(i))
		got := expanded{}
		if e&withLiteral != 0 {
			got.literal, got.hasLiteral = byte(e>>24), true
		}
		if e&withLength != 0 {
			got.length, got.extra = int(e>>15&511), int(e&0xff)-int(e>>8&15)
		}
		got.neither = e&withNeither != 0
		if got != want || e&withNeither == 0 && int(e>>8&15) != bits {
			t.Fatalf("entry %d: %+v, want %+v in %d bits", i, got, want, bits)
		}
		if got.hasLiteral && got.length > 0 {
			both++
		}
	}
	if both < 100 {
		t.Errorf("%d entries of a literal and a length", both)
	}
	d.Reset(0)
	if n, _, stop, err := d.Decode(out, 0, nil, z, len(out)+1); err != nil || n != len(out) || stop != End || !bytes.Equal(out, counts) {
		t.Errorf("%d bytes, stop %d, %v", n, stop, err)
	}
}

// countStream is counts of a camera around 60, deflated.
func countStream(t testing.TB, n int, spread float64) (counts, z []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(21, uint64(n)))
	for range n {
		counts = binary.LittleEndian.AppendUint16(counts, uint16(60+spread*rng.NormFloat64()))
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(counts); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return counts, b.Bytes()
}

// expanded is what an entry of the table of pairs says.
type expanded struct {
	hasLiteral, neither bool
	literal             byte
	length, extra       int
}

// expand looks index bits up in the table of single symbols, as far as they reach, and returns how
// many are used.
func expand(t *tables, index uint32) (x expanded, bits int) {
	e := t.lit[index]
	if e&isSpecial != 0 {
		return expanded{neither: true}, 0
	}
	if e&isLiteral != 0 {
		x.hasLiteral, x.literal, bits = true, byte(e>>16), int(e&0xff)
		e = t.lit[index>>bits]
		if e&(isLiteral|isSpecial) != 0 || bits+int(e>>8&15) > litBits {
			return x, bits
		}
	}
	code := int(e >> 8 & 15)
	x.length, x.extra = int(e>>16), int(e&0xff)-code
	return x, bits + code
}
