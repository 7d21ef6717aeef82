package lazy

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/arith"
	"github.com/lazynpy/lazynpy/internal/bytesrc"
)

// countedSource counts the bytes that are asked for, and how often some are.
type countedSource struct {
	bytesrc.Source
	n, calls atomic.Int64
}

func (c *countedSource) ReadAt(b []byte, off int64) (int, error) {
	c.n.Add(int64(len(b)))
	c.calls.Add(1)
	return c.Source.ReadAt(b, off)
}

func (c *countedSource) Borrow(off int64, n int) (bytesrc.Lease, error) {
	c.n.Add(int64(n))
	c.calls.Add(1)
	return c.Source.Borrow(off, n)
}

// countReads makes an array read through a source that counts.
func countReads(a *Array) *countedSource {
	l := a.node.(*leaf)
	c := &countedSource{Source: l.view.src}
	view := l.view
	view.src = c
	a.node = &leaf{view, l.file}
	return c
}

// numbers is an array of numbers that are all different, in a file in C or Fortran order.
func numbers(t *testing.T, order string, shape ...int64) *Array {
	t.Helper()
	values := make([]uint32, product(shape))
	for i := range values {
		values[i] = uint32(i)
	}
	a, err := FromSlice(values, shape...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := a.Save(context.Background(), path, Order(order)); err != nil {
		t.Fatal(err)
	}
	a, err = Open(path, Memory(minMemory))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() }) // it was only read
	return a
}

// countedWrites is an output that counts writes.
type countedWrites struct {
	buffer
	n atomic.Int64
}

func (w *countedWrites) WriteAt(b []byte, off int64) (int, error) {
	w.n.Add(1)
	return w.buffer.WriteAt(b, off)
}

// TestTransposedParts counts what a pass reads and writes for an output whose order is not that of
// the input: every byte about once, in long runs, and blocks that lie together in the output.
func TestTransposedParts(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		order string
		shape []int64
		axes  []int
		of    func(a *Array) (*Array, error) // of the transposed array
	}{
		{"C", []int64{12, 12, 50, 600}, []int{2, 3, 0, 1}, nil},
		// Fortran order, which is written so
		{"C", []int64{32, 32, 40, 100}, []int{3, 2, 1, 0}, nil},
		{"C", []int64{33, 31, 50, 81}, []int{3, 0, 1, 2}, nil},
		{"F", []int64{32, 32, 40, 100}, []int{2, 3, 0, 1}, nil},
		{"F", []int64{32, 32, 40, 100}, []int{1, 0, 2, 3}, nil},
		{"C", []int64{2048, 2000}, []int{1, 0}, func(a *Array) (*Array, error) { return a.Reshape(-1, 64, 64) }},
		{"C", []int64{32, 32, 40, 100}, []int{2, 3, 0, 1}, Negative},
		{"C", []int64{32, 32, 40, 100}, []int{2, 3, 0, 1}, func(a *Array) (*Array, error) { return a.Take([]int64{3, 1, 2, 30}, 3) }},
	} {
		t.Run(fmt.Sprint(c.order, c.shape, c.axes), func(t *testing.T) {
			a := numbers(t, c.order, c.shape...)
			counted := countReads(a)
			b, err := a.Transpose(c.axes...)
			if err == nil && c.of != nil {
				b, err = c.of(b)
			}
			if err == nil {
				b, err = b.InFileOrder(0)
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewParts(b, true)
			if err != nil {
				t.Fatal(err)
			}
			out := &countedWrites{buffer: buffer{b: make([]byte, b.NBytes())}}
			var sums []uint32
			err = p.Compute(ctx, 0, p.NumBlocks(), Computing{Workers: 2, Output: out}, func(s BlockState) error {
				sums = append(sums, s.CRC)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if n := counted.n.Load(); c.of == nil && float64(n) > 1.5*float64(a.NBytes()) {
				t.Errorf("%d bytes read of %d, in blocks of %v", n, a.NBytes(), b.Plan().BlockShape())
			}
			if most := b.NBytes()/(4<<10) + 100; out.n.Load() > most {
				t.Errorf("%d writes of %d bytes, in blocks of %v", out.n.Load(), b.NBytes(), b.Plan().BlockShape())
			}
			if p.NumBlocks() > 8 && p.Aligned(1) == 0 {
				t.Errorf("no groups of the %d blocks of %v lie together", p.NumBlocks(), b.Plan().BlockShape())
			}
			checkFile(t, b, out.b)
			for i, sum := range sums {
				if got, err := p.Checksum(ctx, int64(i), out); err != nil || got != sum {
					t.Fatalf("block %d: checksum %08x, written with %08x, %v", i, got, sum, err)
				}
			}
		})
	}
}

// TestInFileOrder compares arrays with what they are in the order of the file, in all ways of
// reading.
func TestInFileOrder(t *testing.T) {
	ctx, rng := context.Background(), rand.New(rand.NewPCG(3, 4))
	a := numbers(t, "C", 5, 6, 7, 4)
	for range 20 {
		b, err := a.Transpose(rng.Perm(4)...)
		if err != nil {
			t.Fatal(err)
		}
		if b, err = b.With(NavigationAxes(rng.IntN(4)), Chunks([]string{"auto", "(2, 3, 4, 1)", "3"}[rng.IntN(3)])); err != nil {
			t.Fatal(err)
		}
		c, err := b.InFileOrder(1 << rng.IntN(12))
		if err != nil {
			t.Fatal(err)
		}
		if order, _ := b.fileOrder('K'); !sameOrder(c.node.shape(), c.node.order(), order) {
			t.Fatalf("order %v, of the file %v", c.node.order(), order)
		}
		want, err := b.Load(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Load(ctx)
		if err != nil || !bytes.Equal(got.data, want.data) {
			t.Fatalf("%s: other elements than %s, %v", c, b, err)
		}
		results, err := Run(ctx, c, NewSum(OverNavigation()), NewMax(OverSignal()))
		if err != nil {
			t.Fatal(err)
		}
		expected, err := Run(ctx, b, NewSum(OverNavigation()), NewMax(OverSignal()))
		if err != nil {
			t.Fatal(err)
		}
		for i := range results {
			if !bytes.Equal(results[i].data, expected[i].data) {
				t.Fatalf("%s: result %d differs", c, i)
			}
		}
	}
}

// TestSlabsAreAligned asks that few rows of blocks have whole pages, and none is longer than it
// was.
func TestSlabsAreAligned(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		shape := []int64{1 + rng.Int64N(300), 1 + rng.Int64N(300), 1 + rng.Int64N(300)}
		extents := make([]int64, 3)
		for d, n := range shape {
			extents[d] = 1 + rng.Int64N(n)
		}
		got := slices.Clone(extents)
		alignSlabs(got, shape, chunk.COrder(3), 2)
		row := 2 * shape[1] * shape[2]
		rows := filePage / arith.GCD(row, filePage)
		for d := range got {
			if got[d] < 1 || got[d] > extents[d] {
				t.Fatalf("%v of %v: %v", extents, shape, got)
			}
		}
		if shape[0] == 1 || got[0] == shape[0] {
			continue
		}
		if n := got[0] / arith.GCD(got[0], rows) * rows; n != max(rows, got[0]) {
			t.Fatalf("%v of %v: %v, and %d rows have whole pages, of which there are some after %d", extents, shape, got, rows, n)
		}
	}
}
