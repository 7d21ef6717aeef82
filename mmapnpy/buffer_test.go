package mmapnpy

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/internal/kernel"
)

func TestMulInt64(t *testing.T) {
	edges := []int64{0, 1, -1, 2, -2, 3, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1, 1 << 31, -1 << 31, 1 << 32, 3037000500}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		edges = append(edges[:14], int64(rng.Uint64())>>rng.IntN(64), int64(rng.Uint64())>>rng.IntN(64))
		for _, a := range edges {
			for _, b := range edges[14:] {
				want := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
				got, ok := mulInt64(a, b)
				if ok != want.IsInt64() || ok && got != want.Int64() {
					t.Fatalf("%d * %d = %d, %v; want %v", a, b, got, ok, want)
				}
			}
		}
	}
	if _, ok := mulInt64(math.MinInt64, -1); ok {
		t.Error("-2^63 * -1 fits")
	}
}

func TestBufferCheck(t *testing.T) {
	data := make([]byte, 16)
	for _, b := range []Buffer{
		{Data: data, Shape: []int64{1}, Strides: []int64{1}},
		{Data: data, DType: Uint8, Shape: []int64{17}, Strides: []int64{1}},
		{Data: data, DType: Uint8, Offset: -1, Shape: []int64{1}, Strides: []int64{1}},
		{Data: data, DType: Uint8, Offset: math.MinInt64, Shape: []int64{2}, Strides: []int64{-1}},
		{Data: data, DType: Uint8, Offset: math.MaxInt64, Shape: []int64{2}, Strides: []int64{1}},
		{Data: data, DType: Uint8, Offset: math.MaxInt64, Shape: []int64{2, 2}, Strides: []int64{math.MaxInt64, 2}},
		{Data: data, DType: Uint8, Shape: []int64{2}, Strides: []int64{-1}},
		{Data: data, DType: Uint8, Shape: []int64{-1}, Strides: []int64{1}},
		{Data: data, DType: Uint8, Shape: []int64{2, 2}, Strides: []int64{1}},
		{Data: data, DType: Uint8, Shape: []int64{1 << 62}, Strides: []int64{4}},
		{Data: data, DType: Uint8, Shape: []int64{3}, Strides: []int64{math.MinInt64}},
		{Data: data, DType: Uint8, Shape: []int64{1 << 61, 1 << 61}, Strides: []int64{8, 8}},
		{Data: data, DType: Uint8, Shape: []int64{1 << 61, 1 << 61}, Strides: []int64{0, 0}},
		{Data: data, DType: Uint8, Shape: make([]int64, 65), Strides: make([]int64, 65)},
		{Data: data, DType: Float64, Offset: 9},
		{Data: data[:4], DType: Float64},
	} {
		_, viewErr := ViewOf[uint8](b)
		_, copyErr := CopyOf[uint8](b)
		_, numErr := Numbers[float64](b)
		for _, err := range []error{b.Check(), viewErr, copyErr, numErr, b.CopyTo(make([]byte, 64)), Write(new(strings.Builder), b)} {
			if err == nil {
				t.Errorf("a buffer that reaches out of its data passed: %+v", b)
			}
		}
	}
	empty := Buffer{Offset: -5, DType: Uint8, Shape: []int64{0, 1 << 62}, Strides: []int64{1 << 62, 1}}
	if got, err := CopyOf[uint8](empty); err != nil || len(got) != 0 {
		t.Errorf("an empty buffer: %v, %v", got, err)
	}
	if err := cBuffer(Uint16, data, 8).CopyTo(make([]byte, 15)); err == nil {
		t.Error("16 bytes were copied into 15")
	}
}

