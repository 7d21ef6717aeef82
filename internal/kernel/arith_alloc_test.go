//go:build !purego

package kernel

import "testing"

// TestElementwiseAllocation runs every operation, scalars included: what buffers they
// have are on the stack.
func TestElementwiseAllocation(t *testing.T) {
	const n = 1200
	a, b, d, cond := make([]byte, 16*n), make([]byte, 16*n), make([]byte, 16*n), make([]byte, n)
	for e := Bool; e <= Complex128; e++ {
		w := n * e.Size()
		for op := Add; op <= GreaterEqual; op++ {
			in, out, ok := op.Types(e)
			if !ok || in != e {
				continue
			}
			v := n * out.Size()
			if got := testing.AllocsPerRun(1, func() {
				Binary(op, e, d[:v], a[:w], b[:w])
				Binary(op, e, d[:v], a[:w], b[:e.Size()])
				Binary(op, e, d[:v], a[:e.Size()], b[:w])
				Binary(op, e, d[:v], a[:e.Size()], b[:e.Size()])
			}); got != 0 {
				t.Errorf("%v of %v: %v allocations", op, e, got)
			}
		}
		for op := Negative; op <= ImagPart; op++ {
			in, out, ok := op.Types(e)
			if !ok || in != e {
				continue
			}
			if got := testing.AllocsPerRun(1, func() { Unary(op, e, d[:n*out.Size()], a[:w]) }); got != 0 {
				t.Errorf("%v of %v: %v allocations", op, e, got)
			}
		}
	}
	for _, size := range []int{1, 2, 4, 8, 16} {
		if got := testing.AllocsPerRun(1, func() { Select(d[:n*size], cond, a[:n*size], b[:size], size) }); got != 0 {
			t.Errorf("Select of %d bytes: %v allocations", size, got)
		}
	}
	if got := testing.AllocsPerRun(1, func() { CompareMixed(Less, cond, a[:8*n], b[:8]) }); got != 0 {
		t.Errorf("CompareMixed: %v allocations", got)
	}
}
