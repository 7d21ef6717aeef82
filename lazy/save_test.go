package lazy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/chunk"
	"github.com/lazynpy/lazynpy/internal/kernel"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

// counted is an array in memory whose elements all differ.
func counted(t testing.TB, dt mmapnpy.DType, shape ...int64) *Array {
	t.Helper()
	data := make([]byte, product(shape)*dt.ItemSize())
	rng := rand.New(rand.NewPCG(uint64(len(data)), 3))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	a, err := FromBuffer(mmapnpy.Buffer{Data: data, DType: dt, Shape: shape, Strides: gaplessStrides(shape, dt.ItemSize(), chunk.COrder(len(shape)))})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// fileOf is the .npy file that an array should be saved as, element by element.
func fileOf(t testing.TB, a *Array, fortran bool) []byte {
	t.Helper()
	r, err := a.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: a.DType(), Shape: a.Shape(), FortranOrder: fortran})
	if err != nil {
		t.Fatal(err)
	}
	if !fortran {
		return append(head, r.data...)
	}
	size := a.DType().ItemSize()
	strides := gaplessStrides(r.shape, size, chunk.COrder(len(r.shape)))
	index := make([]int64, len(r.shape))
	for range r.Len() {
		at := int64(0)
		for d, i := range index {
			at += i * strides[d]
		}
		head = append(head, r.data[at:at+size]...)
		for d := range index {
			if index[d]++; index[d] < r.shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return head
}

// saved is what Save writes.
func saved(t testing.TB, a *Array, opts ...SaveOption) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.npy")
	opts = append([]SaveOption{Sync(false)}, opts...) // waiting for a busy disk takes long
	if err := a.Save(t.Context(), path, opts...); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustWith(t testing.TB, a *Array, opts ...Option) *Array {
	t.Helper()
	a, err := a.With(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// views are some arrays that are read in all kinds of orders.
func views(t *testing.T) map[string]*Array {
	t.Helper()
	odd, err := mmapnpy.ParseDType("V3")
	if err != nil {
		t.Fatal(err)
	}
	big := counted(t, mmapnpy.Int32, 40, 35, 20, 15)
	views := map[string]*Array{
		"scalar": counted(t, mmapnpy.Int16), "none": counted(t, mmapnpy.Int16, 3, 0, 2), "row": counted(t, mmapnpy.Int64, 1, 700),
		"big": big, "odd": counted(t, odd, 900, 777), "bytes": counted(t, mmapnpy.Uint8, 4<<20+99),
	}
	add := func(name string) func(a *Array, err error) {
		return func(a *Array, err error) {
			if err != nil {
				t.Fatal(err)
			}
			views[name] = a
		}
	}
	add("transposed")(big.Transpose())
	add("signals first")(big.Transpose(2, 3, 0, 1))
	add("cast")(big.AsType(mmapnpy.Float64.WithByteOrder('>')))
	add("backwards")(big.Slice("::-1, 3:, ::2"))
	add("cast of transposed")(views["transposed"].AsType(mmapnpy.Uint16))
	add("odd transposed")(views["odd"].Transpose())
	return views
}

// TestSaveOrders checks every byte of files, for all orders and numbers of workers, in little
// memory.
func TestSaveOrders(t *testing.T) {
	for name, a := range views(t) {
		_, fortran := a.fileOrder('F')
		_, kept := a.fileOrder('K')
		for _, f := range []bool{false, true} {
			if f && !fortran {
				continue
			}
			want := fileOf(t, a, f)
			for i, workers := range []int{1, 2, 8} {
				a := mustWith(t, a, Workers(workers), Memory(minMemory))
				opts := []SaveOption{Order(map[bool]string{false: "C", true: "F"}[f]), Sync(i == 0 && name == "big")}
				if got := saved(t, a, opts...); !bytes.Equal(got, want) {
					t.Errorf("%s, Fortran order %v, %d workers: wrong bytes", name, f, workers)
				}
			}
			if f == kept && !bytes.Equal(saved(t, a, Order("K")), want) {
				t.Errorf("%s was not saved in its own order", name)
			}
		}
	}
	if err := counted(t, mmapnpy.Int8, 2).Save(t.Context(), "x.npy", Order("Z")); err == nil {
		t.Error("an order of no name was accepted")
	}
}

// TestSaveBlocks cuts arrays into small blocks of many shapes.
func TestSaveBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for range 60 {
		ndim := 1 + rng.IntN(4)
		shape, axes := make([]int64, ndim), rng.Perm(ndim)
		for d := range shape {
			shape[d] = 1 + rng.Int64N(12)
		}
		a, err := counted(t, mmapnpy.Uint16, shape...).Transpose(axes...)
		if err != nil {
			t.Fatal(err)
		}
		a = mustWith(t, a, Workers(1+rng.IntN(3)))
		fortran := rng.IntN(2) == 0 && orderCounts(a.Shape())
		order := chunk.COrder(ndim)
		if fortran {
			order = chunk.FOrder(ndim)
		}
		head, err := mmapnpy.EncodeHeader(mmapnpy.Header{DType: a.DType(), Shape: a.Shape(), FortranOrder: fortran})
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "out.npy"))
		if err != nil {
			t.Fatal(err)
		}
		target, err := newTarget(f, head, a.NBytes(), false)
		if err != nil {
			t.Fatal(err)
		}
		b := newBlocks(a, target, order)
		extents := a.Shape()
		for d := range extents {
			extents[d] = 1 + rng.Int64N(extents[d])
		}
		b.cut(extents)
		if err := errors.Join(b.run(t.Context()), f.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, fileOf(t, a, fortran)) {
			t.Errorf("%v in blocks of %v, Fortran order %v: wrong bytes, %v", a.Shape(), extents, fortran, err)
		}
	}
}