// TestBufferCheckProperty compares Check with looking at every element.
func TestBufferCheckProperty(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	passed := 0
	for range 5000 {
		b := randomBuffer(rng, make([]byte, rng.IntN(60)))
		want := true
		for pos := range b.positions {
			want = want && pos >= 0 && pos+b.DType.size <= int64(len(b.Data))
		}
		if got := b.Check() == nil; got != want {
			t.Fatalf("Check says %v of %+v", b.Check(), b)
		}
		if want {
			passed++
		}
	}
	if passed < 500 || passed > 4500 {
		t.Errorf("%d of 5000 random buffers are good, which tests little", passed)
	}
}

// randomBuffer makes a buffer that may or may not fit its data.
func randomBuffer(rng *rand.Rand, data []byte) Buffer {
	b := Buffer{Data: data, DType: []DType{Uint8, Int16, Float32}[rng.IntN(3)]}
	for range rng.IntN(4) {
		b.Shape = append(b.Shape, rng.Int64N(4))
		b.Strides = append(b.Strides, rng.Int64N(17)-8)
	}
	b.Offset = rng.Int64N(30) - 3
	return b
}

// A model is an array written out: what a Buffer should show.
type model struct {
	shape  []int64
	values []int32 // in C order
}

// pick makes a model of the elements at the indices that from gives for each new index.
func (m model) pick(shape []int64, from func(idx []int64) []int64) model {
	out := model{shape: shape}
	whole := Buffer{DType: Uint8, Shape: shape, Strides: cStrides(shape, 1)}
	for pos := range whole.positions {
		idx := make([]int64, len(shape))
		for d := range shape {
			idx[d] = pos / whole.Strides[d] % max(shape[d], 1)
		}
		at := int64(0)
		for d, i := range from(idx) {
			at = at*m.shape[d] + i
		}
		out.values = append(out.values, m.values[at])
	}
	return out
}

// TestBufferViews applies random operations to a buffer and to its model.
func TestBufferViews(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 500 {
		shape := make([]int64, rng.IntN(5))
		for d := range shape {
			shape[d] = rng.Int64N(6)
			if trial%4 != 0 {
				shape[d]++
			}
		}
		m := model{shape: shape}
		for i := range (Buffer{Shape: shape}).Len() {
			m.values = append(m.values, int32(i))
		}
		b := cBuffer(Int32, kernel.Bytes(m.values), shape...)
		for range 5 {
			b, m = randomView(t, rng, b, m)
			checkModel(t, b, m)
		}
	}
}

