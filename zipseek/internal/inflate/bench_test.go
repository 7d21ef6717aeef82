package inflate

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/flate"
)

// arrays makes 32 MiB each of what arrays look like, deflated at level 6 as numpy does by default.
func arrays(b *testing.B) map[string][]byte {
	b.Helper()
	const size = 32 << 20
	rng := rand.New(rand.NewPCG(32, 6))
	quantised, raw, counts, labels := make([]byte, 0, size), make([]byte, 0, size), make([]byte, 0, size), make([]byte, 0, size)
	for i := range size / 4 {
		y, x := float64(i/2048), float64(i%2048)
		v := 20*math.Sin(x/301)*math.Cos(y/177) + 8*math.Sin((x+2*y)/97) + 15 + 0.15*rng.NormFloat64()
		quantised = binary.LittleEndian.AppendUint32(quantised, math.Float32bits(float32(math.Round(v*100)/100)))
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(rng.NormFloat64())))
	}
	for range size / 2 {
		counts = binary.LittleEndian.AppendUint16(counts, uint16(300+math.Sqrt(300)*rng.NormFloat64()))
	}
	for len(labels) < size {
		label := binary.LittleEndian.AppendUint64(nil, uint64(rng.IntN(1000)))
		labels = append(labels, bytes.Repeat(label, min(1+rng.IntN(800), (size-len(labels))/8))...)
	}
	return map[string][]byte{"f32q": quantised, "f32r": raw, "u16": counts, "i64": labels}
}

// BenchmarkDecode decodes arrays whole; peers are beside it.
func BenchmarkDecode(b *testing.B) {
	for name, plain := range arrays(b) {
		var z bytes.Buffer
		w, err := stdflate.NewWriter(&z, 6)
		if err != nil {
			b.Fatal(err)
		}
		feedAll(b, w, plain)
		dst := make([]byte, len(plain))
		b.Run(name+"/here", func(b *testing.B) {
			var d Decoder
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				d.Reset(0)
				if n, _, stop, err := d.Decode(dst, 0, nil, z.Bytes(), len(dst)+1); n != len(dst) || stop != End || err != nil {
					b.Fatal(n, stop, err)
				}
			}
		})
		b.Run(name+"/klauspost", func(b *testing.B) {
			benchReader(b, flate.NewReader(bytes.NewReader(nil)), z.Bytes(), dst)
		})
		b.Run(name+"/compress-flate", func(b *testing.B) {
			benchReader(b, stdflate.NewReader(bytes.NewReader(nil)), z.Bytes(), dst)
		})
	}
}

func feedAll(b *testing.B, w io.WriteCloser, plain []byte) {
	b.Helper()
	_, err := w.Write(plain)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
}

func benchReader(b *testing.B, r io.Reader, z, dst []byte) {
	b.Helper()
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		if err := r.(stdflate.Resetter).Reset(bytes.NewReader(z), nil); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(r, dst); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSpeculate decodes arrays in chunks without history, and resolves them; and looks for the
// blocks in them.
func BenchmarkSpeculate(b *testing.B) {
	for name, plain := range arrays(b) {
		var z bytes.Buffer
		w, err := stdflate.NewWriter(&z, 6)
		if err != nil {
			b.Fatal(err)
		}
		feedAll(b, w, plain)
		dst := make([]byte, len(plain))
		b.Run(name+"/decode", func(b *testing.B) {
			var sp Speculator
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				speculateAll(b, &sp, z.Bytes(), dst)
			}
		})
		b.Run(name+"/find", func(b *testing.B) {
			b.SetBytes(int64(z.Len()))
			for b.Loop() {
				for at := int64(0); at >= 0; {
					at = FindBlock(z.Bytes(), at+1, 1<<40)
				}
			}
		})
	}
}

// speculateAll decodes z to dst in chunks of 2 MiB of input.
func speculateAll(b *testing.B, sp *Speculator, z, dst []byte) {
	b.Helper()
	n, at := 0, int64(0)
	for {
		p, err := sp.Speculate(z, at, at+8*2<<20, 64<<20)
		if err == nil {
			err = p.Resolve(dst[n:], dst[max(0, n-WindowSize):n])
		}
		if err != nil {
			b.Fatal(err)
		}
		n, at = n+p.Len(), p.End
		if p.Final {
			return
		}
	}
}