// orderCounts reports whether the header of an array of this shape can say Fortran order.
func orderCounts(shape []int64) bool {
	return !sameOrder(shape, chunk.COrder(len(shape)), chunk.FOrder(len(shape)))
}

// TestBlockExtents checks that blocks fit, and that runs are as long as they can be.
func TestBlockExtents(t *testing.T) {
	for _, c := range []struct {
		shape       []int64
		read, write []int
		itemsize    int64
		memory      int64
		run         int64 // at least, on both sides
	}{
		{[]int64{32768, 32768}, []int{0, 1}, []int{1, 0}, 8, 448 << 20, 50 << 10},
		{[]int64{256, 256, 128, 128}, []int{0, 1, 2, 3}, []int{2, 3, 0, 1}, 2, 448 << 20, 24 << 10},
		{[]int64{1000, 2048, 2048}, []int{0, 1, 2}, []int{0, 2, 1}, 4, 64 << 20, 1 << 20},
		{[]int64{1 << 24, 3}, []int{0, 1}, []int{1, 0}, 8, 32 << 20, 1 << 20},
		{[]int64{5, 1 << 30}, []int{0, 1}, []int{1, 0}, 1, 8 << 20, 1 << 20},
		{[]int64{7, 1, 9}, []int{2, 1, 0}, []int{0, 1, 2}, 4, 1, 4},
	} {
		room := max(c.memory/c.itemsize, 1)
		ext := blockExtents(c.shape, c.read, c.write, c.itemsize, room)
		if n := product(ext); n > room || slices.Min(ext) < 1 {
			t.Errorf("%v: blocks of %v do not fit %d elements", c.shape, ext, room)
		}
		read, write := runLen(ext, c.shape, c.read)*c.itemsize, runLen(ext, c.shape, c.write)*c.itemsize
		if min(read, write) < c.run {
			t.Errorf("%v: blocks of %v have runs of %d and %d bytes, not %d", c.shape, ext, read, write, c.run)
		}
		for d, n := range ext {
			if n > c.shape[d] {
				t.Errorf("%v: blocks of %v", c.shape, ext)
			}
		}
	}
}