func randomView(t *testing.T, rng *rand.Rand, b Buffer, m model) (Buffer, model) {
	t.Helper()
	ndim := len(b.Shape)
	op := rng.IntN(4)
	if ndim == 0 {
		op = 0
	}
	var err error
	switch op {
	case 0:
		perm := rng.Perm(ndim)
		shape := make([]int64, ndim)
		for d, p := range perm {
			shape[d] = m.shape[p]
		}
		m = m.pick(shape, func(idx []int64) []int64 {
			old := make([]int64, ndim)
			for d, p := range perm {
				old[p] = idx[d]
			}
			return old
		})
		b, err = b.Permute(perm...)
	case 1:
		old := m.shape
		shape := slices.Clone(old)
		slices.Reverse(shape)
		m = m.pick(shape, func(idx []int64) []int64 {
			idx = slices.Clone(idx)
			slices.Reverse(idx)
			return idx
		})
		b = b.Transpose()
	case 2:
		axis := rng.IntN(ndim)
		if m.shape[axis] == 0 {
			return b, m
		}
		i := rng.Int64N(m.shape[axis])
		m = m.pick(slices.Delete(slices.Clone(m.shape), axis, axis+1), func(idx []int64) []int64 {
			return slices.Insert(slices.Clone(idx), axis, i)
		})
		b, err = b.Index(axis, i)
	case 3:
		axis := rng.IntN(ndim)
		start, stop, step := rng.Int64N(m.shape[axis]+1), rng.Int64N(m.shape[axis]+1), 1+rng.Int64N(4)
		if rng.IntN(2) == 0 {
			start, stop, step = start-1, stop-1, -step
		}
		var picked []int64
		for i := start; (step > 0 && i < stop) || (step < 0 && i > stop); i += step {
			picked = append(picked, i)
		}
		shape := slices.Clone(m.shape)
		shape[axis] = int64(len(picked))
		m = m.pick(shape, func(idx []int64) []int64 {
			idx = slices.Clone(idx)
			idx[axis] = picked[idx[axis]]
			return idx
		})
		b, err = b.Slice(axis, start, stop, step)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b, m
}

// checkModel compares what b shows in every way with m.
func checkModel(t *testing.T, b Buffer, m model) {
	t.Helper()
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	got, err := CopyOf[int32](b)
	if err != nil || !slices.Equal(got, m.values) || !slices.Equal(b.Shape, m.shape) {
		t.Fatalf("buffer %v %v shows %v (%v), want %v %v", b.Shape, b.Strides, got, err, m.shape, m.values)
	}
	v, err := ViewOf[int32](b)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(v.All()); !slices.Equal(got, m.values) {
		t.Fatalf("All of the view is %v, want %v", got, m.values)
	}
	n, err := Numbers[int32](b)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(n.All()); !slices.Equal(got, m.values) {
		t.Fatalf("All of the accessor is %v, want %v", got, m.values)
	}
	for _, size := range []int64{1, 4, 13, 40, 1 << 20} {
		var raw []byte
		for part := range b.pieces(size) {
			n := part.NBytes()
			if n > max(size, 4) || n == 0 {
				t.Fatalf("a piece has %d bytes, and at most %d were asked for", n, size)
			}
			raw = append(raw, make([]byte, n)...)
			part.gather(raw[len(raw)-int(n):])
		}
		if !slices.Equal(raw, kernel.Bytes(m.values)) {
			t.Fatalf("pieces of %d bytes differ from the whole", size)
		}
	}
	checkContiguity(t, b)
}

// checkContiguity compares with where the elements really lie.
func checkContiguity(t *testing.T, b Buffer) {
	t.Helper()
	dense := func(b Buffer) bool {
		next := int64(-1)
		for pos := range b.positions {
			if next >= 0 && pos != next {
				return false
			}
			next = pos + b.DType.size
		}
		return true
	}
	if got, want := b.CContiguous(), dense(b); got != want {
		t.Fatalf("CContiguous of %v %v is %v", b.Shape, b.Strides, got)
	}
	if got, want := b.FContiguous(), dense(b.Transpose()); got != want {
		t.Fatalf("FContiguous of %v %v is %v", b.Shape, b.Strides, got)
	}
}

func TestBufferViewErrors(t *testing.T) {
	b := cBuffer(Uint8, make([]byte, 12), 3, 4)
	for name, view := range map[string]func() (Buffer, error){
		"index 3":         func() (Buffer, error) { return b.Index(0, 3) },
		"index -1":        func() (Buffer, error) { return b.Index(0, -1) },
		"axis 2":          func() (Buffer, error) { return b.Index(2, 0) },
		"axis -1":         func() (Buffer, error) { return b.Slice(-1, 0, 1, 1) },
		"step 0":          func() (Buffer, error) { return b.Slice(0, 0, 1, 0) },
		"stop 4 of 3":     func() (Buffer, error) { return b.Slice(0, 0, 4, 1) },
		"start -1":        func() (Buffer, error) { return b.Slice(0, -1, 2, 1) },
		"stop -2":         func() (Buffer, error) { return b.Slice(0, 2, -2, -1) },
		"start 3 of 3":    func() (Buffer, error) { return b.Slice(0, 3, 0, -1) },
		"permute 0":       func() (Buffer, error) { return b.Permute(0) },
		"permute 0 0":     func() (Buffer, error) { return b.Permute(0, 0) },
		"permute 0 1 2":   func() (Buffer, error) { return b.Permute(0, 1, 2) },
		"field of number": func() (Buffer, error) { return b.Field("a") },
	} {
		if got, err := view(); err == nil {
			t.Errorf("%s: %v %v", name, got.Shape, got.Strides)
		}
	}
	for _, step := range []int64{math.MaxInt64, math.MinInt64} {
		start, stop := int64(0), int64(4)
		if step < 0 {
			start, stop = 3, -1
		}
		one, err := b.Slice(1, start, stop, step)
		if err != nil || one.Shape[1] != 1 || one.Check() != nil {
			t.Errorf("step %d: %v, %v", step, one.Shape, err)
		}
	}
	for _, idx := range [][]int64{{0}, {0, 0, 0}, {3, 0}, {0, -1}, {math.MinInt64, 0}} {
		func() {
			defer func() {
				if msg := fmt.Sprint(recover()); !strings.HasPrefix(msg, "mmapnpy: ") {
					t.Errorf("index %v: %s", idx, msg)
				}
			}()
			b.at(idx)
		}()
	}
}

func TestBufferOf(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6}
	b, err := BufferOf(x, 2, 3)
	if err != nil || !b.DType.Equal(Float32) || !slices.Equal(b.Shape, []int64{2, 3}) {
		t.Fatalf("%+v, %v", b, err)
	}
	if got, err := CopyOf[float32](b); err != nil || !slices.Equal(got, x) {
		t.Errorf("%v, %v", got, err)
	}
	rows, err := BufferOf([][3]int16{{1, 2, 3}, {4, 5, 6}})
	if err != nil || !slices.Equal(rows.Shape, []int64{2, 3}) || !rows.DType.Equal(Int16) {
		t.Errorf("rows: %+v, %v", rows, err)
	}
	if empty, err := BufferOf([]int64{}); err != nil || empty.Len() != 0 || len(empty.Shape) != 1 {
		t.Errorf("empty: %+v, %v", empty, err)
	}
	for _, shape := range [][]int64{{2, 2}, {-2, -3}, {1 << 62, 1 << 62}, {7}} {
		if b, err := BufferOf(x, shape...); err == nil {
			t.Errorf("shape %v: %+v", shape, b)
		}
	}
	if _, err := BufferOf([]string{"a"}); err == nil {
		t.Error("strings have a dtype")
	}
}

