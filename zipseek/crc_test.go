package zipseek

import (
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

func TestCRCCombine(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 1<<17)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for range 2000 {
		b := data[:r.IntN(1<<r.IntN(18))]
		cut := r.IntN(len(b) + 1)
		want := crc32.ChecksumIEEE(b)
		if got := crcCombine(crc32.ChecksumIEEE(b[:cut]), crc32.ChecksumIEEE(b[cut:]), int64(len(b)-cut)); got != want {
			t.Fatalf("%d bytes cut at %d: %08x, want %08x", len(b), cut, got, want)
		}
	}
}

// TestCRCCombineLong doubles a run of zeros up to 2^62 bytes, and compares the short runs with
// zeros that exist and the long ones with the law that cutting elsewhere changes nothing.
func TestCRCCombineLong(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	zeros := make([]byte, 1<<20)
	run := crc32.ChecksumIEEE(zeros[:1])
	runs := []uint32{run}
	for k := range 62 {
		run = crcCombine(run, run, 1<<k)
		runs = append(runs, run)
		if k < 20 && run != crc32.ChecksumIEEE(zeros[:2<<k]) {
			t.Errorf("%d zeros: %08x", 2<<k, run)
		}
	}
	for range 500 {
		i, j := r.IntN(61), r.IntN(61)
		x := r.Uint32() // (x, run i), run j
		left := crcCombine(crcCombine(x, runs[i], 1<<i), runs[j], 1<<j)
		right := crcCombine(x, crcCombine(runs[i], runs[j], 1<<j), 1<<i+1<<j)
		if left != right {
			t.Fatalf("2^%d and 2^%d zeros: %08x and %08x", i, j, left, right)
		}
	}
	if n := testing.AllocsPerRun(10, func() { crcCombine(1, 2, 1<<40) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
