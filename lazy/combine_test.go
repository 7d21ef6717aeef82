package lazy

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lazynpy/lazynpy/mmapnpy"
)

// This file compares concatenations, tables and reshaped arrays with plain loops over positions.

// joinPlain is plain arrays one behind the other along an axis.
func joinPlain(axis int, parts ...plainArray) plainArray {
	out := plainArray{shape: slices.Clone(parts[0].shape)}
	out.shape[axis] = 0
	for _, p := range parts {
		out.shape[axis] += p.shape[axis]
	}
	eachIndex(out.shape, func(idx []int64) {
		src, shift := slices.Clone(idx), 0
		for _, p := range parts {
			if src[axis] < p.shape[axis] {
				out.index = append(out.index, shift+p.at(src))
				break
			}
			src[axis] -= p.shape[axis]
			shift += len(p.values)
		}
	})
	for _, p := range parts {
		out.values = append(out.values, p.values...)
	}
	return out
}

// takePlain is the slabs of axis that a table names, -1 for zeros.
func takePlain(p plainArray, axis int, table []int64) plainArray {
	out := plainArray{values: append(slices.Clone(p.values), 0), shape: slices.Clone(p.shape)}
	out.shape[axis] = int64(len(table))
	eachIndex(out.shape, func(idx []int64) {
		src := slices.Clone(idx)
		if src[axis] = table[idx[axis]]; src[axis] < 0 {
			out.index = append(out.index, len(p.values))
			return
		}
		out.index = append(out.index, p.at(src))
	})
	return out
}

// randomPart is an array in a file or in memory, and the same as a plain one.
func randomPart(t *testing.T, rng *rand.Rand, dir string, dt mmapnpy.DType, shape []int64, seed uint64) (*Array, plainArray) {
	t.Helper()
	s := makeSample(t, dir, dt, shape, rng.IntN(2) == 0, false, seed)
	p := plainArray{values: s.values, shape: slices.Clone(shape), index: make([]int, len(s.values))}
	for i := range p.index {
		p.index[i] = i
	}
	a := mustOpen(t, s.path, Backend([]string{"mmap", "pread", "copy"}[rng.IntN(3)]))
	if rng.IntN(4) == 0 {
		r, err := a.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if a, err = FromResult(r); err != nil {
			t.Fatal(err)
		}
	}
	return a, p
}

// randomTable names slabs of an axis of n, in runs and jumps.
func randomTable(rng *rand.Rand, n int64) []int64 {
	table := make([]int64, rng.IntN(9))
	for k := range table {
		switch {
		case n == 0:
			return nil
		case k > 0 && rng.IntN(2) == 0 && table[k-1]+1 < n:
			table[k] = table[k-1] + 1
		default:
			table[k] = rng.Int64N(n)
		}
	}
	return table
}

// randomCombination joins, picks or reshapes.
func randomCombination(t *testing.T, rng *rand.Rand, dir string, dt mmapnpy.DType, a *Array, p plainArray) (*Array, plainArray) {
	t.Helper()
	n := len(p.shape)
	switch op := rng.IntN(6); {
	case op == 0 && n > 0:
		axis := rng.IntN(n)
		arrays, plains := []*Array{a}, []plainArray{p}
		for range rng.IntN(4) {
			shape := slices.Clone(p.shape)
			shape[axis] = rng.Int64N(5)
			b, q := randomPart(t, rng, dir, dt.WithByteOrder("<>"[rng.IntN(2)]), shape, rng.Uint64())
			arrays, plains = append(arrays, b), append(plains, q)
		}
		rng.Shuffle(len(arrays), func(i, j int) {
			arrays[i], arrays[j], plains[i], plains[j] = arrays[j], arrays[i], plains[j], plains[i]
		})
		b, err := Concatenate(axis-n*rng.IntN(2), arrays...)
		if err != nil {
			t.Fatal(err)
		}
		return b, joinPlain(axis, plains...)
	case op == 1 && n < 5:
		axis := rng.IntN(n + 1)
		p.shape = slices.Insert(slices.Clone(p.shape), axis, 1)
		arrays, plains := []*Array{a}, []plainArray{p}
		for range rng.IntN(3) {
			b, q := randomPart(t, rng, dir, dt, a.Shape(), rng.Uint64())
			q.shape = slices.Insert(q.shape, axis, 1)
			arrays, plains = append(arrays, b), append(plains, q)
		}
		b, err := Stack(axis, arrays...)
		if err != nil {
			t.Fatal(err)
		}
		if !b.Axes()[axis].Navigate {
			t.Errorf("axis %d of a stack is no navigation axis", axis)
		}
		return b, joinPlain(axis, plains...)
	case op == 2 && n > 0:
		axis := rng.IntN(n)
		table := randomTable(rng, p.shape[axis])
		b, err := a.Take(table, axis)
		if err != nil {
			t.Fatal(err)
		}
		return b, takePlain(p, axis, table)
	case op == 3 && n > 0 && n < 5:
		return randomPositions(t, rng, a, p)
	case op == 4 && n > 0:
		return randomSelect(t, rng, a, p)
	}
	shape := regroup(rng, p.shape)
	b, err := a.Reshape(shape...)
	if err != nil {
		t.Fatal(err)
	}
	p.shape = shape
	return b, p
}