// TestEachBox compares with counting.
func TestEachBox(t *testing.T) {
	shape, order := []int64{3, 4, 2}, []int{1, 2, 0}
	in := chunk.Region{Start: []int64{5, 6, 7}, Shape: shape}
	var all []string
	for i := range int64(24) {
		all = append(all, fmt.Sprint([]int64{5 + i%3, 6 + i/6, 7 + i/3%2}))
	}
	for lo := range int64(25) {
		for hi := lo; hi <= 24; hi++ {
			var got []string
			err := eachBox(in, order, lo, hi, func(box chunk.Region) error {
				for one := range box.Split(order, 1) {
					got = append(got, fmt.Sprint(one.Start))
				}
				return nil
			})
			if err != nil || !slices.Equal(got, all[lo:hi]) {
				t.Fatalf("%d to %d: %v, not %v", lo, hi, got, all[lo:hi])
			}
		}
	}
}

// tricky is an array of n float64 whose elements from bad on cannot be computed.
type tricky struct {
	n, bad int64
	fail   func() error
}

func (c *tricky) dtype() mmapnpy.DType { return mmapnpy.Float64 }
func (c *tricky) shape() []int64       { return []int64{c.n} }
func (c *tricky) order() []int         { return []int{0} }
func (c *tricky) inputs() []node       { return nil }
func (c *tricky) reader() reader       { return &trickyReader{c: c} }
func (c *tricky) memory(n int64) int64 { return 8 * n }

type trickyReader struct {
	c   *tricky
	buf []float64
}

func (r *trickyReader) open(chunk.Region) error { return nil }
func (r *trickyReader) close() error            { return nil }
func (r *trickyReader) tile(t chunk.Region, _ []int) ([]byte, error) {
	if t.Start[0]+t.Shape[0] > r.c.bad {
		return nil, r.c.fail()
	}
	r.buf = r.buf[:0]
	for i := range t.Shape[0] {
		r.buf = append(r.buf, float64(t.Start[0]+i))
	}
	return kernel.Bytes(r.buf), nil
}

