package ops

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/lazynpy/lazynpy/lazy"
	"github.com/lazynpy/lazynpy/mmapnpy"
)

var dtypes = []mmapnpy.DType{mmapnpy.Bool, mmapnpy.Uint8, mmapnpy.Int16, mmapnpy.Int64, mmapnpy.Float32, mmapnpy.Float64, mmapnpy.Complex64}

// sample is a seeded array of small numbers of both signs, with zeros: of (4, 6, 6) with one
// navigation axis, or of another shape without.
func sample(t *testing.T, dtype mmapnpy.DType, shape ...int64) *lazy.Array {
	t.Helper()
	var navigation []int
	if shape == nil {
		shape, navigation = []int64{4, 6, 6}, []int{0}
	}
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	random := rand.New(rand.NewPCG(7, 11))
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Round(random.NormFloat64()*40) / 4
	}
	if dtype.Kind() != mmapnpy.KindInt && dtype.Kind() != mmapnpy.KindFloat && dtype.Kind() != mmapnpy.KindComplex {
		for i, v := range values {
			values[i] = math.Abs(v) // a negative number is not the same unsigned one everywhere
		}
	}
	a := must(lazy.FromSlice(values, shape...))(t)
	a = must(a.AsType(dtype))(t)
	return must(a.With(lazy.NavigationAxes(navigation...)))(t)
}

