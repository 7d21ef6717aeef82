//go:build !purego

package kernel

import "testing"

// TestNoAllocation runs kernels that have buffers of their own: they are on the
// stack.
func TestNoAllocation(t *testing.T) {
	const m, rows = 48, 500
	x, y := make([]float64, rows*m), make([]int8, rows*m)
	hi, lo, scratch := make([]float64, rows), make([]float64, rows), make([]float64, MomentScratch*m)
	moments := newMoments(rows)
	sums, counts, idx := make([]uint64, rows), make([]int64, rows*10), make([]int64, rows)
	b := make([]byte, len(x)*8)
	bins, err := NewBins(0, 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	HistRows(counts, y, m, bins) // makes a table
	disk, slope := make([]float64, m), make([]float64, m)
	for p := range slope {
		disk[p], slope[p] = float64(p/20), float64(p)
	}
	masks := NewMaskSet([][]float64{disk, slope})
	products := make([]float64, rows*masks.Len())
	for name, kernel := range map[string]func(){
		"SumIntRows":    func() { SumIntRows(sums, y, m) },
		"SumIntCols":    func() { SumIntCols(sums, y, m) },
		"SumFloatRows":  func() { SumFloatRows(hi, lo, x, m) },
		"SumFloatCols":  func() { SumFloatCols(hi, lo, x, m) },
		"MultiplyMasks": func() { MultiplyMasks(products, y, m, masks, 0) },
		"MinCols":       func() { MinCols(hi, x, m) },
		"ArgMaxRows":    func() { ArgMaxRows(hi, idx, x, m, 0, 1) },
		"ArgMaxCols":    func() { ArgMaxCols(hi, idx, x, m, 0, 1) },
		"MomentRows":    func() { MomentRows(moments, 0, x, m) },
		"MomentCols":    func() { MomentCols(moments, 0, x, m, scratch) },
		"CountNaNCols":  func() { CountNaNCols(counts, x, m) },
		"HistRows":      func() { HistRows(counts, y, m, bins) },
		"HistCols":      func() { HistCols(counts, x, m, bins) },
		"Convert":       func() { Convert(b, Complex128, Bytes(y), Float16, true) },
		"SwapBytes":     func() { SwapBytes(b, b, 8) },
		"Gather":        func() { Gather(b, Bytes(x), 0, []int64{m, 3, rows / 3}, []int64{8, 8 * m, 24 * m}, 8) },
		"Scatter":       func() { Scatter(b, 0, []int64{m, rows}, []int64{8 * rows, 8}, 8, Bytes(x)) },
	} {
		if n := testing.AllocsPerRun(5, kernel); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