// randomPositions scatters the slabs of axis 0 over a scan.
func randomPositions(t *testing.T, rng *rand.Rand, a *Array, p plainArray) (*Array, plainArray) {
	t.Helper()
	scan := []int64{1 + rng.Int64N(3), 0}
	scan[1] = (p.shape[0]+scan[0]-1)/scan[0] + rng.Int64N(3)
	places := rng.Perm(int(scan[0] * scan[1]))[:p.shape[0]]
	if rng.IntN(2) == 0 {
		slices.Sort(places)
	}
	table := slices.Repeat([]int64{-1}, int(scan[0]*scan[1]))
	positions := make([][]int64, len(places))
	for i, at := range places {
		positions[i] = []int64{int64(at) / scan[1], int64(at) % scan[1]}
		table[at] = int64(i)
	}
	b, err := a.AtPositions(positions, scan...)
	if err != nil {
		t.Fatal(err)
	}
	q := takePlain(p, 0, table)
	q.shape = slices.Concat(scan, p.shape[1:])
	return b, q
}

// randomSelect picks by a mask over random navigation axes.
func randomSelect(t *testing.T, rng *rand.Rand, a *Array, p plainArray) (*Array, plainArray) {
	t.Helper()
	n := len(p.shape)
	perm := rng.Perm(n)[:1+rng.IntN(n)]
	slices.Sort(perm)
	b, err := a.With(NavigationAxes(perm...))
	if err != nil {
		t.Fatal(err)
	}
	mask := newResult(mmapnpy.Bool, nil)
	for _, d := range perm {
		mask.shape = append(mask.shape, p.shape[d])
	}
	mask.data = make([]byte, product(mask.shape))
	var picked []int64
	for i := range mask.data {
		if rng.IntN(3) > 0 {
			mask.data[i] = 1
			picked = append(picked, int64(i))
		}
	}
	if b, err = b.Select(mask); err != nil {
		t.Fatal(err)
	}
	signal := make([]int64, 0, n)
	for d, size := range p.shape {
		if !slices.Contains(perm, d) {
			signal = append(signal, size)
		}
	}
	out := plainArray{values: p.values, shape: slices.Concat([]int64{int64(len(picked))}, signal)}
	eachIndex(out.shape, func(idx []int64) {
		src, at := make([]int64, n), picked[idx[0]]
		for _, d := range slices.Backward(perm) {
			src[d], at = at%p.shape[d], at/p.shape[d]
		}
		k := 1
		for d := range src {
			if !slices.Contains(perm, d) {
				src[d], k = idx[k], k+1
			}
		}
		out.index = append(out.index, p.at(src))
	})
	return b, out
}