// must fails the test on an error: must(f())(t).
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// saved writes an array into a file of its own.
func saved(t *testing.T, a *lazy.Array, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := a.Save(t.Context(), path, lazy.Sync(false)); err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares what an operation made with what package lazy made: elements, dtype, shape and
// axes, or errors.
func same(t *testing.T, what string, got *lazy.Array, err error, want *lazy.Array, wantErr error) {
	t.Helper()
	if (err != nil) != (wantErr != nil) {
		t.Errorf("%s: error %v, and of package lazy %v", what, err, wantErr)
		return
	}
	if err != nil {
		return
	}
	x, err := got.Load(t.Context())
	y, wantErr := want.Load(t.Context())
	if err != nil || wantErr != nil {
		if (err != nil) != (wantErr != nil) {
			t.Errorf("%s: reading: error %v, and of package lazy %v", what, err, wantErr)
		}
		return
	}
	if !x.Equal(y) || !slices.Equal(got.Axes(), want.Axes()) {
		t.Errorf("%s: %s %v, and of package lazy %s %v", what, got, x, want, y)
	}
}

func TestUnaryMaps(t *testing.T) {
	functions := map[string]func(*lazy.Array) (*lazy.Array, error){
		"negative": lazy.Negative, "absolute": lazy.Absolute, "square": lazy.Square, "sqrt": lazy.Sqrt, "exp": lazy.Exp,
		"log": lazy.Log, "log2": lazy.Log2, "log10": lazy.Log10, "log1p": lazy.Log1p, "sin": lazy.Sin, "cos": lazy.Cos,
		"tanh": lazy.Tanh, "floor": lazy.Floor, "ceil": lazy.Ceil, "trunc": lazy.Trunc, "rint": lazy.Rint, "sign": lazy.Sign,
		"invert": lazy.Invert, "logical_not": lazy.LogicalNot, "isnan": lazy.IsNaN, "isinf": lazy.IsInf,
		"isfinite": lazy.IsFinite, "conjugate": lazy.Conjugate, "real": lazy.Real, "imag": lazy.Imag,
	}
	if len(functions) != len(unaryMaps()) {
		t.Errorf("%d functions tested, %d registered", len(functions), len(unaryMaps()))
	}
	for name, f := range functions {
		for _, dtype := range dtypes {
			a := sample(t, dtype)
			got, err := Must(name, nil).Apply(a)
			want, wantErr := f(a)
			same(t, name+" of "+dtype.String(), got, err, want, wantErr)
		}
	}
}

var binaryFunctions = map[string]func(x, y lazy.Operand) (*lazy.Array, error){
	"add": lazy.Add, "subtract": lazy.Subtract, "multiply": lazy.Multiply, "divide": lazy.Divide,
	"floor_divide": lazy.FloorDivide, "remainder": lazy.Remainder, "power": lazy.Power, "minimum": lazy.Minimum,
	"maximum": lazy.Maximum, "bitwise_and": lazy.BitwiseAnd, "bitwise_or": lazy.BitwiseOr, "bitwise_xor": lazy.BitwiseXor,
	"left_shift": lazy.LeftShift, "right_shift": lazy.RightShift, "equal": lazy.Equal, "not_equal": lazy.NotEqual,
	"less": lazy.Less, "less_equal": lazy.LessEqual, "greater": lazy.Greater, "greater_equal": lazy.GreaterEqual,
	"logical_and": lazy.LogicalAnd, "logical_or": lazy.LogicalOr, "logical_xor": lazy.LogicalXor,
}

func TestBinaryMaps(t *testing.T) {
	if len(binaryFunctions) != len(binaryMaps()) {
		t.Errorf("%d functions tested, %d registered", len(binaryFunctions), len(binaryMaps()))
	}
	frame := sample(t, mmapnpy.Int16, 6, 6)
	path := saved(t, frame, "frame.npy")
	archive := filepath.Join(t.TempDir(), "cal.npz")
	entries := []lazy.Entry{{Key: "other", Array: sample(t, mmapnpy.Bool)}, {Key: "dark", Array: frame}}
	if err := lazy.SaveArchive(t.Context(), archive, entries); err != nil {
		t.Fatal(err)
	}
	single := must(must(lazy.FromSlice([]float32{2.5}))(t).Index(lazy.At(0)))(t)
	operands := []struct {
		p    Operand
		lazy lazy.Operand
	}{
		{Operand{Value: 3}, 3},
		{Operand{Value: 2.0}, 2.0},
		{Operand{Value: true}, true},
		{Operand{Value: 1 - 2i}, 1 - 2i},
		{Operand{Value: math.NaN()}, math.NaN()},
		{Operand{Value: math.Inf(-1)}, math.Inf(-1)},
		{Operand{Value: 2, DType: "u2"}, uint16(2)},
		{Operand{Value: float32(2.5), DType: "f4"}, single},
		{Operand{Array: Path(path)}, frame},
		{Operand{Array: Path(archive + ":dark")}, frame},
	}
	for name, f := range binaryFunctions {
		for _, dtype := range dtypes {
			a := sample(t, dtype)
			for _, o := range operands {
				for _, reverse := range []bool{false, true} {
					op := Must(name, BinaryParams{Operand: o.p, Reverse: reverse})
					got, err := op.Apply(a)
					x, y := lazy.Operand(a), o.lazy
					if reverse {
						x, y = y, x
					}
					want, wantErr := f(x, y)
					same(t, fmt.Sprintf("%s of %s", op, dtype), got, err, want, wantErr)
					if got != nil {
						got.Close()
					}
				}
			}
		}
	}
}

// TestScalars has numbers of every dtype that Go has no type for, or a larger one.
func TestScalars(t *testing.T) {
	a := sample(t, mmapnpy.Uint8)
	for params, want := range map[string]string{
		`{"operand":{"dtype":"f2","value":2}}`:                    "float16",
		`{"operand":{"dtype":"<f4","value":"nan"}}`:               "float32",
		`{"operand":{"dtype":"c8","value":{"re":1,"im":"-inf"}}}`: "complex64",
		`{"operand":{"dtype":"u8","value":18446744073709551615}}`: "uint64",
		`{"operand":{"dtype":"i8","value":-9223372036854775808}}`: "int64",
		`{"operand":{"dtype":"?","value":true}}`:                  "uint8",
		`{"operand":255}`:                                         "uint8",
	} {
		got := must(must(Parse("add" + params))(t).Apply(a))(t)
		if got.DType().String() != want {
			t.Errorf("uint8 + %s is %s, not %s", params, got.DType(), want)
		}
	}
	for _, params := range []string{
		`{"operand":{"dtype":"u1","value":256}}`,
		`{"operand":{"dtype":"u1","value":-1}}`,
		`{"operand":{"dtype":"i4","value":1.5}}`,
		`{"operand":{"dtype":"f4","value":{"re":1,"im":1}}}`,
		`{"operand":18446744073709551615}`,
		`{"operand":256}`,
	} {
		op, err := Parse("add" + params)
		if err == nil {
			_, err = op.Apply(a)
		}
		if err == nil {
			t.Errorf("uint8 + %s is defined", params)
		}
	}
}

func TestOtherMaps(t *testing.T) {
	frame := sample(t, mmapnpy.Float64, 6, 6)
	path := filepath.ToSlash(saved(t, frame, "frame.npy"))
	mask := must(lazy.FromSlice([]bool{true, false, false, true}))(t)
	maskPath := filepath.ToSlash(saved(t, mask, "mask.npy"))
	selected := must(mask.Load(t.Context()))(t)
	at := [][]int64{{0, 0}, {1, 1}, {0, 2}, {1, 0}}
	dead := [][]int64{{0, 0}, {3, -1}}
	big := must(mmapnpy.ParseDType(">f4"))(t)
	tests := []struct {
		op   string
		want func(a *lazy.Array) (*lazy.Array, error)
	}{
		{"clip=0.5,100", func(a *lazy.Array) (*lazy.Array, error) { return lazy.Clip(a, 0.5, 100) }},
		{"clip=2", func(a *lazy.Array) (*lazy.Array, error) { return lazy.Maximum(a, 2) }},
		{"clip=,2", func(a *lazy.Array) (*lazy.Array, error) { return lazy.Minimum(a, 2) }},
		{"clip=" + path + ",inf", func(a *lazy.Array) (*lazy.Array, error) { return lazy.Clip(a, frame, math.Inf(1)) }},
		{"where=1,-0.0", func(a *lazy.Array) (*lazy.Array, error) { return lazy.Where(a, 1, math.Copysign(0, -1)) }},
		{`where{"cond":{"array":"` + path + `"},"y":0}`, func(a *lazy.Array) (*lazy.Array, error) { return lazy.Where(frame, a, 0) }},
		{`where{"cond":{"array":"` + path + `"},"x":0}`, func(a *lazy.Array) (*lazy.Array, error) { return lazy.Where(frame, 0, a) }},
		{"astype=>f4", func(a *lazy.Array) (*lazy.Array, error) { return a.AsType(big) }},
		{"astype=uint8", func(a *lazy.Array) (*lazy.Array, error) { return a.AsType(mmapnpy.Uint8) }},
		{"slice=1:, ..., ::-2", func(a *lazy.Array) (*lazy.Array, error) { return a.Slice("1:, ..., ::-2") }},
		{"transpose", func(a *lazy.Array) (*lazy.Array, error) { return a.Transpose() }},
		{"transpose=1,0,2", func(a *lazy.Array) (*lazy.Array, error) { return a.Transpose(1, 0, 2) }},
		{"expand_dims=0,-1", func(a *lazy.Array) (*lazy.Array, error) { return a.ExpandDims(0, -1) }},
		{"squeeze", func(a *lazy.Array) (*lazy.Array, error) { return a.Squeeze() }},
		{"axes=0,1", func(a *lazy.Array) (*lazy.Array, error) { return a.With(lazy.NavigationAxes(0, 1)) }},
		{`axes{"signal":[-1]}`, func(a *lazy.Array) (*lazy.Array, error) { return a.With(lazy.SignalAxes(-1)) }},
		{"axes", func(a *lazy.Array) (*lazy.Array, error) { return a.With(lazy.NavigationAxes()) }},
		{"reshape=-1,36", func(a *lazy.Array) (*lazy.Array, error) { return a.Reshape(-1, 36) }},
		{"broadcast_to=2,4,6,6", func(a *lazy.Array) (*lazy.Array, error) { return a.BroadcastTo(2, 4, 6, 6) }},
		{"take=3,0,-1", func(a *lazy.Array) (*lazy.Array, error) { return a.Take([]int64{3, 0, -1}, 0) }},
		{`take{"axis":-1,"indices":[5,5]}`, func(a *lazy.Array) (*lazy.Array, error) { return a.Take([]int64{5, 5}, -1) }},
		{"select=" + maskPath, func(a *lazy.Array) (*lazy.Array, error) { return a.Select(selected) }},
		{"bin_sum=1,2,3", func(a *lazy.Array) (*lazy.Array, error) { return a.BinSum(1, 2, 3) }},
		{"bin_mean=2,1,2", func(a *lazy.Array) (*lazy.Array, error) { return a.BinMean(2, 1, 2) }},
		{"correct", func(a *lazy.Array) (*lazy.Array, error) { return a, nil }},
		{"correct=" + path + ",0.5", func(a *lazy.Array) (*lazy.Array, error) {
			return a.Correct(lazy.Correction{Dark: frame, Gain: 0.5})
		}},
		{`correct{"dead_pixels":[[0,0],[3,-1]]}`, func(a *lazy.Array) (*lazy.Array, error) {
			return a.Correct(lazy.Correction{DeadPixels: dead})
		}},
		{`at_positions{"positions":[[0,0],[1,1],[0,2],[1,0]]}`, func(a *lazy.Array) (*lazy.Array, error) { return a.AtPositions(at) }},
		{`at_positions{"positions":[[0,0],[1,1],[0,2],[1,0]],"scan":[3,3]}`, func(a *lazy.Array) (*lazy.Array, error) {
			return a.AtPositions(at, 3, 3)
		}},
	}
	tested := map[string]bool{"field": true} // below
	for _, test := range tests {
		op := must(Parse(test.op))(t)
		tested[op.Name] = true
		for _, dtype := range dtypes {
			a := sample(t, dtype)
			got, err := op.Apply(a)
			want, wantErr := test.want(a)
			same(t, test.op+" of "+dtype.String(), got, err, want, wantErr)
			if got != nil {
				got.Close()
			}
		}
	}
	for _, e := range otherMaps() {
		if !tested[e.Name] {
			t.Errorf("%s is not tested", e.Name)
		}
	}
}

func TestField(t *testing.T) {
	record := must(mmapnpy.StructOf(mmapnpy.Field{Name: "t", DType: mmapnpy.Uint8}, mmapnpy.Field{Name: "e", DType: mmapnpy.Int16}))(t)
	b := mmapnpy.Buffer{Data: []byte{1, 2, 0, 3, 4, 0}, DType: record, Shape: []int64{2}, Strides: []int64{3}}
	a := must(lazy.FromBuffer(b))(t)
	got, err := must(Parse("field=e"))(t).Apply(a)
	want, wantErr := a.Field("e")
	same(t, "field=e", got, err, want, wantErr)
	if _, err := must(Parse("field=energy"))(t).Apply(a); err == nil || !strings.Contains(err.Error(), "field") {
		t.Errorf("a field that is not there: %v", err)
	}
}

func TestReducers(t *testing.T) {
	weights := sample(t, must(mmapnpy.ParseDType(">f4"))(t), 6, 6)
	path := filepath.ToSlash(saved(t, weights, "weights.npy"))
	fromFile := must(lazy.MaskFrom(must(weights.Load(t.Context()))(t)))(t)
	inf := math.Inf(1)
	tests := map[string]lazy.Reducer{
		"sum": lazy.NewSum(lazy.OverAll()), `sum{"over":"signal"}`: lazy.NewSum(lazy.OverSignal()),
		`mean{"over":"navigation"}`: lazy.NewMean(lazy.OverNavigation()),
		`min{"over":"0,-1"}`:        lazy.NewMin(lazy.OverAxes(0, -1)),
		`max{"over":"sig"}`:         lazy.NewMax(lazy.OverSignal()),
		"argmin":                    lazy.NewArgMin(lazy.OverAll()), `argmax{"over":"nav"}`: lazy.NewArgMax(lazy.OverNavigation()),
		"std": lazy.NewStd(lazy.OverAll(), 0), `std{"ddof":1,"over":"1"}`: lazy.NewStd(lazy.OverAxes(1), 1),
		"var=1": lazy.NewVar(lazy.OverAll(), 1), `var{"over":"signal"}`: lazy.NewVar(lazy.OverSignal(), 0),
		"count_nan": lazy.NewCountNaN(lazy.OverAll()), "count_inf": lazy.NewCountInf(lazy.OverAll()),
		`count_zero{"over":"0"}`:                            lazy.NewCountZero(lazy.OverAxes(0)),
		"histogram=7,-10,10.5":                              lazy.NewHistogram(lazy.OverAll(), 7, -10, 10.5),
		`histogram{"bins":3,"hi":4,"lo":0,"over":"signal"}`: lazy.NewHistogram(lazy.OverSignal(), 3, 0, 4),
		"masks=disk(2,2.5,2) ring(2,2,1,inf) smooth_disk(3,3,2) smooth_ring(3,3,1,2) rect(0,1,5,4) box(0,0,2,2) point(1, 2) " + path: lazy.NewMasks(
			lazy.Disk(2, 2.5, 2), lazy.Ring(2, 2, 1, inf), lazy.SmoothDisk(3, 3, 2), lazy.SmoothRing(3, 3, 1, 2), lazy.Rect(0, 1, 5, 4),
			lazy.Box([]int64{0, 0}, []int64{2, 2}), lazy.Point(1, 2), fromFile),
		// an error: frames have two axes
		"masks=interval(1,4)":  lazy.NewMasks(lazy.Interval(1, 4)),
		"center_of_mass":       lazy.NewCenterOfMass(lazy.CenterOfMass{}),
		"center_of_mass=2,2.5": lazy.NewCenterOfMass(lazy.CenterOfMass{Center: []float64{2, 2.5}}),
		`center_of_mass{"flip_y":true,"inner_radius":1,"radius":3,"regression":"mean","scan_rotation":30}`: lazy.NewCenterOfMass(
			lazy.CenterOfMass{Radius: 3, InnerRadius: 1, ScanRotation: 30, FlipY: true, Regression: lazy.SubtractMean}),
		`center_of_mass{"absolute":true}`:       lazy.NewCenterOfMass(lazy.CenterOfMass{Absolute: true}),
		`center_of_mass{"regression":"linear"}`: lazy.NewCenterOfMass(lazy.CenterOfMass{Regression: lazy.SubtractLinear}),
		"radial_profile=2,2.5":                  lazy.NewRadialProfile(2, 2.5, 0), "radial_profile=3,3,2": lazy.NewRadialProfile(3, 3, 2),
		"radial_sum=3,2,4": lazy.NewRadialSum(3, 2, 4),
	}
	tested := make(map[string]bool)
	for s, direct := range tests {
		op := must(Parse(s))(t)
		tested[op.Name] = true
		r := must(op.Reducer())(t)
		if r.String() != direct.String() {
			t.Errorf("%s is %s", s, r)
		}
		for _, dtype := range dtypes {
			a := sample(t, dtype)
			got, err := lazy.Run(t.Context(), a, r)
			want, wantErr := lazy.Run(t.Context(), a, direct)
			if (err != nil) != (wantErr != nil) {
				t.Errorf("%s of %s: error %v, and of package lazy %v", s, dtype, err, wantErr)
			} else if err == nil && !got[0].Equal(want[0]) {
				t.Errorf("%s of %s: %v, and of package lazy %v", s, dtype, got[0], want[0])
			}
		}
	}
	for _, name := range ReducerNames() {
		if !tested[name] && !strings.HasPrefix(name, "test/") {
			t.Errorf("%s is not tested", name)
		}
	}
}

func TestWithOver(t *testing.T) {
	for _, test := range [][3]string{
		{"sum", "signal", `sum{"over":"signal"}`},
		{"sum", " nav ", `sum{"over":"navigation"}`},
		{`sum{"over":"signal"}`, "all", "sum"},
		{"histogram=3,0,1", "0, -1", `histogram{"bins":3,"hi":1,"lo":0,"over":"0,-1"}`},
		{"std=1", "sig", `std{"ddof":1,"over":"signal"}`},
	} {
		op := must(must(Parse(test[0]))(t).WithOver(test[1]))(t)
		if op.String() != test[2] {
			t.Errorf("%s over %q is %s, not %s", test[0], test[1], op, test[2])
		}
	}
	for _, test := range [][3]string{
		{"center_of_mass", "signal", "no parameter over"},
		{"sqrt", "signal", "no parameter over"},
		{"sum", "rows", "rows"},
	} {
		if _, err := must(Parse(test[0]))(t).WithOver(test[1]); err == nil || !strings.Contains(err.Error(), test[2]) {
			t.Errorf("%s over %q: %v", test[0], test[1], err)
		}
	}
}

// TestAllOfPackageLazy finds the element-wise functions of package lazy in its source, and each of
// them here.
func TestAllOfPackageLazy(t *testing.T) {
	files, err := filepath.Glob("../lazy/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	found := 0
	for _, file := range files {
		f := must(parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution))(t)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || strings.HasSuffix(file, "_test.go") || !elementwise(fn.Type) {
				continue
			}
			found++
			if name := numpyName(fn.Name.Name); !slices.Contains(MapNames(), name) {
				t.Errorf("lazy.%s is not registered as %s", fn.Name.Name, name)
			}
		}
	}
	if want := len(unaryMaps()) + len(binaryMaps()); found != want {
		t.Errorf("%d functions found, %d registered", found, want)
	}
}

