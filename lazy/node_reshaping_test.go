package lazy

import (
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// unviewable is arrays that cannot be reshaped where they lie, or are made when they are read.
func unviewable(t *testing.T) map[string]*Array {
	t.Helper()
	c, s := scan(t)
	must, ok := must[*Array](t), []Option{NavigationAxes(0, 1)}
	f := must(must(mustSlice(t, s, 7, 6, 4, 5).Transpose()).With(ok...))
	cropped := must(c.Slice("..., :3"))
	row := mustSlice(t, []float32{1, 2, 3, 4, 5, 6, 7}, 7)
	column := mustSlice(t, []int32{1, -2, 3, -4}, 1, 4, 1, 1)
	double := func(dst, src []int32) {
		for i, v := range src {
			dst[i] = 2 * v
		}
	}
	arrays := map[string]*Array{
		"fortran":      f,
		"cropped":      cropped,
		"transposed":   must(c.Transpose(0, 1, 3, 2)),
		"stepped":      must(c.Slice(":, ::3, ::2, ::-2")),
		"reversed":     must(c.Slice("::-1, :, ::-1")),
		"row":          must(Subtract(c, row)),
		"column":       must(Multiply(f, column)),
		"one element":  must(Multiply(must(f.Slice(":1, 1:2, 3:4, 2:3")), 2)),
		"stored twice": must(Add(f, f)),
		"where":        must(Where(must(Greater(f, 10)), f, c)),
		"clip":         must(Clip(cropped, -5, 100)),
		"sqrt":         must(Sqrt(must(Absolute(f)))),
		"cast":         must(must(Add(cropped, 1)).AsType(mmapnpy.Float64)),
		"map":          must(Map(f, double)),
		"map2": must(Map2(f, c, func(dst, x, y []int32) {
			for i := range dst {
				dst[i] = x[i] - y[i]
			}
		})),
		"signals": must(MapSignal(f, []int64{2, 3}, copySome)),
		"overlap": must(MapOverlap(cropped, []int64{0, 1, 1, 0}, Reflect(), func(dst, src mmapnpy.NDArray[int32]) error {
			setAll(dst, src)
			return nil
		})),
		"bins":        must(c.BinSum(1, 2, 3, 1)),
		"dead":        must(c.Correct(Correction{Dark: row, DeadPixels: [][]int64{{1, 2}, {5, 6}}})),
		"dead in F":   must(f.Correct(Correction{DeadPixels: [][]int64{{1, 2}}})),
		"taken":       must(f.Take([]int64{3, 1, 1}, 2)),
		"joined":      must(Concatenate(3, f, c, cropped)),
		"stacked":     must(must(Stack(-1, f, c)).Slice("..., 1:, :")),
		"broadcast":   must(row.BroadcastTo(5, 4, 6, 7)),
		"spread":      must(must(Add(row, 1)).BroadcastTo(5, 4, 6, 7)),
		"twice":       must(must(f.Reshape(20, -1)).Reshape(5, 4, 3, 2, 7)),
		"of a view":   must(must(must(f.Reshape(20, -1)).Transpose()).Slice("::-3")),
		"no elements": must(f.Slice("..., 3:3")),
	}
	for name, x := range arrays {
		if x.NDim() == 4 && name != "no elements" {
			arrays[name] = must(x.With(ok...))
		}
	}
	return arrays
}

func copySome(dst, src []int32) error {
	copy(dst, src[len(src)-len(dst):])
	return nil
}

// setAll copies the elements of an array to one of the same shape.
func setAll(dst, src mmapnpy.NDArray[int32]) {
	at := make([]int64, len(dst.Shape()))
	for x := range src.All() {
		dst.Set(x, at...)
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] < dst.Shape()[d] {
				break
			}
			at[d] = 0
		}
	}
}

// shapesOf are shapes of as many elements: joined, split at other places, and with axes of length
// one.
func shapesOf(shape []int64) [][]int64 {
	n := product(shape)
	shapes := [][]int64{{n}, {1, n, 1}, append([]int64{shape[0] * shape[1]}, shape[2:]...)}
	for _, f := range []int64{2, 3, 4, 6, 10, 15} {
		if n%f == 0 {
			shapes = append(shapes, []int64{f, n / f}, []int64{n / f, 1, f})
		}
	}
	return append(shapes, slices.Concat([]int64{shape[0], 1}, shape[1:]))
}

// TestReshapeWhatIsMade compares reshaped arrays with the elements that they had, which stay in C
// order.
func TestReshapeWhatIsMade(t *testing.T) {
	for name, a := range unviewable(t) {
		before, err := a.Load(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for k, shape := range shapesOf(a.Shape()) {
			b, err := a.Reshape(shape...)
			if err != nil {
				t.Errorf("%s as %v: %v", name, shape, err)
				continue
			}
			b = must[*Array](t)(b.With(Workers(1 + k%3)))
			after, err := b.Load(t.Context())
			if err != nil || !slices.Equal(after.data, before.data) || !slices.Equal(b.Shape(), shape) {
				t.Errorf("%s as %v: other elements: %v", name, shape, err)
			}
			checkPart(t, name, b, after)
		}
	}
}

// checkPart reads every second element of an array, its axes reversed, and compares with what it
// has.
func checkPart(t *testing.T, name string, a *Array, all *Result) {
	t.Helper()
	index := strings.Repeat("::2, ", a.NDim())
	plain := must[*Array](t)(FromResult(all))
	var parts [2]*Result
	for i, x := range []*Array{a, plain} {
		x = must[*Array](t)(must[*Array](t)(x.Slice(index[:len(index)-2])).Transpose())
		parts[i] = must[*Result](t)(x.Load(t.Context()))
	}
	if !slices.Equal(parts[0].data, parts[1].data) {
		t.Errorf("%s as %v, a part: other elements", name, a.Shape())
	}
}

// TestSelectOfWhatIsMade picks measurements by a mask.
func TestSelectOfWhatIsMade(t *testing.T) {
	for name, a := range unviewable(t) {
		var places []int64
		for _, ax := range a.axes {
			if ax.Navigate {
				places = append(places, ax.Size)
			}
		}
		if len(places) == 0 {
			continue
		}
		mask := newResult(mmapnpy.Bool, places)
		var want []byte
		all := must[*Result](t)(a.Load(t.Context()))
		if nav := a.Axes(); !nav[0].Navigate || nav[a.NDim()-1].Navigate {
			continue // frames are not in one piece
		}
		size := len(all.data) / len(mask.data)
		for i := range mask.data {
			if i%3 != 1 {
				mask.data[i] = 1
				want = append(want, all.data[i*size:(i+1)*size]...)
			}
		}
		b, err := a.Select(mask)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := b.Load(t.Context()); err != nil || !slices.Equal(got.data, want) {
			t.Errorf("%s: other elements: %v", name, err)
		}
	}
}