func trickyArray(t *testing.T, n, bad int64, fail func() error, opts ...Option) *Array {
	t.Helper()
	c, err := newConfig(opts)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newArray(&tricky{n, bad, fail}, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// panics reports what f panics with.
func panics(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

// intact checks that path holds "old", with nothing else beside it.
func intact(t *testing.T, what, path string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("%s: the old file holds %.10q, %v", what, b, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%s left %v, %v", what, left, err)
	}
}

// TestSaveFails checks that errors, panics and cancellation leave the old file and nothing else.
func TestSaveFails(t *testing.T) {
	const n = 3 << 20
	path := filepath.Join(t.TempDir(), "out.npy")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	reason := errors.New("reason")
	a := trickyArray(t, n, n/2, func() error { return reason }, Workers(3))
	if err := a.Save(t.Context(), path); !errors.Is(err, reason) {
		t.Errorf("Save: %v", err)
	}
	intact(t, "an error", path)
	a = trickyArray(t, n, n/2, func() error { panic(reason) }, Workers(3))
	if err, ok := panics(func() { _ = a.Save(t.Context(), path) }).(error); !ok || !errors.Is(err, reason) {
		t.Errorf("Save panics with %v", err)
	}
	intact(t, "a panic", path)
	if err, ok := panics(func() {
		for range a.Elements(t.Context()) {
		}
	}).(error); !ok || !errors.Is(err, reason) {
		t.Errorf("Elements panics with %v", err)
	}
	for _, transposed := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var src, least int64 = 0, 6 << 20
		b := mustWith(t, counted(t, mmapnpy.Float64, 1500, 2000), Memory(minMemory), Workers(2), Progress(func(done, total int64) {
			if src = done; done > 0 {
				cancel(reason)
			}
		}))
		opt := Order("C")
		if transposed {
			opt, least = Order("F"), 16<<20
		}
		if err := b.Save(ctx, path, opt); !errors.Is(err, reason) || src > 2*least {
			t.Errorf("cancelled Save, transposed %v: %v after %d bytes", transposed, err, src)
		}
		intact(t, "cancelling", path)
	}
}

// TestSaveProgress checks that all bytes are counted once.
func TestSaveProgress(t *testing.T) {
	for _, order := range []string{"C", "F"} {
		last := int64(0)
		a := mustWith(t, counted(t, mmapnpy.Float64, 1100, 2003), Memory(minMemory), Progress(func(done, total int64) {
			if done < last || total != 8*1100*2003 {
				t.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
		}))
		if saved(t, a, Order(order)); last != a.NBytes() {
			t.Errorf("order %s: %d of %d bytes", order, last, a.NBytes())
		}
	}
}

// TestSaveOverSource tries to save over what is read, by other names.
func TestSaveOverSource(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a.npy", "b.npy"} {
		if err := mmapnpy.Save(name, counted(t, mmapnpy.Int16, 4).node.(*leaf).buffer()); err != nil {
			t.Fatal(err)
		}
	}
	a, b := mustOpen(t, "a.npy"), mustOpen(t, "b.npy")
	if err := SaveArchive(t.Context(), "c.npz", []Entry{{"x", a}}); err != nil {
		t.Fatal(err)
	}
	both, err := newArray(&pair{a.node, b.node}, a.config)
	if err != nil {
		t.Fatal(err)
	}
	member := mustOpen(t, "c.npz")
	if err := errors.Join(os.Link("b.npy", "hard.npy"), os.Symlink("b.npy", "soft.npy"), os.Symlink("soft.npy", "softer.npy"), os.Link("c.npz", "hard.npz")); err != nil {
		t.Fatal(err)
	}
	for path, a := range map[string]*Array{
		"b.npy": both, "hard.npy": both, "soft.npy": both, "softer.npy": b, filepath.Join(dir, "..", filepath.Base(dir), "b.npy"): b,
		"c.npz": member, "hard.npz": member,
	} {
		for what, err := range map[string]error{"Save": a.Save(t.Context(), path), "SaveArchive": SaveArchive(t.Context(), path, []Entry{{"x", a}})} {
			if err == nil || !strings.Contains(err.Error(), "being read") {
				t.Errorf("%s over %s: %v", what, path, err)
			}
		}
	}
}

// buffer is the stored elements.
func (l *leaf) buffer() mmapnpy.Buffer {
	b, _ := l.view.src.View(0, l.view.src.Size())
	return mmapnpy.Buffer{Data: b, DType: l.view.dtype, Shape: l.view.shape, Strides: l.view.strides}
}

// pair reads one of two arrays.
type pair struct{ node, other node }

func (p *pair) dtype() mmapnpy.DType { return p.node.dtype() }
func (p *pair) shape() []int64       { return p.node.shape() }
func (p *pair) order() []int         { return p.node.order() }
func (p *pair) inputs() []node       { return []node{p.node, p.other} }
func (p *pair) reader() reader       { return p.node.reader() }
func (p *pair) memory(n int64) int64 { return p.node.memory(n) }

// TestElementsAhead reads elements that workers compute, and stops in the middle.
func TestElementsAhead(t *testing.T) {
	for name, a := range views(t) {
		for _, workers := range []int{1, 5} {
			a := mustWith(t, a, Workers(workers), Memory(minMemory))
			want, err := a.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			pieces := 0
			for b, err := range a.copies(t.Context()) {
				if err != nil || len(b) > windowBytes || len(b) == 0 {
					t.Fatalf("%s: a piece of %d bytes, %v", name, len(b), err)
				}
				got = append(got, b...)
				pieces++
			}
			if !bytes.Equal(got, want.data) {
				t.Errorf("%s, %d workers: wrong bytes", name, workers)
			}
			for stop := range min(pieces, 3) {
				n := 0
				for range a.copies(t.Context()) {
					if n++; n > stop {
						break
					}
				}
			}
		}
	}
	reason := errors.New("reason")
	a := trickyArray(t, 4<<20, 1<<20, func() error { return reason }, Workers(3))
	n := 0
	for b, err := range a.Elements(t.Context()) {
		if err == nil {
			n += len(b)
		} else if !errors.Is(err, reason) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	if n > 8<<20 {
		t.Errorf("%d bytes of 8 MiB could be computed", n)
	}
}