// elementwise reports whether all parameters of a function are of one of the types *Array and
// Operand, not variadic, and there are two results.
func elementwise(f *ast.FuncType) bool {
	if len(f.Params.List) != 1 || f.Results == nil || len(f.Results.List) != 2 || f.TypeParams != nil {
		return false
	}
	kind := func(e ast.Expr) string {
		if star, ok := e.(*ast.StarExpr); ok {
			e = star.X
		}
		if id, ok := e.(*ast.Ident); ok {
			return id.Name
		}
		return ""
	}
	in := kind(f.Params.List[0].Type)
	return (in == "Array" || in == "Operand") && kind(f.Results.List[0].Type) == "Array"
}

func numpyName(name string) string {
	if strings.HasPrefix(name, "Is") {
		return strings.ToLower(name)
	}
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func TestDescribe(t *testing.T) {
	list := Describe()
	if len(list) != len(MapNames())+len(ReducerNames()) {
		t.Errorf("%d descriptions of %d operations", len(list), len(MapNames())+len(ReducerNames()))
	}
	for _, d := range list {
		// registered by tests
		if strings.HasPrefix(d.Name, "test/") || strings.HasPrefix(d.Name, "test.") {
			continue
		}
		op, err := Parse(d.Example)
		if err != nil {
			t.Errorf("example of %s: %v", d.Name, err)
			continue
		}
		if op.Name != d.Name || string(op.Params) != d.Params {
			t.Errorf("the example of %s is %s, and its parameters %s", d.Name, op, d.Params)
		}
		if d.Text == "" || strings.ContainsAny(d.Text, "\n.") {
			t.Errorf("%s: text %q", d.Name, d.Text)
		}
		if d.Kind == ReducerKind {
			must(op.Reducer())(t)
		}
	}
	if !slices.IsSorted(MapNames()) || !slices.IsSorted(ReducerNames()) {
		t.Error("names are not sorted")
	}
}
