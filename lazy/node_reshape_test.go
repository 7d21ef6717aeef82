package lazy

import (
	"slices"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// TestReshapeAsNumPy has cases of which NumPy 2 says whether reshape gives a view
// (np.shares_memory). The others are computed.
func TestReshapeAsNumPy(t *testing.T) {
	v := make([]int16, 24)
	for i := range v {
		v[i] = int16(i)
	}
	a := mustSlice(t, v, 2, 3, 4)
	for _, c := range []struct {
		index string
		axes  []int
		shape []int64
		view  bool
	}{
		{"", nil, []int64{24}, true},
		{"", nil, []int64{-1}, true},
		{"", nil, []int64{6, -1}, true},
		{"", nil, []int64{4, 6}, true},
		{"", nil, []int64{1, 24, 1, 1}, true},
		{"", nil, []int64{2, 3, 2, 2}, true},
		{"::-1", nil, []int64{2, 12}, true},
		{"::-1", nil, []int64{24}, false},
		{"::-1, ::-1, ::-1", nil, []int64{24}, true},
		{"..., ::2", nil, []int64{12}, true},
		{"..., 1:", nil, []int64{6, 3}, true},
		{"..., 1:", nil, []int64{18}, false},
		{":, 1:", nil, []int64{2, 8}, true},
		{":, 1:", nil, []int64{4, 4}, false},
		{"1:, 1:", nil, []int64{8}, true},
		{"", []int{2, 0, 1}, []int64{4, 6}, true},
		{"", []int{2, 0, 1}, []int64{24}, false},
		{"", []int{1, 2, 0}, []int64{12, 2}, true},
		{"0, 0, 0", nil, []int64{1, 1}, true},
		{"0:0", nil, []int64{3, 0, 5}, true},
		{"0:0", nil, []int64{-1, 5}, true},
	} {
		b, err := a.Slice(c.index)
		if err == nil && c.axes != nil {
			b, err = b.Transpose(c.axes...)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, lazily := range []bool{false, true} {
			if lazily {
				if b, err = b.AsType(mmapnpy.Int32); err != nil {
					t.Fatal(err)
				}
			}
			got, err := b.Reshape(c.shape...)
			if err != nil {
				t.Errorf("[%s] %v as %v: %v", c.index, c.axes, c.shape, err)
				continue
			}
			if _, view := reshape(b.node, got.Shape()); view != c.view {
				t.Errorf("[%s] %v as %v: view %v", c.index, c.axes, c.shape, view)
			}
			if lazily && !slices.Equal(valuesOf[int32](t, got), valuesOf[int32](t, b)) || !lazily && !slices.Equal(valuesOf[int16](t, got), valuesOf[int16](t, b)) {
				t.Errorf("[%s] %v as %v: other elements", c.index, c.axes, c.shape)
			}
		}
	}
}

func TestReshapeFlags(t *testing.T) {
	axes := func(s string) []Axis { // a letter and a digit for each axis
		out := []Axis{}
		for i := 0; i < len(s); i += 2 {
			out = append(out, Axis{Size: int64(s[i+1] - '0'), Navigate: s[i] == 'n'})
		}
		return out
	}
	for _, c := range []struct {
		old, want string
	}{
		{"n6s4", "n2n3s4"},
		{"n2n3s4", "n6s4"},
		{"n2s3s4", "s6s4"},
		{"n2s3s4", "n2s6s2"},
		{"n6s4", "n6s2s2"},
		{"n1n6s4", "n6s4"},
		{"s1n6s4", "n6s4"},
		{"n6s4", "n1n6s4"},
		{"n6s4", "n6n1s4"},
		{"n6s4", "n2n1n3s4"},
		{"n6s4", "n1n2n3n1s4"},
		{"n6s4", "n6s4s1"},
		{"n6s4", "n6s2s1s2"},
		{"n6s1s4", "n6n1s1s4"},
		{"n6s1s4", "n2n3s1s4"},
		{"n1n6s4", "n1n1n6s4"},
		{"s1n6s4", "s1n1n6s4"},
		{"s1n6s4", "s1n2n3s4"},
		{"n1s4", "n1n1s4"},
		{"s4n6", "s4n1n6"},
		{"s4n6", "s4n6n1"},
		{"s4s1n6", "s4s1n1n6"},
		{"s6s4", "s1s6s4s1"},
		{"n1s4", "n1s4s1"},
		{"n1s4n1", "n1s2s2n1"},
		{"n2s1n3", "n6"},
		{"n0s4", "n0s4s3"},
		{"n0s4", "s4s0"},
		{"n0s4", "n1n0s4"},
		{"n0s4", "n0n7s4"},
		{"n0s4s5", "n0s9"},
		{"n3n0s4", "n0s4"},
		{"", "s1s1"},
		{"n1s1", ""},
		{"n1s1", "n1n1s1"},
	} {
		var shape []int64
		for _, ax := range axes(c.want) {
			shape = append(shape, ax.Size)
		}
		if got := reshapedAxes(axes(c.old), shape); !slices.Equal(got, axes(c.want)) {
			t.Errorf("%s as %s: %v", c.old, c.want, got)
		}
	}
}

func TestSqueezeAndExpand(t *testing.T) {
	a := mustSlice(t, []int16{1, 2, 3}, 1, 3, 1)
	a, err := a.With(NavigationAxes(1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Squeeze()
	if err != nil || !slices.Equal(b.Axes(), []Axis{{3, true}}) {
		t.Errorf("squeeze: %v, %v", b.Axes(), err)
	}
	if b, err = a.Squeeze(-1); err != nil || !slices.Equal(b.Shape(), []int64{1, 3}) {
		t.Errorf("squeeze of the last: %v, %v", b.Shape(), err)
	}
	if b, err = b.ExpandDims(-1, 0); err != nil || !slices.Equal(b.Shape(), []int64{1, 1, 3, 1}) || !b.Axes()[2].Navigate {
		t.Errorf("expand: %v, %v", b.Axes(), err)
	}
	if got := valuesOf[int16](t, b); !slices.Equal(got, []int16{1, 2, 3}) {
		t.Errorf("%v", got)
	}
}

// TestSplitConcatenation splits the axis of a stack of arrays into the axes of a scan, and joins
// them again.
func TestSplitConcatenation(t *testing.T) {
	var arrays []*Array
	var want []int32
	for i := range int32(12) {
		arrays = append(arrays, mustSlice(t, []int32{i, -i}, 2))
		want = append(want, i, -i)
	}
	a, err := Stack(0, arrays...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Reshape(3, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := valuesOf[int32](t, b); !slices.Equal(got, want) || !b.Axes()[1].Navigate {
		t.Errorf("%v of %v", got, b.Axes())
	}
	if b, err = b.Reshape(-1, 2); err != nil {
		t.Fatal(err)
	}
	if b.node != a.node {
		t.Errorf("split and joined, %T is now %T", a.node, b.node)
	}
}
