package kernel

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// naiveGather is Gather index by index.
func naiveGather(dst, src []byte, base int, shape, strides []int64, item int) []byte {
	if len(shape) == 0 {
		return append(dst, src[base:base+item]...)
	}
	for i := range shape[0] {
		dst = naiveGather(dst, src, base+int(i*strides[0]), shape[1:], strides[1:], item)
	}
	return dst
}

// randomView is a view with random axes: of a packed array in any order of axes,
// some of them reversed, sliced or broadcast.
func randomView(rng *rand.Rand, item, limit int) (size, base int, shape, strides []int64) {
	ndim := rng.IntN(6)
	shape, strides = make([]int64, ndim), make([]int64, ndim)
	stride := item + []int{0, 0, 0, item, 3}[rng.IntN(5)]
	size = item
	count := 1
	for _, d := range rng.Perm(ndim) {
		n := 1 + rng.IntN(7)
		if rng.IntN(4) == 0 {
			n = 1 + rng.IntN(300)
		}
		if count*n > limit {
			n = 1
		}
		count *= n
		step := []int{1, 1, 1, 2, 3, 0}[rng.IntN(6)]
		shape[d], strides[d] = int64(n), int64(stride*step)
		if rng.IntN(4) == 0 {
			base += (n - 1) * stride * step
			strides[d] = -strides[d]
		}
		stride *= max(1, n*step)
		size = stride + item
	}
	return size, base, shape, strides
}

func TestGather(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 21))
	for range 3000 {
		item := []int{1, 2, 3, 4, 5, 8, 12, 16, 24, 32}[rng.IntN(10)]
		size, base, shape, strides := randomView(rng, item, 1<<12)
		src := make([]byte, size)
		for i := range src {
			src[i] = byte(rng.Uint32())
		}
		want := naiveGather(nil, src, base, shape, strides, item)
		got := make([]byte, len(want)+2)
		got[len(want)] = 77
		Gather(got, src, base, shape, strides, item)
		if !bytes.Equal(got[:len(want)], want) || got[len(want)] != 77 {
			t.Fatalf("item %d, shape %v, strides %v, base %d: wrong bytes", item, shape, strides, base)
		}

		// Scattering what was gathered changes nothing; into zeros it leaves only
		// what was gathered, and broadcast elements agree with themselves.
		again := bytes.Clone(src)
		Scatter(again, base, shape, strides, item, want)
		if !bytes.Equal(again, src) {
			t.Fatalf("item %d, shape %v, strides %v, base %d: scattered elsewhere", item, shape, strides, base)
		}
		empty := make([]byte, size)
		Scatter(empty, base, shape, strides, item, want)
		if got := naiveGather(nil, empty, base, shape, strides, item); !bytes.Equal(got, want) {
			t.Fatalf("item %d, shape %v, strides %v, base %d: not scattered", item, shape, strides, base)
		}
	}
}

// TestGatherTranspose goes through whole and cut strips.
func TestGatherTranspose(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 23))
	for _, item := range []int{1, 2, 4, 8, 16, 7} {
		for _, shape := range [][]int64{{300, 100}, {257, 65}, {8, 600}, {3, 40, 50}, {2, 20, 3, 30}} {
			n := int64(item)
			strides := make([]int64, len(shape)) // those of the reversed axes
			for d, s := range shape {
				strides[d] = n
				n *= s
			}
			src := make([]byte, n)
			for i := range src {
				src[i] = byte(rng.Uint32())
			}
			want := naiveGather(nil, src, 0, shape, strides, item)
			got := make([]byte, n)
			Gather(got, src, 0, shape, strides, item)
			if !bytes.Equal(got, want) {
				t.Fatalf("item %d, shape %v: wrong bytes", item, shape)
			}
			again := make([]byte, n)
			Scatter(again, 0, shape, strides, item, want)
			if !bytes.Equal(again, src) {
				t.Fatalf("item %d, shape %v: not scattered back", item, shape)
			}
		}
	}
}

// TestGatherWindows gathers overlapping windows, whose axes have the same stride.
func TestGatherWindows(t *testing.T) {
	src := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, item := range []int{1, 2} {
		shape, strides := []int64{4, 2, 3}, []int64{int64(item), 0, int64(item)}
		want := naiveGather(nil, src, 0, shape, strides, item)
		got := make([]byte, len(want))
		Gather(got, src, 0, shape, strides, item)
		if !bytes.Equal(got, want) {
			t.Errorf("item %d: got %v, want %v", item, got, want)
		}
	}
}

func TestGatherEmpty(t *testing.T) {
	dst := []byte{1, 2, 3}
	Gather(dst, nil, 0, []int64{3, 0}, []int64{8, 8}, 8)
	Scatter(dst, 0, []int64{0}, []int64{1}, 1, nil)
	if !bytes.Equal(dst, []byte{1, 2, 3}) {
		t.Errorf("no elements, but dst is %v", dst)
	}
	many, ones := make([]int64, 70), make([]int64, 70) // more axes than there is room for
	for i := range many {
		many[i], ones[i] = 1, int64(i)
	}
	many[3], ones[3] = 3, 1
	Gather(dst, []byte{7, 8, 9}, 0, many, ones, 1)
	if !bytes.Equal(dst, []byte{7, 8, 9}) {
		t.Errorf("70 axes: got %v", dst)
	}
}

// TestGatherOutside checks that geometry cannot reach what is not in the slice.
func TestGatherOutside(t *testing.T) {
	src := make([]byte, 64, 128)
	for _, tt := range []struct {
		base           int
		shape, strides []int64
	}{
		{0, []int64{9}, []int64{8}},
		{0, []int64{5}, []int64{16}},
		{-8, []int64{2}, []int64{8}},
		{0, []int64{2}, []int64{-8}},
		{60, nil, nil},
		{0, []int64{3, 9}, []int64{8, 8}},
		{0, []int64{9, 3}, []int64{8, 24}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: no panic", tt)
				}
			}()
			Gather(make([]byte, 1024), src, tt.base, tt.shape, tt.strides, 8)
		}()
	}
}