func TestBufferField(t *testing.T) {
	dt := mustStruct(t, []Field{
		{Name: "a", Title: "first", DType: Int8},
		{Name: "m", DType: mustParse(t, "(2,3)>i2"), Offset: 3},
		{Name: "s", DType: mustStruct(t, []Field{{Name: "x", DType: Float32, Offset: 1}}, 6), Offset: 16},
	}, 22)
	raw := make([]byte, 2*22)
	for i := range raw {
		raw[i] = byte(i)
	}
	b := cBuffer(dt, raw, 2)
	m, err := b.Field("m")
	if err != nil || !slices.Equal(m.Shape, []int64{2, 2, 3}) || !slices.Equal(m.Strides, []int64{22, 6, 2}) || m.Offset != 3 {
		t.Fatalf("m: %+v, %v", m, err)
	}
	if got, err := CopyOf[int16](m); err != nil || got[0] != 0x0304 || got[11] != 0x2324 {
		t.Errorf("m: %x, %v", got, err)
	}
	s, err := b.Field("s")
	if err != nil {
		t.Fatal(err)
	}
	if x, err := s.Field("x"); err != nil || x.Offset != 17 || x.Strides[0] != 22 || !x.DType.Equal(Float32) {
		t.Errorf("s.x: %+v, %v", x, err)
	}
	if a, err := b.Field("first"); err != nil || a.Offset != 0 {
		t.Errorf("by title: %+v, %v", a, err)
	}
	if _, err := b.Field("z"); !errors.Is(err, ErrType) {
		t.Errorf("z: %v", err)
	}
}

// mustStruct makes a struct of this size.
func mustStruct(t testing.TB, fields []Field, size int64) DType {
	t.Helper()
	d, err := StructAt(size, fields...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