// regroup is a random shape of as many elements: lengths joined with their neighbours, split, and
// ones put in.
func regroup(rng *rand.Rand, old []int64) []int64 {
	var shape []int64
	for _, n := range old {
		switch {
		case n > 1 && n%2 == 0 && rng.IntN(3) == 0:
			shape = append(shape, n/2, 2)
		case len(shape) > 0 && rng.IntN(4) == 0:
			shape[len(shape)-1] *= n
		default:
			shape = append(shape, n)
		}
		if len(shape) < 5 && rng.IntN(8) == 0 {
			shape = append(shape, 1)
		}
	}
	return shape
}

func TestCombinationsAgainstLoops(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(11, 13))
	for trial := range 500 {
		dt := []mmapnpy.DType{mmapnpy.Float64, mmapnpy.Uint8, mmapnpy.Int16.WithByteOrder('>'), mmapnpy.Float32}[trial%4]
		shape := make([]int64, 1+rng.IntN(3))
		for d := range shape {
			shape[d] = rng.Int64N(7)
			if rng.IntN(4) > 0 {
				shape[d]++
			}
		}
		a, p := randomPart(t, rng, dir, dt, shape, uint64(trial))
		var err error
		for range 1 + rng.IntN(4) {
			a, p = randomCombination(t, rng, dir, dt, a, p)
			if rng.IntN(2) == 0 {
				a, p = randomView(t, rng, a, p)
			}
			if rng.IntN(8) == 0 {
				if a, err = a.AsType(mmapnpy.Float64); err != nil {
					t.Fatal(err)
				}
				dt = mmapnpy.Float64
			}
			if rng.IntN(4) == 0 { // computed
				if a, err = Add(a, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		if a, err = a.With(Workers([]int{1, 2, 8}[rng.IntN(3)]), Memory(int64(rng.IntN(2))*minMemory)); err != nil {
			t.Fatal(err)
		}
		checkPlain(t, a, p, rng)
		if t.Failed() {
			t.Fatalf("trial %d", trial)
		}
	}
}

// TestLargeCombinations has windows and tiles of several parts, and parts of several windows.
func TestLargeCombinations(t *testing.T) {
	const rows, columns = 700, 900
	a := make([]int32, rows*columns)
	for i := range a {
		a[i] = int32(i * 7)
	}
	at := func(i, j int64) int32 { return a[i*columns+j] }
	x := mustSlice(t, a, rows, columns)
	checks := 0
	check := func(name string, got *Array, err error, want func(i, j int64) int32) {
		t.Helper()
		if err == nil {
			got, err = got.With(Workers([]int{1, 2, 8}[checks%3]), Memory(minMemory))
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checks++
		shape, sum := got.Shape(), int64(0)
		v := valuesOf[int32](t, got)
		for i := range shape[0] {
			for j := range shape[1] {
				if v[i*shape[1]+j] != want(i, j) {
					t.Fatalf("%s: element (%d, %d) is %d instead of %d", name, i, j, v[i*shape[1]+j], want(i, j))
				}
				sum += int64(want(i, j))
			}
		}
		total, err := Sum(t.Context(), got, OverAll())
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Copy[int64](total); err != nil || s[0] != sum {
			t.Fatalf("%s: the sum is %v instead of %d: %v", name, s, sum, err)
		}
	}
	rowsOf, err := Concatenate(0, x, x, x)
	check("rows", rowsOf, err, func(i, j int64) int32 { return at(i%rows, j) })
	columnsOf, err := Concatenate(1, x, x, x)
	check("columns", columnsOf, err, func(i, j int64) int32 { return at(i, j%columns) })
	back, err := columnsOf.Slice("::-3, ::-2")
	check("steps", back, err, func(i, j int64) int32 { return at(rows-1-3*i, (3*columns-1-2*j)%columns) })
	turned, err := columnsOf.Transpose()
	check("transposed", turned, err, func(i, j int64) int32 { return at(j, i%columns) })
	var table []int64
	for k := range int64(1100) {
		table = append(table, k*k%rows)
	}
	taken, err := x.Take(table, 0)
	check("rows taken", taken, err, func(i, j int64) int32 { return at(table[i], j) })
	taken, err = x.Take(table, 1)
	check("columns taken", taken, err, func(i, j int64) int32 { return at(i, table[j]) })
	turned, err = taken.Transpose()
	check("columns taken, transposed", turned, err, func(i, j int64) int32 { return at(j, table[i]) })
	transposed, err := x.Transpose()
	if err != nil {
		t.Fatal(err)
	}
	joined, err := transposed.Reshape(columns/3, 3*rows)
	check("transposed and reshaped", joined, err, func(i, j int64) int32 { return at((i*3*rows+j)%rows, (i*3*rows+j)/rows) })
	joined, err = joined.Slice("::-7, 5::2")
	check("of that a part", joined, err, func(i, j int64) int32 {
		k := (columns/3-1-7*i)*3*rows + 5 + 2*j
		return at(k%rows, k/rows)
	})
	cropped, err := x.Slice(":, 1:-1")
	if err != nil {
		t.Fatal(err)
	}
	if cropped, err = Add(cropped, mustSlice(t, make([]int32, columns-2), columns-2)); err != nil {
		t.Fatal(err)
	}
	joined, err = cropped.Reshape(-1, 100)
	check("cropped and reshaped", joined, err, func(i, j int64) int32 { return at((i*100+j)/(columns-2), (i*100+j)%(columns-2)+1) })
}

func TestConcatenateErrors(t *testing.T) {
	a := mustSlice(t, []int16{1, 2, 3, 4, 5, 6}, 2, 3)
	b := mustSlice(t, []int16{1, 2, 3, 4}, 2, 2)
	c := mustSlice(t, []int16{1}, 1)
	zero := mustSlice(t, []int16{1}, 1)
	zero, err := zero.Slice("0")
	if err != nil {
		t.Fatal(err)
	}
	// An index, a position or an axis is wrong; all others are shapes.
	indices := []string{"axis", "axis to stack", "take", "take in front", "take of axis", "outside", "in front", "twice", "indices", "last",
		"squeeze", "squeeze twice", "squeeze axis", "expand", "expand twice", "mask without axes"}
	for name, f := range map[string]func() (*Array, error){
		"no arrays":          func() (*Array, error) { return Concatenate(0) },
		"no arrays to stack": func() (*Array, error) { return Stack(0) },
		"axis":               func() (*Array, error) { return Concatenate(2, a, a) },
		"axis to stack":      func() (*Array, error) { return Stack(3, a, a) },
		"lengths":            func() (*Array, error) { return Concatenate(0, a, b) },
		"shapes to stack":    func() (*Array, error) { return Stack(0, a, b) },
		"dimensions":         func() (*Array, error) { return Concatenate(0, a, c) },
		"no dimensions":      func() (*Array, error) { return Concatenate(0, zero, zero) },
		"take":               func() (*Array, error) { return a.Take([]int64{0, 3}, 1) },
		"take in front":      func() (*Array, error) { return a.Take([]int64{-4}, 1) },
		"take of axis":       func() (*Array, error) { return a.Take(nil, 2) },
		"positions":          func() (*Array, error) { return a.AtPositions([][]int64{{0}}, 2) },
		"outside":            func() (*Array, error) { return a.AtPositions([][]int64{{0, 0}, {0, 3}}, 3, 3) },
		"in front":           func() (*Array, error) { return a.AtPositions([][]int64{{0, 0}, {-1, 0}}) },
		"twice":              func() (*Array, error) { return a.AtPositions([][]int64{{1, 2}, {1, 2}}, 3, 3) },
		"indices":            func() (*Array, error) { return a.AtPositions([][]int64{{1, 2}, {1}}, 3, 3) },
		"huge":               func() (*Array, error) { return a.AtPositions([][]int64{{1, 2}, {1 << 40, 0}}) },
		"huge and empty":     func() (*Array, error) { return a.AtPositions([][]int64{{1, 2, 0}, {1, 0, 0}}, 0, 1<<62, 1<<62) },
		"negative scan":      func() (*Array, error) { return a.AtPositions([][]int64{{1, 2}, {1, 0}}, -3, 3) },
		"last":               func() (*Array, error) { return a.AtPositions([][]int64{{1}, {1<<63 - 1}}) },
		"scalar":             func() (*Array, error) { return zero.AtPositions(nil, 3, 3) },
		"reshape":            func() (*Array, error) { return a.Reshape(4) },
		"reshape -1":         func() (*Array, error) { return a.Reshape(4, -1) },
		"reshape two -1":     func() (*Array, error) { return a.Reshape(-1, -1) },
		"reshape 0 -1":       func() (*Array, error) { return a.Reshape(0, -1) },
		"reshape -2":         func() (*Array, error) { return a.Reshape(-2, 3) },
		"reshape overflow":   func() (*Array, error) { return a.Reshape(1<<62, 1<<62) },
		"squeeze":            func() (*Array, error) { return a.Squeeze(0) },
		"squeeze twice":      func() (*Array, error) { return c.Squeeze(0, -1) },
		"squeeze axis":       func() (*Array, error) { return c.Squeeze(1) },
		"expand":             func() (*Array, error) { return a.ExpandDims(3) },
		"expand twice":       func() (*Array, error) { return a.ExpandDims(0, 0) },
		"mask without axes":  func() (*Array, error) { return a.Select(newResult(mmapnpy.Bool, []int64{2})) },
	} {
		want := ErrShape
		if slices.Contains(indices, name) {
			want = ErrIndex
		}
		if got, err := f(); !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	words, err := FromBuffer(mmapnpy.Buffer{Data: make([]byte, 6), DType: mustDType(t, "S1"), Shape: []int64{2, 3}, Strides: []int64{3, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Concatenate(0, a, a, words); !errors.Is(err, ErrDType) || !strings.Contains(err.Error(), "int16") || !strings.Contains(err.Error(), "S1") {
		t.Errorf("numbers and strings: %v", err)
	}
	nav, err := a.With(NavigationAxes(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nav.Select(newResult(mmapnpy.Int8, []int64{2})); !errors.Is(err, ErrDType) {
		t.Errorf("a mask of numbers: %v", err)
	}
	if _, err := nav.Select(newResult(mmapnpy.Bool, []int64{3})); !errors.Is(err, ErrShape) {
		t.Errorf("a mask of another shape: %v", err)
	}
}

func TestConcatenatePromotes(t *testing.T) {
	a := mustSlice(t, []int8{-1, 2}, 2)
	b := mustSlice(t, []uint8{200, 3}, 2)
	c := mustSlice(t, []float32{0.5}, 1)
	ab, err := Concatenate(0, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf[int16](t, ab), []int16{-1, 2, 200, 3}; !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
	abc, err := Concatenate(0, a, b, c)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf[float32](t, abc), []float32{-1, 2, 200, 3, 0.5}; !slices.Equal(got, want) {
		t.Errorf("%v instead of %v", got, want)
	}
}

func TestFieldsOfCombinations(t *testing.T) {
	dt := mustDType(t, "u1,(2,)<i2")
	raw := []byte{1, 2, 0, 3, 0, 4, 5, 0, 6, 0, 7, 8, 0, 9, 0}
	a, err := FromBuffer(mmapnpy.Buffer{Data: raw, DType: dt, Shape: []int64{3}, Strides: []int64{5}})
	if err != nil {
		t.Fatal(err)
	}
	both, err := Concatenate(0, a, a)
	if err != nil {
		t.Fatal(err)
	}
	some, err := both.Take([]int64{5, 0, 0, 4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	f0, err := some.Field("f0")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf[uint8](t, f0), []uint8{7, 1, 1, 4}; !slices.Equal(got, want) {
		t.Errorf("f0 is %v instead of %v", got, want)
	}
	f1, err := some.Field("f1")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf[int16](t, f1), []int16{8, 9, 2, 3, 2, 3, 5, 6}; !slices.Equal(f1.Shape(), []int64{4, 2}) || !slices.Equal(got, want) {
		t.Errorf("f1 is %v of %v instead of %v", got, f1.Shape(), want)
	}
}
